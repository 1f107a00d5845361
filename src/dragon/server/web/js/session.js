/** What the whole page shares: the configuration, the models, and the one that is chosen. */

import * as api from "./api.js";
import { keep, kept } from "./storage.js";

/** @typedef {import("./types.js").Config} Config */
/** @typedef {import("./types.js").Model} Model */

class Session extends EventTarget {
  /** @type {Config | null} */
  config = null;
  /** @type {Model[]} */
  models = [];
  /** @type {string} */
  chosen = "dragon";

  /** Fetches what the page needs to start; "models" is told to whoever listens. */
  async load() {
    this.config = await api.config();
    await this.refresh();
  }

  async refresh() {
    // What only makes vectors cannot be talked to.
    this.models = (await api.models()).filter((model) => model.dragon.kind !== "embedder");
    const wanted = [this.chosen, kept("model"), this.config?.default_model];
    const known = wanted.find((id) => this.models.some((model) => model.id === id));
    this.chosen = known ?? this.models[0]?.id ?? "dragon";
    this.dispatchEvent(new Event("models"));
  }

  /** @param {string} id */
  choose(id) {
    if (id === this.chosen) return;
    this.chosen = id;
    keep("model", id);
    this.dispatchEvent(new Event("models"));
  }

  /** @returns {Model | undefined} */
  get model() {
    return this.models.find((model) => model.id === this.chosen);
  }

  /** @param {string} scope */
  may(scope) {
    return this.config?.scopes.includes(scope) ?? false;
  }
}

/**
 * What a model is called in the page: by its documents, not by its weights.
 * @param {Model} model
 */
export function modelName(model) {
  if (model.dragon.kind === "raw") return "The plain model, no documents";
  if (model.dragon.kind === "fine-tuned") {
    const [, , ...rest] = model.id.split(":");
    return rest.length > 1 ? `${rest[0]}, fine-tuned` : `Fine-tuned ${rest[0]}`;
  }
  return model.dragon.library_name ?? model.id;
}

export const session = new Session();
