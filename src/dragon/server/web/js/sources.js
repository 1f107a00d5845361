/**
 * The source panel: a passage of a document with the exact quote marked in its surroundings.
 * In: where it stands. Out: the panel, scrolled to the quote.
 */

import { announce, isNarrow, trapFocus } from "./a11y.js";
import * as api from "./api.js";
import { copyButton } from "./copy.js";
import { byId, drawn, el, fill, iconButton } from "./dom.js";
import { crumbs, fileName, grouped } from "./format.js";
import { problem } from "./notice.js";

/** @typedef {import("./types.js").Citation} Citation */
/** @typedef {import("./types.js").Source} Source */

const AROUND = 2000;
const MORE = 4; // how many times more of the document each "more" shows
const MOST = 20_000; // the server gives no more on either side

/** @typedef {import("./dom.js").Child | import("./dom.js").Child[]} Text */
/**
 * @typedef {{ library: string, document: string, start: number, end: number, title?: string,
 *   citation?: Citation, siblings?: Citation[] }} Place
 */

export class SourcePanel {
  /** @type {HTMLElement | null} */
  #opener = null;
  /** @type {Place | null} */
  #place = null;

  /** @param {{ resized: (change: () => void) => void }} host told to keep the reading position */
  constructor(host) {
    this.host = host;
    this.node = byId("source");
    this.scrim = byId("scrim");
    this.text = el("div.source-text", { tabindex: "0", role: "document" });
    this.head = el("header.source-head");
    this.foot = el("footer.source-foot");
    fill(this.node, this.head, this.text, this.foot);
    trapFocus(this.node, () => isNarrow());
  }

  get isOpen() {
    return !this.node.hidden;
  }

  /** @param {Place} place @param {HTMLElement | null} opener gets the focus back */
  async open(place, opener) {
    this.#place = place;
    this.#opener = opener;
    this.#drawHead(place, "");
    if (!this.isOpen) {
      fill(this.text);
      fill(this.foot);
      this.host.resized(() => {
        this.node.hidden = false;
      });
    }
    for (const chip of document.querySelectorAll("[aria-current=location]")) {
      chip.removeAttribute("aria-current");
    }
    opener?.setAttribute("aria-current", "location");
    await this.#load(place, AROUND);
    /** @type {HTMLElement | null} */ (this.head.querySelector(".source-close"))?.focus();
  }

  /** @returns {boolean} whether it was open */
  close() {
    if (!this.isOpen) return false;
    this.#place = null;
    this.host.resized(() => {
      this.node.hidden = true;
    });
    this.#opener?.removeAttribute("aria-current");
    if (this.#opener?.isConnected) this.#opener.focus({ preventScroll: true });
    return true;
  }

  /** @param {Place} place @param {number} around */
  async #load(place, around) {
    const { library, document: path, start, end } = place;
    try {
      const source = await api.source({ library, document: path, start, end, around });
      if (place !== this.#place) return; // another one was opened meanwhile
      this.#drawHead({ ...place, title: source.title }, source.headings);
      this.#drawText(place, source, around);
      this.#drawFoot(place, source);
      announce(`Source: ${source.title || path}. The quote reads: ${source.quote}`);
    } catch (error) {
      if (place !== this.#place) return;
      fill(this.text, problem(error, () => this.#load(place, around)));
      fill(this.foot);
    }
  }

  /** @param {Place} place @param {string} headings */
  #drawHead(place, headings) {
    const { citation } = place;
    const name = place.title || citation?.title || fileName(place.document);
    const close = iconButton("close", "Close the source (Esc)", () => this.close());
    close.classList.add("source-close");
    const number = citation && el("span.number", { "aria-hidden": "true" }, citation.number);
    const below = crumbs(belowTitle(headings || citation?.heading || "", name));
    fill(
      this.head,
      el(
        "div.source-bar",
        {},
        number ?? drawn("document"),
        el("h2.truncate", { title: name }, name),
        this.#steps(place),
        close,
      ),
      el("p.source-path", {}, place.document),
      el("p.source-headings", {}, below || "\u00a0"),
    );
  }

  /** To the answer's other sources. @param {Place} place */
  #steps(place) {
    const { siblings = [], citation } = place;
    if (!citation || siblings.length < 2) return null;
    const at = siblings.indexOf(citation);
    const step = (/** @type {number} */ by) => {
      const next = siblings[(at + by + siblings.length) % siblings.length];
      const { document: path, start, end } = next;
      const there = { ...place, document: path, start, end, title: next.title, citation: next };
      return this.open(there, this.#opener);
    };
    return [
      iconButton("previous", "The source before", () => step(-1)),
      iconButton("next", "The next source", () => step(1)),
    ];
  }

  /** @param {Place} place @param {Source} source @param {number} around */
  #drawText(place, source, around) {
    const quote = el("mark.quote", { tabindex: "-1" }, source.quote);
    if (!place.citation) quote.classList.add("passage");
    const [lead, before] = this.#sentence(source.before, place, "before");
    const [after, rest] = this.#sentence(source.after, place, "after");
    const more = (/** @type {boolean} */ ends) =>
      !ends &&
      around < MOST &&
      el("button.button.more", { type: "button", onclick: again }, "Show more");
    const again = () => this.#load(place, Math.min(around * MORE, MOST));
    fill(
      this.text,
      more(source.begins),
      el("div.prose", {}, ...[lead, before].flat(), quote, ...[after, rest].flat()),
      more(source.ends),
    );
    requestAnimationFrame(() => this.#toQuote(quote));
  }

  /**
   * The part of the surroundings that belongs to the quote's sentence, tinted.
   * @param {string} text
   * @param {Place} place
   * @param {"before" | "after"} side
   * @returns {[Text, Text]} in reading order
   */
  #sentence(text, { citation, start, end }, side) {
    if (!citation) return side === "before" ? [lined(text), null] : [null, lined(text)];
    const points = Array.from(text);
    const sentenceEnd = citation.sentence_start + Array.from(citation.sentence).length;
    const length = side === "before" ? start - citation.sentence_start : sentenceEnd - end;
    const count = Math.max(0, Math.min(length, points.length));
    const tinted = (/** @type {string[]} */ part) =>
      part.length > 0 && el("span.sentence", {}, part.join(""));
    if (side === "after") return [tinted(points.slice(0, count)), lined(points.slice(count).join(""))];
    const cut = points.length - count;
    return [lined(points.slice(0, cut).join("")), tinted(points.slice(cut))];
  }

  /** @param {HTMLElement} quote */
  #toQuote(quote) {
    const at = quote.getBoundingClientRect().top - this.text.getBoundingClientRect().top;
    this.text.scrollTop += at - this.text.clientHeight / 3;
  }

  /** @param {Place} place @param {Source} source */
  #drawFoot({ citation, start, end }, source) {
    const where = `Characters ${grouped(start)}–${grouped(end)} of ${grouped(source.characters)}`;
    const shown = citation ? "Copy quote" : "Copy passage";
    const button = copyButton(shown, () => source.quote, shown);
    fill(this.foot, el("span.small.muted", {}, where), button);
  }
}

/** Most documents begin with their title: it need not stand twice. @param {string} headings @param {string} title */
function belowTitle(headings, title) {
  return headings.startsWith(`${title} > `) ? headings.slice(title.length + 3) : headings;
}

/**
 * Text whose headings, where they are written as in Markdown, are set a little stronger. Not a
 * letter is changed: it must read as it stands in the file.
 * @param {string} text
 * @returns {import("./dom.js").Child[]}
 */
function lined(text) {
  const parts = text.split(/^(#{1,6} [^\n]+)$/m);
  return parts.map((part, at) => (at % 2 ? el("b.headline", {}, part) : part));
}
