/**
 * Builds nodes. In: a tag with classes, properties, children. Out: an element.
 * Text only ever becomes text nodes; nothing here, or anywhere else, parses a string as HTML.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K | `${K}.${string}`} spec tag and classes: "button.icon-button.compact"
 * @param {Record<string, unknown>} [props] "on..." are listeners, "dataset" an object, the rest
 *   attributes; true is an empty attribute, false, null and undefined leave it out
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = /** @type {HTMLElementTagNameMap[K]} */ (document.createElement(tag));
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(props)) set(node, name, value);
  append(node, ...children);
  return node;
}

/**
 * @param {HTMLElement} node
 * @param {string} name
 * @param {unknown} value
 */
function set(node, name, value) {
  if (value === false || value === null || value === undefined) return;
  if (typeof value === "function" && name.startsWith("on")) {
    node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
  } else if (name === "dataset") {
    Object.assign(node.dataset, value);
  } else if (name === "value" || name === "checked") {
    Object.assign(node, { [name]: value });
  } else {
    node.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * @param {ParentNode} parent
 * @param {...(Child | Child[])} children
 */
export function append(parent, ...children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Replaces everything in a node.
 * @param {ParentNode} parent
 * @param {...(Child | Child[])} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, ...children);
}

/**
 * The element with an id; our own page without it is a mistake of ours.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no #${id}`);
  return node;
}

/**
 * @param {string} icon name in the sprite of index.html
 * @param {string} label what a screen reader says and a pointer shows
 * @param {(event: MouseEvent) => void} onclick
 * @param {Record<string, unknown>} [props]
 */
export function iconButton(icon, label, onclick, props = {}) {
  const all = { type: "button", "aria-label": label, title: label, onclick, ...props };
  return el("button.icon-button.compact", all, drawn(icon));
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * Draws an icon of the sprite in index.html.
 * @param {string} name
 * @returns {SVGElement}
 */
export function drawn(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}
