/**
 * Answers with their citations. In: the text, with markers such as [1], and what they stand for.
 * Out: nodes in which a marker is a button and the quoted words are marked.
 */

import { drawn, el } from "./dom.js";
import { codePoints, crumbs, fileName, percent } from "./format.js";
import { markdown } from "./markdown.js";

/** @typedef {import("./types.js").Citation} Citation */
/** @typedef {import("./types.js").Passage} Passage */
/** @typedef {(citation: Citation, opener: HTMLElement) => void} Opener */

const MARKER = /\[(\d{1,3})\]/g;

/**
 * @param {string} text
 * @param {Citation[]} citations
 * @param {Opener} open
 * @returns {Node[]}
 */
export function cited(text, citations, open) {
  const disputed = citations.filter((citation) => citation.disputed);
  if (disputed.length > 1) return statements(text, disputed, open);
  const found = pieces(text, citations);
  if (found) return [el("p", {}, found.flatMap((piece) => nodesOf(piece, citations, open)))];
  const hook = (/** @type {string} */ plain) => withMarkers(plain, citations, open);
  return [markdown(text, hook)];
}

/** @typedef {{ text: string, citation: Citation | null }} Piece */

/**
 * Cuts the text where it repeats a document's words: those are shown letter by letter, never as
 * Markdown. Null where it repeats none, as a model's own words do.
 * @param {string} text
 * @param {Citation[]} citations
 * @returns {Piece[] | null}
 */
function pieces(text, citations) {
  /** @type {Piece[]} */
  const found = [];
  let from = 0;
  for (const citation of citations) {
    const at = citation.wording ? text.indexOf(citation.wording, from) : -1;
    if (at < 0) continue;
    if (at > from) found.push({ text: text.slice(from, at), citation: null });
    found.push({ text: citation.wording, citation });
    from = at + citation.wording.length;
  }
  if (!found.length) return null;
  return [...found, { text: text.slice(from), citation: null }];
}

/**
 * @param {Piece} piece
 * @param {Citation[]} citations
 * @param {Opener} open
 */
function nodesOf({ text, citation }, citations, open) {
  return citation ? worded(citation) : withMarkers(text, citations, open);
}

/** A wording with its quote marked. @param {Citation} citation @returns {Node[]} */
function worded({ wording, wording_start: a, wording_end: b }) {
  return [
    document.createTextNode(codePoints(wording, 0, a)),
    el("mark.quoted", {}, codePoints(wording, a, b)),
    document.createTextNode(codePoints(wording, b)),
  ];
}

/**
 * Documents that say different things, each by itself.
 * @param {string} text
 * @param {Citation[]} disputed
 * @param {Opener} open
 */
function statements(text, disputed, open) {
  const before = text.slice(0, Math.max(0, text.indexOf(disputed[0].wording))).trim();
  const rows = disputed.map((citation) => el("li", {}, worded(citation), " ", chip(citation, open)));
  return [
    el("p.disagree", {}, drawn("warning"), before || "The documents disagree."),
    el("ul.statements", {}, rows),
  ];
}

/**
 * @param {string} text
 * @param {Citation[]} citations
 * @param {Opener} open
 * @returns {Node[]}
 */
function withMarkers(text, citations, open) {
  /** @type {Node[]} */
  const nodes = [];
  let from = 0;
  for (const marker of text.matchAll(MARKER)) {
    const citation = citations.find(({ number }) => number === Number(marker[1]));
    if (!citation) continue; // a number that stands for nothing stays text
    nodes.push(document.createTextNode(text.slice(from, marker.index)), chip(citation, open));
    from = marker.index + marker[0].length;
  }
  nodes.push(document.createTextNode(text.slice(from)));
  return nodes;
}

/** @param {Citation} citation @param {Opener} open */
function chip(citation, open) {
  const where = `${citation.document}${citation.heading && `, ${crumbs(citation.heading)}`}`;
  const node = el(
    "button.chip",
    {
      type: "button",
      title: where,
      "aria-label": `Source ${citation.number}: ${where}`,
      dataset: { citation: citation.number },
      onclick: () => open(citation, node),
    },
    citation.number,
  );
  return node;
}

/**
 * The list of sources below an answer.
 * @param {Citation[]} citations
 * @param {Opener} open
 */
export function sourceList(citations, open) {
  const rows = citations.map((citation) => {
    const props = { type: "button", onclick: () => open(citation, button) };
    const button = el(
      "button.source-row",
      props,
      el("span.number", { "aria-hidden": "true" }, citation.number),
      place(citation),
      // What another server wrote is proven to be quoted; whether it answers, nobody has weighed.
      citation.score !== null &&
        el("span.sure", { title: "How probable it is that the marked words answer the question" },
          `${percent(citation.score)} sure`),
    );
    return el("li", {}, button);
  });
  return el("ol.source-list", { "aria-label": "Sources" }, rows);
}

/**
 * The passages that were read, each a button.
 * @param {Passage[]} passages
 * @param {(passage: Passage, opener: HTMLElement) => void} open
 */
export function passageList(passages, open) {
  const rows = passages.map((passage) => {
    const props = { type: "button", onclick: () => open(passage, button) };
    const snippet = el("span.snippet", {}, glance(passage.text));
    const button = el("button.passage-row", props, place(passage), snippet);
    return el("li", {}, button);
  });
  return el("ol.passage-list", {}, rows);
}

/** Text to be glanced at: on one line, without the marks of tables and headings. @param {string} text */
function glance(text) {
  const kept = text.split("\n").filter((line) => !/^[\s|:=-]+$/.test(line));
  const words = kept.map((line) => line.replace(/^\s*#{1,6} /, "").replace(/^\s*\||\|\s*$/g, ""));
  return words.join(" ").replace(/\s+\|\s+/g, " · ").replace(/\s+/g, " ").trim();
}

/** @param {Citation | Passage} where */
function place({ document: path, title, heading }) {
  const name = title || fileName(path);
  // The first heading mostly repeats the title.
  const below = crumbs(heading).split(" › ").filter((part, at) => at > 0 || part !== name);
  return el(
    "span.place",
    {},
    el("span.place-name", {}, [name, ...below].join(" › ")),
    el("span.place-path", {}, path),
  );
}
