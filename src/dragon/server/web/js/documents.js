/** The documents of a library: what is in it, what could not be read and why, adding and removing. */

import * as api from "./api.js";
import { announce } from "./a11y.js";
import { confirmed } from "./dialog.js";
import { byId, drawn, el, fill, iconButton } from "./dom.js";
import { asSentence, counted, grouped, size } from "./format.js";
import { LibraryBar } from "./libraries.js";
import { problem, said } from "./notice.js";
import { session } from "./session.js";
import { toast } from "./toast.js";
import { Uploads } from "./uploads.js";

/** @typedef {import("./types.js").DocumentRow} DocumentRow */
/** @typedef {import("./types.js").Library} Library */

const POLL_MS = 1000;
const SHOWN = 200; // rows; a library may hold many thousands

export class Documents {
  /** @type {DocumentRow[]} */
  #rows = [];
  /** @type {Library | null} */
  #library = null;
  #timer = 0;
  #reading = false; // until the end of it has been told
  #shown = SHOWN;

  constructor() {
    this.bar = new LibraryBar(() => {
      this.#reading = true;
      this.refresh();
    });
    this.uploads = new Uploads((file, result) => this.#uploaded(file, result));
    this.status = el("div.library-status");
    this.filter = el("input.field", {
      type: "search",
      placeholder: "Filter by name",
      "aria-label": "Filter documents by name",
      oninput: () => this.#drawRows(),
    });
    this.body = el("tbody");
    this.note = el("div.table-note");
    const columns = ["Document", "Size", "Passages", ""].map((text) =>
      el("th", { scope: "col" }, text || el("span.visually-hidden", {}, "Actions")),
    );
    this.table = el("table.documents", {}, el("thead", {}, el("tr", {}, columns)), this.body);
    this.list = el("div.documents-list", {}, this.filter, this.table, this.note);
    const page = el("div.page", {}, this.bar.node, this.status, this.uploads.node, this.list);
    fill(byId("view-documents"), page);
    this.uploads.catchDrops(byId("view-documents"));
  }

  /** @param {string | null} id of the library */
  async open(id) {
    clearTimeout(this.#timer);
    this.#shown = SHOWN;
    this.filter.value = "";
    try {
      this.#library = await this.bar.show(id);
      this.uploads.library = this.#library.id;
      await this.refresh();
    } catch (error) {
      fill(this.status, problem(error, () => this.open(id)));
    }
  }

  leave() {
    clearTimeout(this.#timer);
  }

  async refresh() {
    clearTimeout(this.#timer);
    const id = this.#library?.id;
    if (!id) return;
    try {
      const [library, found] = await Promise.all([api.library(id), api.documents(id)]);
      if (id !== this.#library?.id) return;
      this.#library = library;
      this.#rows = ordered(found.documents);
      this.bar.update(library);
      this.#draw(library);
      if (library.indexing || found.indexing) {
        this.#reading = true;
        this.#timer = setTimeout(() => this.refresh(), POLL_MS);
      } else if (this.#reading) {
        this.#finished(library);
      }
    } catch (error) {
      fill(this.status, problem(error, () => this.refresh()));
    }
  }

  /** @param {Library} library */
  #finished(library) {
    this.#reading = false;
    announce(`Reading is complete: ${counted(library.documents, "document")}.`);
    session.refresh().catch(() => {});
  }

  /** @param {Library} library */
  #draw(library) {
    const failed = library.problem && new api.ApiError(library.problem, 500);
    fill(this.status, failed && problem(failed, () => this.bar.reindex()));
    this.#drawRows();
  }

  #drawRows() {
    const words = this.filter.value.trim().toLowerCase();
    const rows = this.#rows.filter((row) => `${row.document} ${row.title}`.toLowerCase().includes(words));
    this.filter.hidden = this.#rows.length < 8;
    this.table.hidden = rows.length === 0;
    fill(this.body, rows.slice(0, this.#shown).map((row) => this.#row(row)));
    fill(this.note, this.#noteOf(rows.length));
  }

  /** @param {number} count of rows that pass the filter */
  #noteOf(count) {
    if (!this.#rows.length) return el("p.muted", {}, "No documents yet.");
    if (!count) return el("p.muted", {}, "No document has such a name.");
    if (count <= this.#shown) return null;
    const onclick = () => {
      this.#shown *= 4;
      this.#drawRows();
    };
    const text = `Show more of ${grouped(count)}`;
    return el("button.button", { type: "button", onclick }, text);
  }

  /** @param {DocumentRow} row */
  #row(row) {
    const { document: path, title, status, reason, removable } = row;
    const remove =
      removable && iconButton("trash", `Remove ${path}`, () => this.#remove(row));
    const name = el(
      "td.document-name",
      {},
      el("span.document-title", {}, title || path),
      title && title !== path && el("span.document-path", {}, path),
      status === "failed" && el("span.reason", {}, drawn("warning"), asSentence(reason)),
    );
    const reading = el("span.reading", {}, "reading …");
    const passages = { ready: grouped(row.passages), failed: "–", indexing: reading }[status];
    return el(
      "tr",
      { dataset: { status } },
      name,
      el("td.figure", {}, size(row.size)),
      el("td.figure", {}, passages),
      el("td.document-actions", {}, remove),
    );
  }

  /** @param {DocumentRow} row */
  async #remove(row) {
    const library = this.#library;
    const text = "It will not be read or quoted any more. Your own copy of the file is not touched.";
    const title = `Remove ${row.title || row.document}?`;
    if (!library || !(await confirmed({ title, text, action: "Remove" }))) return;
    try {
      await api.deleteDocument(library.id, row.document);
      toast(`${row.title || row.document} is removed.`);
    } catch (error) {
      toast(said(error));
    }
    await this.refresh();
    session.refresh().catch(() => {});
  }

  /** @param {File} file @param {DocumentRow[]} result */
  #uploaded(file, result) {
    for (const row of result) {
      this.#rows = ordered([row, ...this.#rows.filter((old) => old.document !== row.document)]);
    }
    this.#reading = true;
    this.#drawRows();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), POLL_MS / 4);
  }
}

/** What needs attention first, then by name. @param {DocumentRow[]} rows */
function ordered(rows) {
  const rank = { failed: 0, indexing: 1, ready: 2 };
  const byName = new Intl.Collator("en", { numeric: true });
  return [...rows].sort(
    (a, b) => rank[a.status] - rank[b.status] || byName.compare(a.document, b.document),
  );
}
