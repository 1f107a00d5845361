/** A line at the foot of the page that goes by itself; it may offer to take something back. */

import { byId, el } from "./dom.js";

const SHOWN_MS = 7000;

/**
 * @param {string} text
 * @param {{ undo?: () => void, gone?: () => void }} [options] `gone` runs unless it was undone
 * @returns {() => void} ends it at once
 */
export function toast(text, { undo, gone } = {}) {
  const end = () => {
    clearTimeout(timer);
    window.removeEventListener("pagehide", end);
    if (!node.isConnected) return;
    node.remove();
    gone?.();
  };
  const takeBack = () => {
    clearTimeout(timer);
    window.removeEventListener("pagehide", end);
    node.remove();
    undo?.();
  };
  const button = undo && el("button.button", { type: "button", onclick: takeBack }, "Undo");
  const node = el("div.toast", { role: "status" }, el("span", {}, text), button);
  const timer = setTimeout(end, SHOWN_MS);
  // What was deleted stays deleted when the page is closed before the line has gone.
  window.addEventListener("pagehide", end);
  byId("toasts").append(node);
  return end;
}
