/**
 * One conversation on the page: its questions and answers, and the answer that is being given.
 * It lives on while another one is looked at, so that nothing is lost by looking.
 */

import { announce } from "./a11y.js";
import { Answer } from "./answer.js";
import * as api from "./api.js";
import { el } from "./dom.js";
import { question } from "./question.js";
import { session } from "./session.js";
import { events } from "./stream.js";

/** @typedef {import("./types.js").Citation} Citation */
/** @typedef {import("./types.js").Conversation} Conversation */
/** @typedef {import("./types.js").Grounds} Grounds */
/** @typedef {import("./types.js").Message} Message */

/**
 * @typedef {{ changed: (thread: Thread) => void, grown: (thread: Thread) => void,
 *   known: (conversation: Conversation) => void,
 *   openSource: import("./answer.js").AnswerHost["openSource"] }} ThreadHost
 * @typedef {{ content: string, id: string | null, node: HTMLElement, answer: Answer | null }} Turn
 */

export class Thread {
  /** @type {Turn[]} */
  turns = [];
  /** @type {AbortController | null} */
  #running = null;

  /**
   * @param {Conversation | null} conversation null until the first question is asked
   * @param {ThreadHost} host
   */
  constructor(conversation, host) {
    this.conversation = conversation;
    this.host = host;
    this.node = el("div.thread");
  }

  get busy() {
    return this.#running !== null;
  }

  /** @param {Message[]} messages as the server keeps them */
  restore(messages) {
    for (const message of messages) {
      if (message.role === "user") this.#addTurn(message.content, message.id);
      else this.#addAnswer(message.model).settle(message);
    }
  }

  stop() {
    this.#running?.abort();
  }

  /**
   * @param {string} content
   * @param {Turn} [replaced] this turn, and what follows it, gives way to the new one
   */
  async ask(content, replaced) {
    if (this.busy) return;
    const running = new AbortController();
    this.#running = running;
    if (replaced) this.#cut(replaced);
    const turn = this.#addTurn(content, replaced?.id ?? null);
    const answer = this.#addAnswer(session.chosen);
    this.host.changed(this);
    try {
      await this.#receive(turn, answer, running.signal);
    } catch (error) {
      this.#end(turn, answer, error, running.signal.aborted);
    } finally {
      this.#running = null;
      this.host.changed(this);
    }
  }

  /**
   * @param {Turn} turn
   * @param {Answer} answer
   * @param {AbortSignal} signal
   */
  async #receive(turn, answer, signal) {
    if (!this.conversation) {
      this.conversation = await api.createConversation(session.chosen);
      this.host.known(this.conversation);
    }
    const body = { content: turn.content, model: session.chosen, replace: turn.id ?? undefined };
    const stream = await api.ask(this.conversation.id, body, signal);
    let ended = false;
    for await (const { data } of events(stream)) {
      if (data === "[DONE]") {
        ended = true;
        break;
      }
      const chunk = JSON.parse(data);
      if (chunk.error) throw new api.ApiError(chunk.error.message, 500, chunk.error.code);
      this.#take(chunk, turn, answer);
    }
    if (signal.aborted) throw new DOMException("stopped", "AbortError");
    if (!ended) throw new api.ApiError("The connection broke before the answer was complete.", 0);
    answer.settle(kept(answer));
    announce(spoken(answer));
  }

  /**
   * One chunk of the stream.
   * @param {any} chunk
   * @param {Turn} turn
   * @param {Answer} answer
   */
  #take(chunk, turn, answer) {
    /** @type {Partial<Grounds> & { conversation?: Conversation, user_message?: Message, message_id?: string }} */
    const extra = chunk.dragon ?? {};
    const choice = chunk.choices?.[0];
    if (extra.message_id) answer.node.dataset.message = extra.message_id;
    if (extra.user_message) turn.id = extra.user_message.id;
    if (extra.conversation) {
      this.conversation = extra.conversation;
      this.host.known(extra.conversation);
    }
    if (choice?.finish_reason && chunk.dragon) answer.ground(chunk.dragon);
    else if (choice?.delta?.content) {
      answer.grow(choice.delta.content, extra.citations ?? []);
      this.host.grown(this);
    }
  }

  /** @param {Turn} turn @param {Answer} answer @param {unknown} error @param {boolean} stopped */
  #end(turn, answer, error, stopped) {
    if (stopped) {
      answer.settle({ ...kept(answer), stopped: true });
      announce("Stopped.");
    } else {
      answer.fail(error, () => this.ask(turn.content, turn));
    }
  }

  /** @param {string} content @param {string | null} id */
  #addTurn(content, id) {
    /** @type {Turn} */
    const turn = {
      content,
      id,
      node: question(content, (changed) => this.ask(changed, turn)),
      answer: null,
    };
    this.turns.push(turn);
    this.node.append(turn.node);
    return turn;
  }

  /** @param {string | null} model */
  #addAnswer(model) {
    const turn = this.turns[this.turns.length - 1];
    const answer = new Answer(
      {
        openSource: this.host.openSource,
        regenerate: () => turn && this.ask(turn.content, turn),
        isRaw: (id) => session.models.find((m) => m.id === id)?.dragon.kind === "raw",
      },
      model,
    );
    if (turn) turn.answer = answer;
    answer.question = turn?.content ?? "";
    this.node.append(answer.node);
    return answer;
  }

  /** Takes a turn and all after it off the page. @param {Turn} turn */
  #cut(turn) {
    for (const gone of this.turns.splice(this.turns.indexOf(turn))) {
      gone.node.remove();
      gone.answer?.node.remove();
    }
  }
}

/** @param {Answer} answer @returns {Message} */
function kept(answer) {
  return {
    id: answer.node.dataset.message ?? "",
    role: "assistant",
    content: answer.text,
    created: Date.now() / 1000,
    model: session.chosen,
    stopped: false,
    dragon: answer.grounds,
    feedback: null,
  };
}

/** What a screen reader hears when an answer is complete. @param {Answer} answer */
function spoken(answer) {
  const count = answer.citations.length;
  const sources = count ? ` ${count === 1 ? "One source" : `${count} sources`}.` : "";
  return `${answer.text}${sources}`;
}
