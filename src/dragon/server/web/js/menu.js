/** A small menu below a button: arrow keys move, Escape and a click elsewhere close it. */

import { drawn, el } from "./dom.js";

/** @typedef {{ icon: string, label: string, act: () => void, danger?: boolean }} Item */

/** @type {(() => void) | null} */
let closeOpen = null;

/**
 * @param {HTMLElement} button
 * @param {Item[]} items
 */
export function openMenu(button, items) {
  const wasOpen = button.getAttribute("aria-expanded") === "true";
  closeOpen?.();
  if (wasOpen) return;
  const menu = el("div.menu", { role: "menu" }, items.map((item) => row(item, close)));
  const outside = (/** @type {Event} */ event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) close();
  };
  function close(refocus = false) {
    closeOpen = null;
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    window.removeEventListener("resize", closeQuietly);
    if (refocus) button.focus();
  }
  const closeQuietly = () => close();
  closeOpen = closeQuietly;
  menu.addEventListener("keydown", (event) => move(event, menu, close));
  document.addEventListener("pointerdown", outside, true);
  window.addEventListener("resize", closeQuietly);
  button.setAttribute("aria-expanded", "true");
  document.body.append(menu);
  place(menu, button);
  /** @type {HTMLElement} */ (menu.firstElementChild).focus();
}

/**
 * @param {Item} item
 * @param {(refocus?: boolean) => void} close
 */
function row(item, close) {
  const onclick = () => {
    close(true);
    item.act();
  };
  const props = { type: "button", role: "menuitem", tabindex: "-1", onclick };
  const spec = item.danger ? "button.danger" : "button";
  return el(/** @type {"button"} */ (spec), props, drawn(item.icon), item.label);
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement} menu
 * @param {(refocus?: boolean) => void} close
 */
function move(event, menu, close) {
  const rows = /** @type {HTMLElement[]} */ ([...menu.children]);
  const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const steps = { ArrowDown: at + 1, ArrowUp: at - 1 + rows.length, Home: 0, End: rows.length - 1 };
  const next = steps[/** @type {keyof typeof steps} */ (event.key)];
  if (next !== undefined) rows[next % rows.length].focus();
  else if (event.key === "Escape" || event.key === "Tab") close(true);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/**
 * @param {HTMLElement} menu
 * @param {HTMLElement} button
 */
function place(menu, button) {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + 4 + height <= innerHeight;
  menu.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
  menu.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - height - 4)}px`;
}
