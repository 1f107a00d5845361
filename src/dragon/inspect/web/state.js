// What every part of the page reads: the data, what is chosen, and small helpers.

// The page's state is a token, a layer and a head; every part draws itself from these three. The
// attentions of a recurrent reader head count as one more layer.
const data = JSON.parse(document.getElementById("data").textContent);
const size = data.tokens.length;
const reading = data.kind === "reading";
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const maps = data.attention.map(bytes);
const copies = data.pointer ? bytes(data.pointer.weights[0]) : null;
const state = { token: 0, layer: 0, head: 0, mode: "" };
const $ = (id) => document.getElementById(id);

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

const percent = (share) => (share >= 0.0995 ? Math.round(share * 100) + "%" : share >= 0.0005 ? (share * 100).toFixed(1) + "%" : "<0.1%");
const visibleText = (text) => text.replace(/\n/g, "⏎").replace(/\t/g, "⇥");
const shown = (i) => visibleText(data.tokens[i].text).trim() || "␣";
const nameOf = (layer, head) => `${data.maps[layer].title.toLowerCase()}, ${data.maps[layer].names[head]}`;
const weight = (layer, head, row, column) => maps[layer][(head * size + row) * size + column] / 255;
