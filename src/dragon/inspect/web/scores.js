// A reader's scores: where the answer begins and ends.

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
