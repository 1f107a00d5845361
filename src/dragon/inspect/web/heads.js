// The attention maps: all heads small, the chosen one large.

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
  data.maps.forEach(({ title, names, says }, layer) => {
    const group = box.appendChild(make("div", says ? "layer told" : "layer"));
    if (!(says && data.maps.length === 1)) group.append(make("h3", "", title));
    const row = group.appendChild(make("div", "row"));
    names.forEach((name, head) => {
      const button = make("button");
      button.type = "button";
      button.append(make("canvas"), make("span", "", says ? name : habit(layer, head) || name));
      if (says) button.append(make("small", "", says[head]));
      button.setAttribute("aria-label", `${title}, ${name}`);
      button.addEventListener("click", () => choose({ layer, head }));
      row.append(button);
      heads.push({ button, layer, head });
    });
  });
  if (data.maps[0].says) $("heads-head").textContent = "What the reader head looks at";
}

const heads = [];
const eachHead = (act) => heads.forEach(({ button, layer, head }) => act(button, layer, head));

function drawColours() {
  paper = channels("--surface");
  ink = channels("--accent");
  eachHead((node, layer, head) => paint(node.firstChild, layer, head));
  drawMap();
}

function drawMap() {
  $("map-head").textContent = `Attention: ${nameOf(state.layer, state.head)}`;
  const known = habit(state.layer, state.head), { says } = data.maps[state.layer];
  if (says) $("map-says").textContent = says[state.head];
  else $("map-says").textContent = known ? `This head looks mostly at one place: ${known}.` : "This head looks at different places in different rows.";
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
