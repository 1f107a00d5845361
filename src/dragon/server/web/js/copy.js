/** A button that copies text and says that it has. */

import { announce } from "./a11y.js";
import { drawn, el, fill, iconButton } from "./dom.js";

const SHOWN_MS = 1600;

/**
 * @param {string} label
 * @param {() => string} text
 * @param {string} [shown] a label that everybody sees
 */
export function copyButton(label, text, shown = "") {
  const onclick = async () => {
    const copied = await copy(text());
    fill(button, drawn(copied ? "check" : "close"), shown);
    announce(copied ? "Copied." : "The browser did not allow copying.");
    setTimeout(() => fill(button, drawn("copy"), shown), SHOWN_MS);
  };
  const button = shown
    ? el("button.button", { type: "button", onclick }, drawn("copy"), shown)
    : iconButton("copy", label, onclick);
  return button;
}

/** @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/**
 * The clipboard API exists in secure contexts alone, and a server on the local network without TLS
 * is none.
 * @param {string} text
 */
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}
