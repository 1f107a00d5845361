/** The form that starts a training job: a base, a file of conversations, a name. */

import * as api from "./api.js";
import { announce } from "./a11y.js";
import { el, fill } from "./dom.js";
import { percent } from "./format.js";
import { problem } from "./notice.js";
import { modelName, session } from "./session.js";

/** @typedef {import("./types.js").Job} Job */

const EXAMPLE = '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}';

export class TrainingForm {
  /** @param {(job: Job) => void} started */
  constructor(started) {
    this.started = started;
    this.base = el("select.field", { name: "base" });
    this.file = el("input.field", { type: "file", name: "file", accept: ".jsonl", required: true });
    this.name = el("input.field", {
      name: "suffix", maxlength: 64, pattern: "[A-Za-z0-9._\\-]+", placeholder: "support-tone",
      title: "Letters, digits, dots, dashes and underscores", autocomplete: "off",
    });
    this.epochs = el("input.field", { name: "epochs", type: "number", min: 1, max: 50, placeholder: "automatic" });
    this.start = el("button.button.primary", { type: "submit" }, "Start");
    this.note = el("div.form-note");
    const labelled = (/** @type {string} */ text, /** @type {HTMLElement} */ field) =>
      el("label", {}, el("span.small.muted", {}, text), field);
    this.fields = el(
      "form.training-form",
      { onsubmit: (/** @type {Event} */ event) => this.#submit(event) },
      labelled("Model", this.base),
      labelled("Conversations (.jsonl)", this.file),
      labelled("Name of the result", this.name),
      labelled("Times through the file", this.epochs),
      this.start,
    );
    this.node = el(
      "div.training-start",
      {},
      el("h2", {}, "Teach a model"),
      el("p.small.muted", {}, "It learns how to answer from conversations, one a line: ", el("code", {}, EXAMPLE), "."),
      this.fields,
      this.note,
    );
  }

  /** Shows what may be trained. */
  update() {
    const bases = session.models.filter((model) => ["raw", "fine-tuned"].includes(model.dragon.kind));
    const chosen = this.base.value;
    fill(this.base, bases.map((model) => el("option", { value: model.id, selected: model.id === chosen }, modelName(model))));
    this.node.hidden = !session.may("train") || bases.length === 0;
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const file = this.file.files?.[0];
    if (!file) return;
    this.start.disabled = true;
    fill(this.note);
    try {
      const told = (/** @type {number} */ share) => fill(this.start, share < 1 ? `Sending ${percent(share)}` : "Starting …");
      const sent = await api.uploadExamples(file, told);
      const epochs = Number(this.epochs.value);
      const job = await api.createJob({
        model: this.base.value,
        training_file: sent.id,
        ...(this.name.value ? { suffix: this.name.value } : {}),
        ...(epochs ? { hyperparameters: { n_epochs: epochs } } : {}),
      });
      this.fields.reset();
      announce("Training has been started.");
      this.started(job);
    } catch (error) {
      fill(this.note, problem(error));
    } finally {
      this.start.disabled = false;
      fill(this.start, "Start");
      this.update();
    }
  }
}
