/** What stands in an empty conversation: what the library holds, and what one might ask of it. */

import * as api from "./api.js";
import { drawn, el, fill } from "./dom.js";
import { counted } from "./format.js";
import { problem } from "./notice.js";
import { session } from "./session.js";

const EXAMPLES = 3;
const QUESTION_WORDS = /^(?:how|what|where|who|which|why)\b/i;

export class Empty {
  /** @param {(question: string) => void} ask */
  constructor(ask) {
    this.ask = ask;
    this.title = el("h1", {}, "Ask your documents");
    this.holds = el("p.muted", {}, "\u00a0");
    this.examples = el("ul.examples", { "aria-label": "Examples" });
    const head = el("div.empty-mark", { "aria-hidden": "true" }, drawn("dragon"));
    this.node = el("div.empty", {}, head, this.title, this.holds, this.examples);
    this.library = "";
  }

  /** Shows the chosen library as it is now; what was shown stays until that is known. */
  async show() {
    const model = session.model;
    const library = model?.dragon.library ?? "";
    this.library = library;
    if (!model || !library) return this.#showRaw();
    try {
      const known = await api.library(library);
      if (library === this.library) await this.#showLibrary(known);
    } catch (error) {
      fill(this.holds);
      fill(this.examples, el("li", {}, problem(error, () => this.show())));
    }
  }

  #showRaw() {
    fill(this.title, "Ask the plain model");
    fill(this.holds, "It answers from its weights, without documents and without citations.");
    fill(this.examples);
  }

  /** @param {import("./types.js").Library} library */
  async #showLibrary(library) {
    fill(this.title, library.documents ? `Ask ${library.name}` : "Nothing to read yet");
    if (!library.documents) {
      const add = el("a", { href: `#/documents/${encodeURIComponent(library.id)}` }, "Add documents");
      fill(this.holds, add, library.indexing ? " or wait: they are being read." : " to ask them.");
      return fill(this.examples);
    }
    const counts = `${counted(library.documents, "document")}, ${counted(library.passages, "passage")}`;
    fill(this.holds, `${counts}. Every answer quotes them word for word, or says that they do not know.`);
    const questions = examples(await api.headings(library.id).catch(() => []));
    fill(this.examples, questions.map((text) => el("li", {}, this.#example(text))));
  }

  /** @param {string} text */
  #example(text) {
    return el("button.example", { type: "button", onclick: () => this.ask(text) }, text);
  }
}

/**
 * Questions made of headings, each of another document; headings that ask come first.
 * @param {{ document: string, title: string, heading: string }[]} headings
 * @returns {string[]}
 */
export function examples(headings) {
  const made = headings.map(({ document, heading }) => ({ document, parts: heading.split(" > ") }));
  const usable = made.filter(({ parts }) => parts.length > 1 && parts.join().length < 80);
  const asking = usable.filter(({ parts }) => QUESTION_WORDS.test(parts[parts.length - 1]));
  const seen = new Set();
  const chosen = [...asking, ...usable].filter(({ document }) => {
    const fresh = !seen.has(document);
    seen.add(document);
    return fresh;
  });
  return chosen.slice(0, EXAMPLES).map(({ parts }) => `${parts[0]}: ${lowered(parts)}?`);
}

/** @param {string[]} parts */
function lowered(parts) {
  const last = parts[parts.length - 1].replace(/[?.:]+$/, "");
  // Names and abbreviations keep their capitals: only a word in plain title case loses it.
  const plain = /^[A-Z][a-z']*(?: [a-z'-]+)*$/.test(last);
  return plain ? last[0].toLowerCase() + last.slice(1) : last;
}
