/**
 * The Markdown that language models write, as nodes. In: text that nobody trusts. Out: a fragment
 * of elements from a fixed list; HTML in it stays text, images become links, and only http, https
 * and mailto are followed. Blocks here, what stands inside a line in markdown_inline.js.
 */

import { el } from "./dom.js";
import { inline } from "./markdown_inline.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;
const DEEPEST = 12; // levels of lists and quotes; hostile text goes no deeper

/**
 * @param {string} text
 * @param {import("./markdown_inline.js").TextHook} [hook] makes nodes of plain text
 * @returns {DocumentFragment}
 */
export function markdown(text, hook) {
  const fragment = document.createDocumentFragment();
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  fragment.append(...blocks(lines, hook, 0));
  return fragment;
}

/**
 * @param {string[]} lines
 * @param {import("./markdown_inline.js").TextHook | undefined} hook
 * @param {number} depth
 * @returns {Node[]}
 */
function blocks(lines, hook, depth) {
  if (depth > DEEPEST) return [el("p", {}, lines.join("\n"))];
  const nodes = [];
  for (let at = 0; at < lines.length; ) {
    if (!lines[at].trim()) {
      at += 1;
      continue;
    }
    const [node, next] = block(lines, at, hook, depth);
    nodes.push(node);
    at = next;
  }
  return nodes;
}

/**
 * One block and the line after it.
 * @param {string[]} lines
 * @param {number} at
 * @param {import("./markdown_inline.js").TextHook | undefined} hook
 * @param {number} depth
 * @returns {[Node, number]}
 */
function block(lines, at, hook, depth) {
  const line = lines[at];
  if (FENCE.test(line)) return code(lines, at);
  const heading = HEADING.exec(line);
  if (heading) {
    // The page has its own headings: those of an answer begin below them.
    const tag = heading[1].length < 3 ? "h3" : "h4";
    return [el(tag, {}, inline(heading[2], hook)), at + 1];
  }
  if (RULE.test(line)) return [el("hr"), at + 1];
  if (QUOTE.test(line)) {
    const end = run(lines, at, (text) => QUOTE.test(text));
    const inner = lines.slice(at, end).map((text) => text.replace(QUOTE, ""));
    return [el("blockquote", {}, blocks(inner, hook, depth + 1)), end];
  }
  if (ITEM.test(line)) return list(lines, at, hook, depth);
  if (startsTable(lines, at)) return table(lines, at, hook);
  const end = run(lines, at + 1, (text, index) => !startsBlock(lines, index) && text.trim() !== "");
  return [el("p", {}, inline(lines.slice(at, end).join("\n"), hook)), end];
}

/**
 * The first line from `at` that does not hold.
 * @param {string[]} lines
 * @param {number} at
 * @param {(line: string, index: number) => boolean} holds
 */
function run(lines, at, holds) {
  while (at < lines.length && holds(lines[at], at)) at += 1;
  return at;
}

/** @param {string[]} lines @param {number} at */
function startsBlock(lines, at) {
  const line = lines[at];
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((p) => p.test(line)) || startsTable(lines, at);
}

/** @param {string[]} lines @param {number} at @returns {[Node, number]} */
function code(lines, at) {
  const [, fence, language] = /** @type {RegExpExecArray} */ (FENCE.exec(lines[at]));
  const close = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}\\s*$`);
  const end = run(lines, at + 1, (text) => !close.test(text));
  const body = el("code", {}, lines.slice(at + 1, end).join("\n"));
  const label = language ? `Code, ${language}` : "Code";
  return [el("pre", { tabindex: "0", role: "group", "aria-label": label }, body), end + 1];
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {import("./markdown_inline.js").TextHook | undefined} hook
 * @param {number} depth
 * @returns {[Node, number]}
 */
function list(lines, at, hook, depth) {
  const first = /** @type {RegExpExecArray} */ (ITEM.exec(lines[at]));
  const indent = first[1].length;
  const ordered = /\d/.test(first[2]);
  const items = [];
  while (at < lines.length) {
    const item = ITEM.exec(lines[at]);
    if (!item || item[1].length > indent + 1 || /\d/.test(item[2]) !== ordered) break;
    const end = run(lines, at + 1, (text, index) => belongs(lines, index, indent));
    const rest = lines.slice(at + 1, end).map((text) => text.replace(/^ {1,4}|^\t/, ""));
    items.push(el("li", {}, tight([item[3], ...rest], hook, depth)));
    at = run(lines, end, (text, index) => !text.trim() && ITEM.test(lines[index + 1] ?? ""));
  }
  const start = ordered ? Number.parseInt(first[2], 10) : 1;
  return [el(ordered ? "ol" : "ul", { start: start !== 1 && start }, items), at];
}

/**
 * Whether a line goes on with an item: it is indented deeper, or text right below it.
 * @param {string[]} lines
 * @param {number} at
 * @param {number} indent
 */
function belongs(lines, at, indent) {
  const line = lines[at];
  if (!line.trim()) return /^\s/.test(lines[at + 1] ?? "") && indentOf(lines[at + 1]) > indent;
  if (indentOf(line) > indent + 1) return true;
  return !startsBlock(lines, at) && lines[at - 1].trim() !== "";
}

/** @param {string} line */
const indentOf = (line) => line.length - line.trimStart().length;

/**
 * An item of one paragraph stands without the paragraph.
 * @param {string[]} lines
 * @param {import("./markdown_inline.js").TextHook | undefined} hook
 * @param {number} depth
 */
function tight(lines, hook, depth) {
  const nodes = blocks(lines, hook, depth + 1);
  const [head, ...rest] = nodes;
  if (!(head instanceof HTMLParagraphElement)) return nodes;
  return [...head.childNodes, ...rest];
}

/** @param {string[]} lines @param {number} at */
function startsTable(lines, at) {
  const next = lines[at + 1];
  return lines[at].includes("|") && next !== undefined && next.includes("-") && DIVIDER.test(next);
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {import("./markdown_inline.js").TextHook | undefined} hook
 * @returns {[Node, number]}
 */
function table(lines, at, hook) {
  const end = run(lines, at + 2, (text) => text.includes("|"));
  const head = cells(lines[at]);
  const body = lines.slice(at + 2, end).map((line) => {
    const row = cells(line);
    return el("tr", {}, head.map((_, column) => el("td", {}, inline(row[column] ?? "", hook))));
  });
  const heads = head.map((text) => el("th", { scope: "col" }, inline(text, hook)));
  const all = el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, body));
  const props = { tabindex: "0", role: "group", "aria-label": "Table" };
  return [el("div.table", props, all), end];
}

/** @param {string} line */
function cells(line) {
  const inner = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}
