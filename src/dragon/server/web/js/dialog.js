/** Questions that need an answer before anything goes on, as native dialogs. */

import { el } from "./dom.js";

/**
 * Asks for one line of text.
 * @param {{ title: string, text?: string, label: string, value?: string, action: string,
 *   secret?: boolean }} options
 * @returns {Promise<string | null>} null where it was cancelled
 */
export function askText({ title, text, label, value = "", action, secret = false }) {
  const type = secret ? "password" : "text";
  const input = el("input.field", { type, value, required: true, autocomplete: "off" });
  const field = el("label", {}, el("span.small.muted", {}, label), input);
  return show(title, text, field, action, () => input.value.trim());
}

/**
 * @param {{ title: string, text: string, action: string }} options
 * @returns {Promise<boolean>}
 */
export async function confirmed({ title, text, action }) {
  return (await show(title, text, null, action, () => "yes", true)) === "yes";
}

/**
 * @param {string} title
 * @param {string | undefined} text
 * @param {HTMLElement | null} field
 * @param {string} action
 * @param {() => string} value
 * @param {boolean} danger
 * @returns {Promise<string | null>}
 */
function show(title, text, field, action, value, danger = false) {
  const cancel = el("button.button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const spec = danger ? "button.button.danger" : "button.button.primary";
  const accept = el(/** @type {"button"} */ (spec), { type: "submit" }, action);
  const form = el(
    "form",
    {},
    el("h2", { id: "dialog-title" }, title),
    text && el("p.muted", {}, text),
    field,
    el("div.dialog-actions", {}, cancel, accept),
  );
  const dialog = el("dialog.dialog", { "aria-labelledby": "dialog-title" }, form);
  return new Promise((resolve) => {
    /** @type {string | null} */
    let result = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      result = value() || null;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
    field?.querySelector("input")?.select();
  });
}
