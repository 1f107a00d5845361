/** What stands inside a line of Markdown: code, emphasis, links. In: text. Out: nodes. */

import { el } from "./dom.js";

/** @typedef {(text: string) => Node[]} TextHook makes nodes of text without marks */

const SAFE = /^(?:https?:|mailto:)/i;
const DEEPEST = 8;

/** @type {{ pattern: RegExp, build: (m: RegExpExecArray, hook: TextHook, depth: number) => Node[] }[]} */
const RULES = [
  { pattern: /\\([\\`*_{}[\]()#+\-.!|>~<])/y, build: (m, hook) => hook(m[1]) },
  { pattern: /(`+)(?!`)([^]*?[^`])\1(?!`)/y, build: (m) => [el("code", {}, trimmed(m[2]))] },
  {
    pattern: /!?\[([^\]\n]*)\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"\n]*")?\s*\)/y,
    build: (m, hook, depth) => link(m[2], m[1] || m[2], hook, depth),
  },
  { pattern: /<((?:https?:\/\/|mailto:)[^\s<>]+)>/y, build: (m, hook) => link(m[1], m[1], hook, DEEPEST) },
  { pattern: /https?:\/\/[^\s<>"'`)\]]*[^\s<>"'`)\].,;:!?]/y, build: (m, hook) => link(m[0], m[0], hook, DEEPEST) },
  {
    pattern: /(\*\*|__)(?=\S)([^]*?\S)\1/y,
    build: (m, hook, depth) => [el("strong", {}, parse(m[2], hook, depth))],
  },
  {
    pattern: /(?:\*(?=[^\s*])([^*]*[^\s*])\*|(?<![\p{L}\p{N}])_(?=[^\s_])([^_]*[^\s_])_(?![\p{L}\p{N}]))/uy,
    build: (m, hook, depth) => [el("em", {}, parse(m[1] ?? m[2], hook, depth))],
  },
  { pattern: /~~(?=\S)([^]*?\S)~~/y, build: (m, hook, depth) => [el("s", {}, parse(m[1], hook, depth))] },
  { pattern: / {2,}\n|\\\n|\n/y, build: () => [el("br")] },
];
// Where one of the rules could begin; everything before it is plain.
const STARTS = /[\\`![<*_~\n]| {2,}\n|https?:\/\//g;

/** @type {TextHook} */
const plain = (text) => [document.createTextNode(text)];

/**
 * @param {string} text
 * @param {TextHook} [hook]
 * @returns {Node[]}
 */
export function inline(text, hook = plain) {
  return parse(text, hook, 0);
}

/**
 * @param {string} text
 * @param {TextHook} hook
 * @param {number} depth
 * @returns {Node[]}
 */
function parse(text, hook, depth) {
  if (depth >= DEEPEST) return hook(text);
  const nodes = [];
  let from = 0; // where the plain text began that has not been handed out
  for (let at = start(text, 0); at < text.length; ) {
    const found = match(text, at);
    if (!found) {
      at = start(text, at + 1);
      continue;
    }
    if (at > from) nodes.push(...hook(text.slice(from, at)));
    nodes.push(...found.rule.build(found.match, hook, depth + 1));
    from = at + found.match[0].length;
    at = start(text, from);
  }
  if (from < text.length) nodes.push(...hook(text.slice(from)));
  return nodes;
}

/** @param {string} text @param {number} at */
function start(text, at) {
  STARTS.lastIndex = at;
  return STARTS.exec(text)?.index ?? text.length;
}

/** @param {string} text @param {number} at */
function match(text, at) {
  for (const rule of RULES) {
    rule.pattern.lastIndex = at;
    const match = rule.pattern.exec(text);
    if (match) return { rule, match };
  }
  return null;
}

/**
 * @param {string} address
 * @param {string} label
 * @param {TextHook} hook
 * @param {number} depth
 * @returns {Node[]}
 */
function link(address, label, hook, depth) {
  if (!SAFE.test(address)) return hook(label);
  const children = depth >= DEEPEST ? [label] : parse(label, plain, depth);
  const props = { href: address, title: address, target: "_blank", rel: "noopener noreferrer" };
  return [el("a", props, children)];
}

/** One space within code marks on both sides belongs to the marks. @param {string} text */
function trimmed(text) {
  return /^ .*\S.* $/.test(text) ? text.slice(1, -1) : text;
}
