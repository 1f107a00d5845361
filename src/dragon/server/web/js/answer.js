/**
 * One answer on the page: waiting, growing, complete, stopped or failed.
 * In: a message, bit by bit or whole. Out: an element whose parts keep their places meanwhile.
 */

import { actions } from "./answer_actions.js";
import { cited, passageList, sourceList } from "./citations.js";
import { drawn, el, fill } from "./dom.js";
import { counted, duration } from "./format.js";
import { markdown } from "./markdown.js";
import { problem } from "./notice.js";

/** @typedef {import("./types.js").Citation} Citation */
/** @typedef {import("./types.js").Grounds} Grounds */
/** @typedef {import("./types.js").Message} Message */

const NEAREST = 3;

/**
 * @typedef {{ openSource: (answer: Answer, where: Citation | import("./types.js").Passage,
 *   opener: HTMLElement) => void, regenerate: () => void, isRaw: (model: string | null) => boolean
 * }} AnswerHost
 */

export class Answer {
  /** @type {Citation[]} */
  citations = [];
  /** @type {Grounds | null} */
  grounds = null;
  text = "";
  /** As it was typed; a follow-up is searched for with what it leaves out. */
  question = "";
  #frame = 0;

  /**
   * @param {AnswerHost} host
   * @param {string | null} model that answers
   */
  constructor(host, model) {
    this.host = host;
    this.raw = host.isRaw(model);
    this.body = el("div.answer-body");
    this.foot = el("div.answer-foot");
    this.bar = el("div.answer-bar");
    const props = { "aria-label": "Answer", dataset: { state: "waiting" } };
    this.node = el("article.answer", props, this.body, this.foot, this.bar);
    const waiting = this.raw ? "Writing" : "Reading the documents";
    fill(this.body, el("p.waiting", {}, waiting, el("span.dots", {}, "…")));
  }

  /** @param {string} text @param {Citation[]} citations */
  grow(text, citations) {
    this.text += text;
    this.citations.push(...citations);
    this.node.dataset.state = "streaming";
    // Many small pieces come within one frame: they are drawn once.
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  /** @param {Grounds} grounds */
  ground(grounds) {
    this.grounds = grounds;
    if (grounds.citations) this.citations = grounds.citations;
  }

  /** The answer as the server keeps it. @param {Message} message */
  settle(message) {
    cancelAnimationFrame(this.#frame);
    this.text = message.content;
    if (message.dragon) this.ground(message.dragon);
    this.node.dataset.state = message.stopped ? "stopped" : "done";
    if (message.id) this.node.dataset.message = message.id;
    this.#draw();
    this.#drawFoot(message.stopped);
    fill(this.bar, actions(this, message), this.#figures());
  }

  /** @param {unknown} error @param {() => void} retry */
  fail(error, retry) {
    cancelAnimationFrame(this.#frame);
    this.node.dataset.state = "failed";
    if (this.text) this.#draw();
    else this.body.replaceChildren();
    fill(this.foot, problem(error, retry));
  }

  get abstained() {
    return this.grounds?.abstained ?? false;
  }

  #draw() {
    if (this.abstained) {
      this.node.dataset.abstained = "";
      fill(this.body, el("p.abstained", {}, drawn("unknown"), el("span", {}, this.text)));
    } else if (this.raw) {
      fill(this.body, markdown(this.text));
    } else {
      fill(this.body, cited(this.text, this.citations, (c, opener) => this.#open(c, opener)));
    }
  }

  /** @param {boolean} stopped */
  #drawFoot(stopped) {
    const { grounds } = this;
    const open = (/** @type {any} */ where, /** @type {HTMLElement} */ at) => this.#open(where, at);
    fill(
      this.foot,
      grounds?.asked && grounds.asked !== this.question && this.#asked(grounds.asked),
      stopped && el("p.stopped.small.muted", {}, "Stopped."),
      this.citations.length > 0 && sourceList(this.citations, open),
      this.abstained && this.#nearest(open),
      grounds && !this.abstained && grounds.passages.length > 0 && this.#passages(open),
    );
  }

  /** @param {string} asked */
  #asked(asked) {
    return el("p.asked.small.muted", {}, `Searched for: ${asked}`);
  }

  /** @param {(where: any, opener: HTMLElement) => void} open */
  #nearest(open) {
    const nearest = this.grounds?.passages.slice(0, NEAREST) ?? [];
    if (!nearest.length) return el("p.muted", {}, "No passage holds any word of the question.");
    const text = "What comes nearest, so that you can judge for yourself:";
    return el("div.nearest", {}, el("p.small.muted", {}, text), passageList(nearest, open));
  }

  /** @param {(where: any, opener: HTMLElement) => void} open */
  #passages(open) {
    const passages = this.grounds?.passages ?? [];
    const title = el("summary", {}, `${counted(passages.length, "passage")} read`);
    return el("details.read", {}, title, passageList(passages, open));
  }

  #figures() {
    const { grounds } = this;
    if (!grounds?.timings) return null;
    const time = grounds.cached ? "from the cache" : duration(grounds.timings.total_ms);
    return el("span.figures.small.muted", { title: "Time that the answer took" }, time);
  }

  /** @param {any} where @param {HTMLElement} opener */
  #open(where, opener) {
    this.host.openSource(this, where, opener);
  }
}
