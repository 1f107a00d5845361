/** The form that starts a training job: a base, what it learns from (a file or a library), a name. */

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
    this.source = el("select.field", { name: "source", onchange: () => this.#showFile() });
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
    this.fileLabel = labelled("Conversations (.jsonl)", this.file);
    this.fields = el(
      "form.training-form",
      { onsubmit: (/** @type {Event} */ event) => this.#submit(event) },
      labelled("Model", this.base),
      labelled("Learn from", this.source),
      this.fileLabel,
      labelled("Name of the result", this.name),
      labelled("Times through it", this.epochs),
      this.start,
    );
    this.node = el(
      "div.training-start",
      {},
      el("h2", {}, "Teach a model"),
      el("p.small.muted", {}, "It learns how to answer: from conversations, one a line, ", el("code", {}, EXAMPLE),
        "; or from questions that are made about the documents of a library."),
      this.fields,
      this.note,
    );
  }

  /** Shows what may be trained. */
  update() {
    const bases = session.models.filter((model) => ["raw", "fine-tuned"].includes(model.dragon.kind));
    const chosen = this.base.value;
    fill(this.base, bases.map((model) => el("option", { value: model.id, selected: model.id === chosen }, modelName(model))));
    const source = this.source.value;
    const libraries = session.models.filter((model) => model.dragon.library && model.dragon.documents > 0);
    fill(this.source,
      el("option", { value: "" }, "A file of conversations"),
      libraries.map((model) => el("option", { value: model.dragon.library, selected: model.dragon.library === source },
        `The library ${modelName(model)}`)));
    this.#showFile();
    this.node.hidden = !session.may("train") || bases.length === 0;
  }

  /** A file is asked for only where one is wanted. */
  #showFile() {
    this.fileLabel.hidden = this.source.value !== "";
    this.file.required = !this.fileLabel.hidden;
  }

  /** What the job learns from, as the API names it; sends the file. */
  async #material() {
    if (this.source.value) return { library: this.source.value };
    const file = this.file.files?.[0];
    if (!file) return null;
    const told = (/** @type {number} */ share) => fill(this.start, share < 1 ? `Sending ${percent(share)}` : "Starting …");
    return { training_file: (await api.uploadExamples(file, told)).id };
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    this.start.disabled = true;
    fill(this.note);
    try {
      const material = await this.#material();
      if (!material) return;
      const epochs = Number(this.epochs.value);
      const job = await api.createJob({
        model: this.base.value,
        ...material,
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
