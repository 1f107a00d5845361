/** The models: which there are, which one is asked, and the card that says what it is. */

import * as api from "./api.js";
import { byId, drawn, el, fill } from "./dom.js";
import { counted, size } from "./format.js";
import { markdown } from "./markdown.js";
import { problem } from "./notice.js";
import { modelName, session } from "./session.js";
import { Training } from "./training.js";

/** @typedef {import("./types.js").Model} Model */

export class Models {
  #shown = "";

  constructor() {
    this.list = el("ul.model-list", { "aria-label": "Models" });
    this.training = new Training();
    this.card = el("article.card.prose-ui", { "aria-live": "off" });
    const intro = "What answers your questions, and on what.";
    const head = el("header.page-head", {}, el("div.page-words", {}, el("h1", {}, "Models"), el("p.muted", {}, intro)));
    fill(byId("view-models"), el("div.page", {}, head, this.list, this.training.node, this.card));
    session.addEventListener("models", () => this.#drawList());
  }

  leave() {
    this.training.leave();
  }

  /** @param {string | null} id */
  async open(id) {
    this.training.show();
    this.#shown = id ?? session.chosen;
    this.#drawList();
    try {
      const model = await api.model(this.#shown);
      if (model.id === this.#shown) this.#drawCard(model);
    } catch (error) {
      fill(this.card, problem(error, () => this.open(id)));
    }
  }

  #drawList() {
    fill(this.list, session.models.map((model) => el("li", {}, this.#entry(model))));
  }

  /** @param {Model} model */
  #entry(model) {
    const chosen = model.id === session.chosen;
    const { kind, documents, memory_bytes: memory, reader } = model.dragon;
    const facts = [
      kind === "documents" ? counted(documents, "document") : "writes freely, cites nothing",
      kind !== "fine-tuned" && reader, // whose folder is called after its job
      memory > 0 && `${size(memory)} in memory`,
    ];
    const use = el(
      "button.button",
      { type: "button", disabled: chosen, onclick: () => session.choose(model.id) },
      chosen && drawn("check"),
      chosen ? "In use" : "Use this",
    );
    return el(
      "div.model",
      { "aria-current": model.id === this.#shown && "true" },
      el(
        "a.model-words",
        { href: `#/models/${encodeURIComponent(model.id)}` },
        el("span.model-name", {}, modelName(model), " ", el("code", {}, model.id)),
        el("span.small.muted", {}, facts.filter(Boolean).join(" · ")),
      ),
      use,
    );
  }

  /** @param {Model} model */
  #drawCard({ dragon: { card, reader } }) {
    if (card) fill(this.card, markdown(card));
    else fill(this.card, el("p.muted", {}, `${reader || "This model"} has no card.`));
  }
}
