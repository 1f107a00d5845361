// From here the page draws itself, once at first and again at each choice.

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
  state.layer = data.maps.length - 1;
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
