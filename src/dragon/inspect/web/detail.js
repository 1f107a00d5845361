// What is known about the chosen token: next words, copies, scores, and where it looks.

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
    if (data.gist && data.gist[i]) list.append(make("dt", "", "in the question"), make("dd", "", `${percent(data.gist[i])} of what is asked`));
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
  box.append(make("h3", "", `It looks at (${nameOf(state.layer, state.head)})`), bars(strongest(row, 5)));
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
