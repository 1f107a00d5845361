/** The list of conversations: search, rename, export, delete with a way back. */

import * as api from "./api.js";
import { announce } from "./a11y.js";
import { byId, el, fill, iconButton } from "./dom.js";
import { dayGroup } from "./format.js";
import { openMenu } from "./menu.js";
import { problem, said } from "./notice.js";
import { conversationAddress } from "./router.js";
import { toast } from "./toast.js";

/** @typedef {import("./types.js").Conversation} Conversation */

const TYPING_MS = 150;

/**
 * @typedef {{ forget: (id: string) => void, renamed: (conversation: Conversation) => void
 * }} ConversationsHost
 */

export class Conversations {
  /** @type {Conversation[]} */
  #list = [];
  /** @type {Set<string>} deleted on the page, not yet on the server */
  #leaving = new Set();
  #total = 0;
  #words = "";
  #asked = 0;
  #current = "";

  /** @param {ConversationsHost} host */
  constructor(host) {
    this.host = host;
    this.node = byId("conversations");
    this.input = /** @type {HTMLInputElement} */ (byId("search"));
    let timer = 0;
    this.input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.refresh(this.input.value.trim()), TYPING_MS);
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") this.node.querySelector("a")?.focus();
      if (event.key !== "Escape" || !this.input.value) return;
      event.preventDefault();
      this.input.value = "";
      this.refresh("");
    });
  }

  /** @param {string} [words] */
  async refresh(words = this.#words) {
    this.#words = words;
    const asked = ++this.#asked;
    try {
      const { conversations, total } = await api.conversations(words);
      if (asked !== this.#asked) return; // a later search has been asked
      [this.#list, this.#total] = [conversations, total];
      this.#draw();
      if (words) announce(total === 1 ? "One conversation found." : `${total} conversations found.`);
    } catch (error) {
      if (asked === this.#asked) fill(this.node, problem(error, () => this.refresh()));
    }
  }

  /** A conversation that has just been asked: it stands first. @param {Conversation} conversation */
  known(conversation) {
    const rest = this.#list.filter(({ id }) => id !== conversation.id);
    this.#total += rest.length === this.#list.length ? 1 : 0;
    this.#list = [conversation, ...rest];
    this.mark(conversation.id);
  }

  /** Marks the one that is looked at. @param {string} id */
  mark(id) {
    this.#current = id;
    this.#draw();
  }

  #draw() {
    const shown = this.#list.filter(({ id }) => !this.#leaving.has(id));
    if (!shown.length) {
      const text = this.#words ? "Nothing found." : "Your conversations will stand here.";
      return fill(this.node, el("p.small.muted.none", {}, text));
    }
    /** @type {Map<string, Conversation[]>} */
    const groups = new Map();
    for (const conversation of shown) {
      const day = this.#words ? "Found" : dayGroup(conversation.updated);
      groups.set(day, [...(groups.get(day) ?? []), conversation]);
    }
    const lists = [...groups].map(([day, list]) => [
      el("h2.day", {}, day),
      el("ul", {}, list.map((conversation) => this.#row(conversation))),
    ]);
    fill(this.node, lists.flat(), this.#list.length < this.#total && this.#more());
  }

  /** @param {Conversation} conversation */
  #row(conversation) {
    const { id, title, snippet } = conversation;
    const current = id === this.#current && "page";
    const more = iconButton("more", `More for “${title}”`, () => this.#menu(more, conversation), {
      "aria-haspopup": "menu",
      "aria-expanded": "false",
    });
    const link = el(
      "a",
      { href: conversationAddress(id), "aria-current": current, title },
      el("span.truncate", {}, title),
      this.#words && snippet && el("span.found", {}, marked(snippet, this.#words)),
    );
    return el("li.conversation", { dataset: { id } }, link, more);
  }

  #more() {
    const onclick = async () => {
      try {
        const next = await api.conversations(this.#words, this.#list.length);
        this.#list = [...this.#list, ...next.conversations];
        this.#draw();
      } catch (error) {
        toast(said(error));
      }
    };
    return el("button.button.more", { type: "button", onclick }, "Show more");
  }

  /** @param {HTMLElement} button @param {Conversation} conversation */
  #menu(button, conversation) {
    openMenu(button, [
      { icon: "edit", label: "Rename", act: () => this.#rename(conversation) },
      { icon: "download", label: "Export as Markdown", act: () => save(conversation, "markdown") },
      { icon: "download", label: "Export as JSON", act: () => save(conversation, "json") },
      { icon: "trash", label: "Delete", act: () => this.#delete(conversation), danger: true },
    ]);
  }

  /** @param {Conversation} conversation */
  #rename(conversation) {
    const row = this.node.querySelector(`[data-id="${CSS.escape(conversation.id)}"]`);
    const props = { type: "text", value: conversation.title, "aria-label": "Title", maxlength: 200 };
    const input = el("input.field", props);
    let done = false;
    const end = async (/** @type {boolean} */ wanted) => {
      if (done) return;
      done = true;
      const title = input.value.trim();
      if (wanted && title && title !== conversation.title) await this.#retitle(conversation, title);
      this.#draw();
    };
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      end(event.key === "Enter");
    });
    input.addEventListener("blur", () => end(true));
    row?.replaceChildren(input);
    input.select();
  }

  /** @param {Conversation} conversation @param {string} title */
  async #retitle(conversation, title) {
    try {
      const renamed = await api.renameConversation(conversation.id, title);
      this.#list = this.#list.map((one) => (one.id === renamed.id ? renamed : one));
      this.host.renamed(renamed);
    } catch (error) {
      toast(said(error));
    }
  }

  /** @param {Conversation} conversation */
  #delete(conversation) {
    const { id } = conversation;
    this.#leaving.add(id);
    this.#draw();
    this.host.forget(id);
    const back = () => {
      this.#leaving.delete(id);
      this.#draw();
    };
    const gone = async () => {
      try {
        await api.deleteConversation(id);
        this.#list = this.#list.filter((one) => one.id !== id);
        this.#total -= 1;
      } catch (error) {
        toast(said(error));
      }
      back();
    };
    toast("Conversation deleted.", { undo: back, gone });
  }
}

/**
 * Marks the words that were searched for.
 * @param {string} text
 * @param {string} words
 * @returns {(string | HTMLElement)[]}
 */
function marked(text, words) {
  const patterns = words.split(/\s+/).filter(Boolean).map(escaped);
  if (!patterns.length) return [text];
  const parts = text.split(new RegExp(`(${patterns.join("|")})`, "giu"));
  return parts.map((part, at) => (at % 2 ? el("mark", {}, part) : part));
}

/** @param {string} word */
const escaped = (word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** @param {Conversation} conversation @param {"markdown" | "json"} format */
async function save(conversation, format) {
  try {
    const address = URL.createObjectURL(await api.exported(conversation.id, format));
    const name = conversation.title.replace(/[^\p{L}\p{N} ._-]/gu, "").trim().slice(0, 60);
    const download = `${name || "conversation"}.${format === "json" ? "json" : "md"}`;
    el("a", { href: address, download }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  } catch (error) {
    toast(said(error));
  }
}
