/** Loss over steps as a small drawing; numbers for those who cannot see it. */

import { el } from "./dom.js";

/** @typedef {import("./types.js").Curve} Curve */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 120;

/**
 * @param {Curve} curve
 * @param {number} steps the width of the drawing
 */
export function lossCurve({ loss, validation }, steps) {
  const all = [...loss, ...validation].map(([, value]) => value);
  const top = Math.max(...all);
  const bottom = Math.min(0, ...all);
  const last = Math.max(steps, loss[loss.length - 1][0]);
  const place = (/** @type {[number, number]} */ [step, value]) =>
    `${((WIDTH * step) / last).toFixed(1)},${(HEIGHT - (HEIGHT * (value - bottom)) / (top - bottom || 1)).toFixed(1)}`;
  const svg = document.createElementNS(SVG, "svg");
  const [first, now] = [loss[0][1], loss[loss.length - 1][1]];
  const attributes = {
    class: "curve",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": `Loss from ${first.toFixed(2)} to ${now.toFixed(2)} in ${loss[loss.length - 1][0]} steps`,
  };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  svg.append(line("curve-loss", loss.map(place)));
  if (validation.length > 1) svg.append(line("curve-validation", validation.map(place)));
  return el(
    "figure.curve-figure",
    {},
    svg,
    el(
      "figcaption.small.muted",
      {},
      el("span.key-loss", {}, `loss while training, ${first.toFixed(2)} to ${now.toFixed(2)}`),
      validation.length > 1 && el("span.key-validation", {}, "on what is held out"),
      el("span.curve-steps", {}, `${last} steps`),
    ),
  );
}

/** @param {string} kind @param {string[]} points */
function line(kind, points) {
  const node = document.createElementNS(SVG, "polyline");
  node.setAttribute("class", kind);
  node.setAttribute("points", points.join(" "));
  return node;
}
