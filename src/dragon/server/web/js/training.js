/** Teaching a model: a form that starts a job, and the jobs with their curves. */

import * as api from "./api.js";
import { announce } from "./a11y.js";
import { lossCurve } from "./curve.js";
import { confirmed } from "./dialog.js";
import { drawn, el, fill } from "./dom.js";
import { asSentence, counted } from "./format.js";
import { problem, said } from "./notice.js";
import { go } from "./router.js";
import { modelName, session } from "./session.js";
import { toast } from "./toast.js";
import { TrainingForm } from "./training_form.js";

/** @typedef {import("./types.js").Job} Job */

const POLL_MS = 1200;
const SHOWN = 5;
const STATES = {
  validating_files: "Preparing",
  queued: "Waiting its turn",
  running: "Learning",
  succeeded: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** @param {Job} job */
const isOpen = (job) => ["validating_files", "queued", "running"].includes(job.status);

export class Training {
  /** @type {Map<string, Job>} with their curves, by id */
  #jobs = new Map();
  #timer = 0;
  #isShown = false;
  #drawnAs = "";

  constructor() {
    this.form = new TrainingForm((job) => {
      this.#jobs = new Map([[job.id, job], ...this.#jobs]);
      this.#draw();
      this.#poll();
    });
    this.list = el("ul.job-list", { "aria-label": "Training jobs" });
    this.note = el("div");
    this.node = el("section.training", { "aria-label": "Training" }, this.form.node, this.note, this.list);
  }

  show() {
    this.#isShown = true;
    const writes = session.models.some((model) => model.dragon.kind === "raw");
    this.node.hidden = !writes && this.#jobs.size === 0;
    this.form.update();
    this.#poll();
  }

  leave() {
    this.#isShown = false;
    clearTimeout(this.#timer);
  }

  async #poll() {
    clearTimeout(this.#timer);
    try {
      await this.#refresh();
      fill(this.note);
    } catch (error) {
      fill(this.note, problem(error, () => this.#poll()));
      return;
    }
    if (!this.#isShown || ![...this.#jobs.values()].some(isOpen)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  async #refresh() {
    const listed = (await api.jobs()).slice(0, SHOWN);
    // What is over does not change any more: its curve is fetched once.
    const known = await Promise.all(
      listed.map((job) => {
        const before = this.#jobs.get(job.id);
        return before && !isOpen(before) && before.dragon.curve ? { ...before, ...job, dragon: { ...job.dragon, curve: before.dragon.curve } } : api.job(job.id);
      }),
    );
    const ended = known.filter((job) => !isOpen(job) && this.#jobs.has(job.id) && isOpen(/** @type {Job} */ (this.#jobs.get(job.id))));
    this.#jobs = new Map(known.map((job) => [job.id, job]));
    this.node.hidden = this.node.hidden && this.#jobs.size === 0;
    this.#draw();
    if (!ended.length) return;
    for (const job of ended) announce(`Training: ${STATES[job.status]}.`);
    await session.refresh();
  }

  #draw() {
    // Redrawing for nothing would take the focus from a button.
    const now = JSON.stringify([...this.#jobs.values()]);
    if (now === this.#drawnAs) return;
    this.#drawnAs = now;
    const focused = document.activeElement?.closest(".job")?.getAttribute("data-id");
    fill(this.list, [...this.#jobs.values()].map((job) => el("li", {}, this.#card(job))));
    if (focused) this.list.querySelector(`[data-id="${CSS.escape(focused)}"] button`)?.focus();
  }

  /** @param {Job} job */
  #card(job) {
    const { curve, step, steps, loss } = job.dragon;
    const facts = [
      job.dragon.library && `from ${libraryName(job.dragon.library)}`,
      job.dragon.conversations && counted(job.dragon.conversations, "conversation"),
      steps > 0 && `step ${step} of ${steps}`,
      loss !== null && `loss ${loss.toFixed(3)}`,
    ];
    const points = curve && curve.loss.length > 1;
    return el(
      "article.job",
      { dataset: { id: job.id, status: job.status } },
      el(
        "header.job-head",
        {},
        el("span.job-words", {},
          el("span.model-name", {}, jobName(job)),
          el("span.small.muted", {}, facts.filter(Boolean).join(" · "))),
        el("span.job-state.small", {}, STATES[job.status]),
        this.#action(job),
      ),
      isOpen(job) && el("progress.job-progress", { max: steps || 1, value: null, "aria-label": "Steps", ...(steps ? { value: step } : {}) }),
      job.error && el("p.job-error.small", {}, asSentence(job.error.message)),
      points && lossCurve(curve, steps),
    );
  }

  /** @param {Job} job */
  #action(job) {
    if (isOpen(job)) {
      if (!session.may("train")) return null;
      return el("button.button", { type: "button", onclick: () => this.#cancel(job) }, "Cancel");
    }
    if (!job.fine_tuned_model || !job.dragon.served) return null;
    const id = job.fine_tuned_model;
    const remove = session.may("train") && el("button.icon-button.compact", {
      type: "button", title: "Delete this model", "aria-label": `Delete ${jobName(job)}`, onclick: () => this.#remove(id),
    }, drawn("trash"));
    const use = () => {
      session.choose(id);
      go("#/");
    };
    return el("span.job-actions", {}, remove, el("button.button", { type: "button", onclick: use }, "Try it"));
  }

  /** @param {Job} job */
  async #cancel(job) {
    const text = "What it has learned so far is not kept.";
    if (!(await confirmed({ title: "Cancel this training?", text, action: "Cancel training" }))) return;
    await this.#done(api.cancelJob(job.id));
  }

  /** @param {string} id */
  async #remove(id) {
    const text = "The model is removed from the disk. The plain model stays.";
    if (!(await confirmed({ title: "Delete this model?", text, action: "Delete" }))) return;
    await this.#done(api.deleteModel(id));
    await session.refresh();
  }

  /** @param {Promise<unknown>} work */
  async #done(work) {
    try {
      await work;
    } catch (error) {
      toast(said(error));
    }
    await this.#poll();
  }
}

/** @param {string} id of a library that may have gone since */
function libraryName(id) {
  const model = session.models.find((one) => one.dragon.library === id);
  return model ? modelName(model) : "a library";
}

/** @param {Job} job */
function jobName(job) {
  const [, , ...rest] = (job.fine_tuned_model ?? job.dragon.name).split(":");
  const base = session.models.find((model) => model.id === job.model);
  const name = rest.length > 1 ? rest[0] : `Job ${rest[0]}`;
  return base && base.dragon.kind !== "raw" ? `${name}, from ${modelName(base)}` : name;
}
