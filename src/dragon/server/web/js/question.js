/** A question as it was asked, which can be changed and asked anew. */

import { copyButton } from "./copy.js";
import { el, iconButton } from "./dom.js";

/**
 * @param {string} content
 * @param {(changed: string) => void} ask
 */
export function question(content, ask) {
  const text = el("p.bubble", {}, content);
  const edit = iconButton("edit", "Change the question", () => startEditing());
  const bar = el("div.actions", {}, copyButton("Copy the question", () => content), edit);
  const node = el("article.question", { "aria-label": "Question" }, text, bar);

  function startEditing() {
    const area = el("textarea.field", { rows: 2, "aria-label": "The question", value: content });
    const cancel = el("button.button", { type: "button", onclick: stop }, "Cancel");
    const send = el("button.button.primary", { type: "submit" }, "Ask");
    const note = el("span.small.muted", {}, "What follows it is replaced.");
    const row = el("div.edit-actions", {}, note, cancel, send);
    const form = el("form.edit", {}, area, row);
    const submit = () => {
      const changed = area.value.trim();
      stop();
      if (changed) ask(changed);
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    area.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape") stop();
      else if (event.key === "Enter" && !event.shiftKey) submit();
      else return;
      event.preventDefault();
    });
    node.replaceChildren(form);
    area.focus();
    area.setSelectionRange(content.length, content.length);
  }

  function stop() {
    node.replaceChildren(text, bar);
    edit.focus();
  }
  return node;
}
