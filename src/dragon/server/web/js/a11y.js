/** What screen readers hear, where the focus goes, and which keys do what. */

import { byId } from "./dom.js";

/**
 * Says something once, without moving the focus.
 * @param {string} text
 */
export function announce(text) {
  const region = byId("announcer");
  region.textContent = "";
  // A live region speaks when it changes: the same words twice need a gap between them.
  setTimeout(() => {
    region.textContent = text;
  }, 60);
}

/** Whether the page is as narrow as a phone; the same figure as in layout.css. */
export const isNarrow = () => matchMedia("(max-width: 52rem)").matches;

/**
 * Keeps Tab inside a node that covers the rest.
 * @param {HTMLElement} node
 * @param {() => boolean} active
 */
export function trapFocus(node, active) {
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || !active()) return;
    const stops = focusable(node);
    const first = stops[0];
    const last = stops[stops.length - 1];
    const edge = event.shiftKey ? first : last;
    if (document.activeElement !== edge || !first) return;
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  });
}

/** @param {HTMLElement} node @returns {HTMLElement[]} */
function focusable(node) {
  const all = node.querySelectorAll("a[href], button:not(:disabled), input, select, textarea");
  return /** @type {HTMLElement[]} */ ([...all]).filter((item) => item.getClientRects().length);
}

/** @typedef {{ search: () => void, escape: () => void }} Shortcuts */

/** "/" and Ctrl+K search; Escape stops or closes the topmost thing. @param {Shortcuts} act */
export function startShortcuts(act) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return; // it has keys of its own
    const chord = event.ctrlKey || event.metaKey;
    const slash = event.key === "/" && !chord && !event.altKey && !isTyping(event.target);
    if (slash || (chord && event.key.toLowerCase() === "k")) {
      event.preventDefault();
      act.search();
    } else if (event.key === "Escape") {
      act.escape();
    }
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof Element && target.closest("input, textarea, select") !== null;
}
