/** The chat: the conversation that is looked at, the composer below it, and what is still running. */

import { isNarrow } from "./a11y.js";
import * as api from "./api.js";
import { Composer } from "./composer.js";
import { byId, el, fill, iconButton } from "./dom.js";
import { Empty } from "./empty.js";
import { problem } from "./notice.js";
import { conversationAddress, go, route } from "./router.js";
import { session } from "./session.js";
import { Thread } from "./thread.js";

/** @typedef {import("./types.js").Conversation} Conversation */

const MARGIN = 16; // pixels above a question that is scrolled to
const NEAR_END = 80; // pixels from the foot at which a growing answer is still followed

/**
 * @typedef {{ openSource: import("./answer.js").AnswerHost["openSource"],
 *   closeSource: () => void, known: (conversation: Conversation) => void,
 *   title: (text: string) => void }} ChatHost
 */

export class Chat {
  /** @type {Map<string, Thread>} those whose answer is being given */
  #running = new Map();
  /** @type {Thread | null} */
  #thread = null;
  #following = true;
  #asked = 0;

  /** @param {ChatHost} host */
  constructor(host) {
    this.host = host;
    this.composer = new Composer({ send: (text) => this.#ask(text), stop: () => this.stop() });
    this.empty = new Empty((text) => this.#ask(text));
    this.scroll = el("div.chat-scroll", { tabindex: "-1" });
    this.toEnd = iconButton("bottom", "To the end", () => this.#scrollToEnd());
    this.toEnd.classList.add("to-end");
    this.toEnd.hidden = true;
    this.scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const foot = el("div.chat-foot", {}, this.toEnd, this.composer.node);
    fill(byId("view-chat"), this.scroll, foot);
    session.addEventListener("models", () => {
      if (!this.#thread?.turns.length) this.empty.show();
    });
  }

  /** Shows a conversation, or an empty one. @param {string | null} id */
  async open(id) {
    if (this.#thread && (this.#thread.conversation?.id ?? null) === id) {
      // An unasked conversation stays; one that is being asked already goes on as it is.
      if (id || !this.#thread.turns.length) return this.#focus();
    }
    this.host.closeSource();
    const running = id ? this.#running.get(id) : undefined;
    if (running) return this.#show(running);
    if (!id) return this.#show(this.#fresh(null));
    await this.#load(id);
  }

  /** Stops the answer that is being given. @returns {boolean} whether there was one */
  stop() {
    const busy = this.#thread?.busy ?? false;
    this.#thread?.stop();
    return busy;
  }

  /** Leaves a conversation that has been deleted. @param {string} id */
  forget(id) {
    if (this.#thread?.conversation?.id === id) go("#/", { replace: true });
  }

  /** @param {Conversation} conversation */
  renamed(conversation) {
    if (this.#thread?.conversation?.id !== conversation.id) return;
    this.#thread.conversation = conversation;
    this.host.title(conversation.title);
  }

  /** Keeps a node where it stands while the page around it changes its width. @param {HTMLElement} node */
  hold(node) {
    const before = node.getBoundingClientRect().top;
    return () => {
      if (node.isConnected) this.scroll.scrollTop += node.getBoundingClientRect().top - before;
    };
  }

  /** @param {string} id */
  async #load(id) {
    const asked = ++this.#asked;
    try {
      const found = await api.conversation(id);
      if (asked !== this.#asked) return; // another one has been opened meanwhile
      const thread = this.#fresh(found);
      if (session.models.some((model) => model.id === found.model)) session.choose(found.model);
      thread.restore(found.messages);
      this.#show(thread);
    } catch (error) {
      if (asked !== this.#asked) return;
      this.#thread = null;
      const missing = error instanceof api.ApiError && error.status === 404;
      fill(this.scroll, el("div.thread", {}, problem(error, missing ? undefined : () => this.open(id))));
    }
  }

  /** @param {Conversation | null} conversation */
  #fresh(conversation) {
    /** @type {Thread} */
    const thread = new Thread(conversation, {
      changed: () => this.#changed(thread),
      grown: () => this.#grown(thread),
      known: (known) => this.#known(thread, known),
      openSource: this.host.openSource,
    });
    return thread;
  }

  /** @param {Thread} thread */
  #show(thread) {
    this.#asked += 1;
    this.#thread = thread;
    this.host.title(thread.conversation?.title ?? "New conversation");
    if (thread.turns.length) fill(this.scroll, thread.node);
    else {
      fill(this.scroll, this.empty.node);
      this.empty.show();
    }
    this.composer.setBusy(thread.busy);
    this.#scrollToEnd();
    this.#focus();
  }

  /** @param {string} text */
  #ask(text) {
    const thread = this.#thread ?? this.#fresh(null);
    this.#thread = thread;
    thread.ask(text);
  }

  /** @param {Thread} thread */
  #changed(thread) {
    const id = thread.conversation?.id;
    if (id && thread.busy) this.#running.set(id, thread);
    else if (id) this.#running.delete(id);
    if (thread !== this.#thread) return;
    if (!thread.node.isConnected) fill(this.scroll, thread.node);
    this.composer.setBusy(thread.busy);
    if (thread.busy) this.#following = true;
    this.#grown(thread);
    if (thread.busy) return;
    if (this.#following) requestAnimationFrame(() => this.#showTurn(thread));
    this.#focus();
  }

  /** @param {Thread} thread */
  #grown(thread) {
    if (thread === this.#thread && this.#following) requestAnimationFrame(() => this.#scrollToEnd());
  }

  /** @param {Thread} thread @param {Conversation} conversation */
  #known(thread, conversation) {
    if (thread.busy) this.#running.set(conversation.id, thread);
    this.host.known(conversation);
    if (thread !== this.#thread) return;
    this.host.title(conversation.title);
    const address = conversationAddress(conversation.id);
    // Whoever has gone to the documents meanwhile stays there.
    if (location.hash !== address && route().view === "chat") go(address, { quiet: true });
  }

  #scrollToEnd() {
    this.#following = true;
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  /** A long answer from documents is read from its question on. @param {Thread} thread */
  #showTurn(thread) {
    const turn = thread.turns[thread.turns.length - 1];
    if (!turn?.answer || turn.answer.raw || thread !== this.#thread) return;
    const top = turn.node.getBoundingClientRect().top - this.scroll.getBoundingClientRect().top;
    if (top < 0) this.scroll.scrollTop += top - MARGIN;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.toEnd.hidden = this.#following;
  }

  /** On a phone the keyboard would cover what is to be read. */
  #focus() {
    if (!isNarrow() && document.activeElement === document.body) this.composer.focus();
  }
}
