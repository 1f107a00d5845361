/** What can be done with an answer: copy it, ask again, say whether it was good. */

import * as api from "./api.js";
import { announce } from "./a11y.js";
import { copyButton } from "./copy.js";
import { el, iconButton } from "./dom.js";
import { problem } from "./notice.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {"up" | "down"} Rating */

/**
 * @param {import("./answer.js").Answer} answer
 * @param {Message} message
 */
export function actions(answer, message) {
  const again = iconButton("again", "Ask again", () => answer.host.regenerate());
  again.classList.add("again");
  const copy = copyButton("Copy the answer", () => withSources(answer));
  return el("div.actions", {}, copy, again, message.id && ratings(answer, message));
}

/** The answer as text, with its sources below. @param {import("./answer.js").Answer} answer */
function withSources({ text, citations }) {
  const lines = citations.map(
    ({ number, document, start, end, quote }) =>
      `[${number}] ${document}, characters ${start}-${end}: “${quote}”`,
  );
  return [text, ...(lines.length ? [""] : []), ...lines].join("\n");
}

/**
 * @param {import("./answer.js").Answer} answer
 * @param {Message} message
 */
function ratings(answer, message) {
  let rating = message.feedback?.rating ?? null;
  const up = iconButton("up", "Good answer", () => give("up"));
  const down = iconButton("down", "Bad answer", () => give("down"));
  const show = () => {
    up.setAttribute("aria-pressed", String(rating === "up"));
    down.setAttribute("aria-pressed", String(rating === "down"));
  };
  /** @param {Rating} wanted */
  async function give(wanted) {
    const before = rating;
    rating = rating === wanted ? null : wanted;
    show();
    answer.foot.querySelector(".comment")?.remove();
    try {
      await api.rate(message.id, rating);
      announce(rating ? "Thank you." : "Taken back.");
      if (rating === "down") answer.foot.append(comment(message.id));
    } catch (error) {
      rating = before;
      show();
      answer.foot.append(problem(error));
    }
  }
  show();
  return [up, down];
}

/** An optional word on what was wrong. @param {string} id of the message */
function comment(id) {
  const input = el("input.field", {
    type: "text",
    placeholder: "What was wrong? (optional; stays on this server)",
    "aria-label": "What was wrong?",
    maxlength: 1000,
  });
  const send = el("button.button", { type: "submit" }, "Send");
  const form = el("form.comment", {}, input, send);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!input.value.trim()) return form.remove();
    try {
      await api.rate(id, "down", input.value.trim());
      form.replaceWith(el("p.small.muted", { role: "status" }, "Thank you, noted."));
    } catch (error) {
      form.after(problem(error));
    }
  });
  return form;
}
