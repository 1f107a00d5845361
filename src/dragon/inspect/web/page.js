"use strict";

// The page's state is a token, a layer and a head; every part draws itself from these three.
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
const weight = (layer, head, row, column) => maps[layer][(head * size + row) * size + column] / 255;

// What the colours of the tokens can show, and how strong each token's colour is.
const MODES = reading
  ? {
      answer: ["Answer", "How probable it is that the answer begins or ends at a token; the best answer is underlined.", (i) => Math.sqrt(Math.max(...data.scores[i])), "--warm"],
      attention: ["Attention", "Where the chosen token looks, in the chosen head. Choose both by clicking.", (i) => Math.sqrt(weight(state.layer, state.head, state.token, i)), "--heat"],
      match: ["Matches", "Tokens whose word stands on the other side too, stronger for rare words: the model is told this.", (i) => data.features[i].heat.match, "--heat"],
      coverage: ["Coverage", "The share of the question's words that a token's sentence covers.", (i) => data.features[i].heat.coverage * 0.8, "--heat"],
      distance: ["Distance", "How near the closest matching word stands.", (i) => data.features[i].heat.distance * 0.8, "--heat"],
    }
  : {
      surprise: ["Surprise", "How little a token was expected: an uncoloured one was certain, the strongest colour means one in a thousand or less.", (i) => (i ? Math.min(1, -Math.log10(Math.max(data.next[i - 1].came, 1e-9)) / 3) : 0), "--warm"],
      attention: ["Attention", "Where the chosen token looks, in the chosen head. Choose both by clicking.", (i) => Math.sqrt(weight(state.layer, state.head, state.token, i)), "--heat"],
    };
if (copies) MODES.copy = ["Copying", "What follows a strongly coloured token is copied rather than taken from the vocabulary.", (i) => 1 - data.pointer.gate[i], "--warm"];

function drawModes() {
  $("modes").replaceChildren(
    ...Object.entries(MODES).map(([name, [label]]) => {
      const button = make("button", "", label);
      button.type = "button";
      button.setAttribute("aria-pressed", name === state.mode);
      button.addEventListener("click", () => choose({ mode: name }));
      return button;
    }),
  );
  $("says").textContent = MODES[state.mode][1];
}

const answer = new Set(reading && data.spans.length && data.spans[0].margin > 0 ? data.spans[0].tokens : []);

function makeTokens() {
  $("tokens").replaceChildren(
    ...data.tokens.map((token, i) => {
      const node = make("button", "token" + (token.special ? " special" : "") + (answer.has(i) ? " answer" : ""), visibleText(token.text));
      node.type = "button";
      node.setAttribute("role", "option");
      node.addEventListener("click", () => choose({ token: i }));
      return node;
    }),
  );
}

function drawTokens() {
  const [, , strength, colour] = MODES[state.mode];
  [...$("tokens").children].forEach((node, i) => {
    const share = Math.round(Math.min(1, strength(i)) * 68);
    node.style.background = share ? `color-mix(in oklab, var(${colour}) ${share}%, transparent)` : "";
    node.setAttribute("aria-selected", i === state.token);
    node.tabIndex = i === state.token ? 0 : -1;
  });
}

function bars(rows) {
  const grid = make("div", "bars");
  for (const { what, share, came } of rows) {
    const label = make("span", "what" + (came ? " came" : ""), what);
    label.title = what;
    const bar = make("span", "bar" + (came ? " came" : ""));
    const fill = bar.appendChild(make("i"));
    fill.style.width = share * 100 + "%";
    grid.append(label, bar, make("span", "share", percent(share)));
  }
  return grid;
}

function strongest(row, count) {
  return row
    .map((share, i) => ({ what: `${shown(i)}`, share, i }))
    .sort((a, b) => b.share - a.share)
    .slice(0, count)
    .filter((entry) => entry.share > 0.004);
}

function drawDetail() {
  const box = $("detail"), i = state.token;
  box.replaceChildren();
  if (reading) {
    $("detail-head").textContent = `What is known about “${shown(i)}”`;
    const list = make("dl", "words");
    for (const [name, value] of Object.entries(data.features[i].words)) list.append(make("dt", "", name), make("dd", "", value));
    const [begins, ends] = data.scores[i];
    if (i === 0 || i >= data.textStart) list.append(make("dt", "", i ? "answer" : "no answer"), make("dd", "", `begins ${percent(begins)}, ends ${percent(ends)}`));
    box.append(list);
  } else {
    $("detail-head").textContent = `What comes after “${shown(i)}”?`;
    const { best, came, rank, place } = data.next[i];
    const note = make("p", "note");
    if (came === undefined) note.textContent = "Here the text ends; this is how the model would go on.";
    else {
      note.append(make("b", "", shown(i + 1)), rank === 1 ? ` came, and was expected most: ${percent(came)}.` : ` came: ${percent(came)}, the model's choice number ${rank.toLocaleString("en")}.`);
    }
    box.append(note);
    if (copies) box.append(...drawGate(i));
    const rows = best.map(([text, share], n) => ({ what: visibleText(text).trim() || "␣", share, came: n === place }));
    box.append(bars(rows.filter(({ share, came }, n) => n < 3 || came || share >= 0.001)));
  }
  const row = Array.from({ length: size }, (_, j) => weight(state.layer, state.head, i, j));
  box.append(make("h3", "", `It looks at (layer ${state.layer + 1}, head ${state.head + 1})`), bars(strongest(row, 5)));
  const column = Array.from({ length: size }, (_, j) => weight(state.layer, state.head, j, i));
  const from = strongest(column, 5);
  if (from.length) box.append(make("h3", "", "It is looked at from"), bars(from));
}

function drawGate(i) {
  const gate = data.pointer.gate[i], box = make("div", "gate");
  const left = make("span", "vocabulary", gate > 0.25 ? `vocabulary ${percent(gate)}` : "");
  left.style.width = gate * 100 + "%";
  box.append(left, make("span", "copies", gate < 0.75 ? `copies ${percent(1 - gate)}` : ""));
  const row = Array.from({ length: size }, (_, j) => copies[i * size + j] / 255);
  const parts = [box];
  if (gate < 0.9) parts.push(make("h3", "", "It would copy"), bars(strongest(row, 4)), make("h3", "", "Both together"));
  return parts;
}

// A map is one pixel a weight, scaled up by the browser; the square root shows faint looks too.
function channels(name) {
  const probe = document.body.appendChild(make("i"));
  probe.style.color = `var(${name})`;
  const rgb = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  probe.remove();
  return rgb;
}
let paper = [], ink = [];

function paint(canvas, layer, head) {
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d"), image = context.createImageData(size, size);
  const offset = head * size * size;
  for (let k = 0; k < size * size; k++) {
    const share = Math.sqrt(maps[layer][offset + k] / 255);
    for (let c = 0; c < 3; c++) image.data[4 * k + c] = paper[c] + (ink[c] - paper[c]) * share;
    image.data[4 * k + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// What a head does with most of its attention, if that can be said in two words.
function habit(layer, head) {
  const sums = { "token before": 0, "itself": 0, "first token": 0, "token after": 0 };
  let rows = 0;
  for (let i = 2; i < size; i++, rows++) {
    sums["token before"] += weight(layer, head, i, i - 1);
    sums["itself"] += weight(layer, head, i, i);
    sums["first token"] += weight(layer, head, i, 0);
    if (i + 1 < size) sums["token after"] += weight(layer, head, i, i + 1);
  }
  const [name, sum] = Object.entries(sums).sort((a, b) => b[1] - a[1])[0];
  return rows && sum / rows > 0.4 ? `${name} ${percent(sum / rows)}` : "";
}

function makeHeads() {
  const box = $("heads");
  for (let layer = 0; layer < data.layers; layer++) {
    const group = box.appendChild(make("div", "layer"));
    group.append(make("h3", "", `Layer ${layer + 1}`));
    const row = group.appendChild(make("div", "row"));
    for (let head = 0; head < data.heads; head++) {
      const button = make("button");
      button.type = "button";
      button.append(make("canvas"), make("span", "", habit(layer, head) || `head ${head + 1}`));
      button.setAttribute("aria-label", `Layer ${layer + 1}, head ${head + 1}`);
      button.addEventListener("click", () => choose({ layer, head }));
      row.append(button);
    }
  }
}

const eachHead = (act) => [...$("heads").querySelectorAll("button")].forEach((node, k) => act(node, Math.floor(k / data.heads), k % data.heads));

function drawColours() {
  paper = channels("--surface");
  ink = channels("--accent");
  eachHead((node, layer, head) => paint(node.firstChild, layer, head));
  drawMap();
}

function drawMap() {
  $("map-head").textContent = `Attention: layer ${state.layer + 1}, head ${state.head + 1}`;
  const known = habit(state.layer, state.head);
  $("map-says").textContent = known ? `This head looks mostly at one place: ${known}.` : "This head looks at different places in different rows.";
  const canvas = $("map");
  paint(canvas, state.layer, state.head);
  const context = canvas.getContext("2d");
  context.fillStyle = `rgb(${channels("--warm")})`;
  context.globalAlpha = 0.22;
  context.fillRect(0, state.token, size, 1);
  eachHead((node, layer, head) => node.setAttribute("aria-pressed", layer === state.layer && head === state.head));
}

function cell(event) {
  const box = $("map").getBoundingClientRect();
  const at = (x, edge, width) => Math.min(size - 1, Math.max(0, Math.floor(((x - edge) / width) * size)));
  return [at(event.clientY, box.top, box.height), at(event.clientX, box.left, box.width)];
}

function tell(event) {
  const [row, column] = cell(event), tip = $("tip");
  tip.textContent = `“${shown(row)}” looks at “${shown(column)}”: ${percent(weight(state.layer, state.head, row, column))}`;
  tip.hidden = false;
  tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + "px";
  tip.style.top = event.clientY + 16 + "px";
}

function svg(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

// Probabilities of the answer's first token stand above the line, of its last token below it.
function drawScores() {
  $("scores-card").hidden = false;
  const from = data.textStart, count = size - 1 - from, step = Math.max(9, Math.min(22, 1060 / count));
  const half = 62, middle = half + 20, width = count * step + 60;
  const tall = half / Math.max(0.05, ...data.scores.slice(from).flat());
  const image = svg("svg", { width, height: 2 * middle, viewBox: `0 0 ${width} ${2 * middle}` });
  image.append(svg("text", { x: 0, y: middle - half + 4 }, "begins"), svg("text", { x: 0, y: middle + half + 4 }, "ends"));
  for (let k = 0; k < count; k++) {
    const i = from + k, x = 56 + k * step, [start, end] = data.scores[i];
    const group = image.appendChild(svg("g", {}));
    if (answer.has(i)) group.append(svg("rect", { class: "chosen", x, y: 8, width: step, height: 2 * middle - 16 }));
    group.append(svg("rect", { class: "start", x: x + 1, y: middle - start * tall, width: step - 2, height: start * tall, rx: 1.5 }), svg("rect", { class: "end", x: x + 1, y: middle, width: step - 2, height: end * tall, rx: 1.5 }));
    const hit = group.appendChild(svg("rect", { class: "hit", x, y: 8, width: step, height: 2 * middle - 16 }));
    hit.append(svg("title", {}, `“${shown(i)}”: begins ${percent(start)}, ends ${percent(end)}`));
    hit.addEventListener("click", () => choose({ token: i }));
    if (Math.max(start, end) > 0.25) group.append(svg("text", { x: x + step / 2, y: end > start ? middle + end * tall + 12 : middle - start * tall - 4, "text-anchor": "middle" }, shown(i)));
  }
  image.append(svg("line", { class: "axis", x1: 52, x2: width, y1: middle, y2: middle }));
  $("scores").append(image);
  const rows = data.spans.map((span) => ({ what: span.text, share: span.share, at: span.tokens[0] }));
  for (const { what, share, at } of [...rows, { what: "No answer in this passage", share: data.noAnswer, at: 0 }]) {
    const button = make("button"), bar = make("span", "bar");
    button.type = "button";
    bar.appendChild(make("i")).style.width = share * 100 + "%";
    button.append(make("span", "what", what), bar, make("span", "share", percent(share)));
    button.addEventListener("click", () => choose({ token: at }));
    $("spans").appendChild(make("li")).append(button);
  }
}

function choose(change) {
  Object.assign(state, change);
  if (("layer" in change || "head" in change) && state.mode !== "attention") state.mode = "attention";
  draw();
}

function draw() {
  drawModes();
  drawTokens();
  drawDetail();
  drawMap();
}

// The token after which came what was expected least: where a look is worth most.
function mostSurprised() {
  let best = size - 1;
  for (let i = 1; i < size - 1; i++) if (best === size - 1 || data.next[i].came < data.next[best].came) best = i;
  return best;
}

function start() {
  $("title").textContent = reading ? data.question : `“${data.text.length > 160 ? data.text.slice(0, 157).trim() + "…" : data.text.trim()}”`;
  $("facts").append(...[data.model, ...data.facts, `${size} tokens here`].map((fact) => make("li", "", fact)));
  state.mode = Object.keys(MODES)[0];
  state.token = reading ? (answer.size ? [...answer][0] : data.textStart) : mostSurprised();
  state.layer = data.layers - 1;
  makeTokens();
  makeHeads();
  if (reading) drawScores();
  paper = channels("--surface");
  ink = channels("--accent");
  draw();
  drawColours();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawColours);
  $("map").addEventListener("mousemove", tell);
  $("map").addEventListener("mouseleave", () => ($("tip").hidden = true));
  $("map").addEventListener("click", (event) => choose({ token: cell(event)[0] }));
  $("tokens").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose({ token: Math.min(size - 1, Math.max(0, state.token + step)) });
    $("tokens").children[state.token].focus();
  });
}

start();
