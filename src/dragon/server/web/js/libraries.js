/** The head of the documents view: which library, and what can be done with it as a whole. */

import * as api from "./api.js";
import { askText, confirmed } from "./dialog.js";
import { drawn, el, fill, iconButton } from "./dom.js";
import { counted, grouped } from "./format.js";
import { openMenu } from "./menu.js";
import { said } from "./notice.js";
import { go } from "./router.js";
import { session } from "./session.js";
import { toast } from "./toast.js";

/** @typedef {import("./types.js").Library} Library */

const WATCH_SECONDS = 30;

/** @param {string} id */
const address = (id) => `#/documents/${encodeURIComponent(id)}`;

export class LibraryBar {
  /** @type {Library[]} */
  #all = [];
  /** @type {Library | null} */
  #library = null;

  /** @param {() => void} changed told after something was started here */
  constructor(changed) {
    this.changed = changed;
    this.title = el("h1", {}, "Documents");
    this.counts = el("p.muted", {}, "\u00a0");
    this.folders = el("p.small.muted.folders");
    this.select = el("select.field", {
      "aria-label": "Library",
      onchange: () => go(address(this.select.value)),
    });
    this.again = el(
      "button.button",
      { type: "button", onclick: () => this.reindex() },
      drawn("again"),
      "Re-index",
    );
    this.more = iconButton("more", "More for this library", () => this.#menu(), {
      "aria-haspopup": "menu",
      "aria-expanded": "false",
    });
    const controls = el("div.controls", {}, this.select, this.again, this.more);
    const words = el("div.page-words", {}, this.title, this.counts, this.folders);
    this.progress = el("progress", { "aria-label": "Reading", "aria-hidden": "true" });
    this.node = el("header.page-head.library-head", {}, words, controls, this.progress);
  }

  /** @param {string | null} id @returns {Promise<Library>} */
  async show(id) {
    this.#all = await api.libraries();
    const wanted = id ?? session.model?.dragon.library ?? session.config?.default_library;
    const known = this.#all.find((library) => library.id === wanted);
    const library = known ?? this.#all.find((one) => one.default) ?? this.#all[0];
    if (!library) throw new api.ApiError("The server has no library.", 404);
    const options = this.#all.map((one) => el("option", { value: one.id }, one.name));
    fill(this.select, options);
    this.select.value = library.id;
    this.select.hidden = options.length < 2;
    this.update(library);
    return library;
  }

  /** @param {Library} library */
  update(library) {
    this.#library = library;
    fill(this.title, library.name);
    this.#showProgress(library);
    const failed = library.failed ? `, ${library.failed} could not be read` : "";
    const counts = [counted(library.documents, "document"), counted(library.passages, "passage")];
    if (!library.indexing) fill(this.counts, `${counts.join(", ")}${failed}`);
    const watched = library.watch > 0 && `, looked at every ${counted(library.watch, "second")}`;
    fill(this.folders, library.folders.length > 0 && `From ${library.folders.join(", ")}${watched || ""}`);
    this.again.disabled = library.indexing;
    this.again.hidden = this.more.hidden = !session.may("documents");
  }

  /** In the place of the counts, so that nothing below it moves. @param {Library} library */
  #showProgress({ indexing, progress: at }) {
    this.progress.setAttribute("aria-hidden", String(!indexing));
    this.progress.removeAttribute("value");
    if (!indexing) return;
    if (!at) return fill(this.counts, "Reading …");
    this.progress.max = at.bytes_total || 1;
    this.progress.value = at.bytes;
    const file = grouped(Math.min(at.files + 1, at.files_total));
    fill(this.counts, `Reading file ${file} of ${grouped(at.files_total)}: ${at.document}`);
  }

  async reindex() {
    if (!this.#library) return;
    try {
      this.update(await api.reindex(this.#library.id));
      this.changed();
    } catch (error) {
      toast(said(error));
    }
  }

  #menu() {
    const own = this.#library && !this.#library.default;
    /** @type {import("./menu.js").Item[]} */
    const items = [
      { icon: "plus", label: "New library", act: () => this.#create() },
      { icon: "edit", label: "Rename", act: () => this.#rename() },
    ];
    const { watch = 0, folders = [] } = this.#library ?? {};
    const label = watch ? "Stop watching the folder" : "Watch the folder";
    if (folders.length) items.push({ icon: "again", label, act: () => this.#watch(watch ? 0 : WATCH_SECONDS) });
    const remove = () => this.#delete();
    if (own) items.push({ icon: "trash", label: "Delete library", act: remove, danger: true });
    openMenu(this.more, items);
  }

  async #create() {
    const text = "A library is a set of documents that is asked by itself.";
    const name = await askText({ title: "New library", text, label: "Name", action: "Create" });
    if (!name) return;
    await this.#try(async () => go(address((await api.createLibrary(name)).id)));
  }

  async #rename() {
    const library = this.#library;
    if (!library) return;
    const options = { title: "Rename", label: "Name", value: library.name, action: "Rename" };
    const name = await askText(options);
    if (!name || name === library.name) return;
    await this.#try(async () => {
      await api.renameLibrary(library.id, name);
      await this.show(library.id);
    });
  }

  /** @param {number} seconds */
  async #watch(seconds) {
    const library = this.#library;
    if (library) await this.#try(async () => this.update(await api.watchLibrary(library.id, seconds)));
  }

  async #delete() {
    const library = this.#library;
    if (!library) return;
    const title = `Delete ${library.name}?`;
    const text = "Its documents are removed from this server. This cannot be undone.";
    if (!(await confirmed({ title, text, action: "Delete" }))) return;
    await this.#try(async () => {
      await api.deleteLibrary(library.id);
      go("#/documents", { replace: true }); // may be where we are; its address is no more
    });
  }

  /** @param {() => Promise<void>} act */
  async #try(act) {
    try {
      await act();
      await session.refresh();
    } catch (error) {
      toast(said(error));
    }
  }
}
