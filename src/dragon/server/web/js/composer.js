/** Where questions are typed: Enter sends, Shift+Enter begins a line, the button also stops. */

import { drawn, el, fill } from "./dom.js";
import { grouped } from "./format.js";
import { modelName, session } from "./session.js";

/**
 * @typedef {{ send: (text: string) => void, stop: () => void }} ComposerHost
 */

export class Composer {
  #busy = false;

  /** @param {ComposerHost} host */
  constructor(host) {
    this.host = host;
    this.area = el("textarea", {
      id: "question",
      rows: 1,
      placeholder: "Ask your documents",
      "aria-label": "Your question",
      "aria-describedby": "composer-hint",
      enterkeyhint: "send",
      autocomplete: "off",
    });
    this.models = el("select.field", { "aria-label": "What to ask", id: "model" });
    this.button = el("button.send", { type: "submit" });
    this.count = el("span.count.small", { role: "status" });
    const hint = "Enter sends, Shift+Enter begins a line.";
    this.node = el(
      "form.composer",
      {},
      el(
        "div.composer-box",
        {},
        this.area,
        this.button,
        el("div.composer-row", {}, this.models, this.count),
      ),
      el("p.visually-hidden", { id: "composer-hint" }, hint),
    );
    this.#listen();
    this.setBusy(false);
  }

  /** @param {boolean} busy */
  setBusy(busy) {
    this.#busy = busy;
    const label = busy ? "Stop (Esc)" : "Send (Enter)";
    this.button.setAttribute("aria-label", label);
    this.button.title = label;
    this.button.classList.toggle("stop", busy);
    fill(this.button, drawn(busy ? "stop" : "send"));
    this.#check();
  }

  focus() {
    this.area.focus({ preventScroll: true });
  }

  showModels() {
    const options = session.models.map((model) =>
      el("option", { value: model.id }, modelName(model)),
    );
    fill(this.models, options);
    this.models.value = session.chosen;
    this.models.hidden = options.length < 2;
    const raw = session.model?.dragon.kind === "raw";
    this.area.placeholder = raw ? "Ask the plain model" : `Ask ${nameOr(session.model)}`;
  }

  #listen() {
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#busy) this.host.stop();
      else this.#send();
    });
    this.area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.area.addEventListener("input", () => {
      this.#grow();
      this.#check();
    });
    this.models.addEventListener("change", () => session.choose(this.models.value));
    session.addEventListener("models", () => this.showModels());
    this.node.addEventListener("click", (event) => {
      const inside = /** @type {Element} */ (event.target).closest("button, select, textarea");
      if (!inside) this.focus();
    });
  }

  #send() {
    const text = this.area.value.trim();
    if (this.#busy || !text || this.#tooLong()) return;
    this.area.value = "";
    this.#grow();
    this.#check();
    this.host.send(text);
  }

  /** The box is as high as its text, up to what the style sheet allows. */
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.area.style.height = "auto";
    this.area.style.height = `${this.area.scrollHeight}px`;
  }

  #tooLong() {
    return Array.from(this.area.value.trim()).length > (session.config?.max_question ?? 2000);
  }

  #check() {
    const most = session.config?.max_question ?? 2000;
    const length = Array.from(this.area.value.trim()).length;
    this.button.disabled = !this.#busy && (length === 0 || length > most);
    const near = length > 0.9 * most;
    this.count.classList.toggle("over", length > most);
    this.count.textContent = near ? `${grouped(length)} of ${grouped(most)} characters` : "";
  }
}

/** @param {import("./types.js").Model | undefined} model */
function nameOr(model) {
  return model ? modelName(model) : "your documents";
}
