/** Adding files: dropped anywhere in the view or chosen; a line for each with how far it has come. */

import * as api from "./api.js";
import { announce } from "./a11y.js";
import { drawn, el, fill, iconButton } from "./dom.js";
import { asSentence, size } from "./format.js";
import { problem } from "./notice.js";
import { session } from "./session.js";

/** @typedef {import("./types.js").DocumentRow} DocumentRow */

const AT_ONCE = 2;

export class Uploads {
  library = "";
  /** @type {(() => Promise<void>)[]} */
  #waiting = [];
  #active = 0;

  /** @param {(file: File, rows: DocumentRow[]) => void} done told what became of each file */
  constructor(done) {
    this.done = done;
    const choose = (/** @type {Event} */ event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      this.add([...(input.files ?? [])]);
      input.value = "";
    };
    this.input = el("input.visually-hidden", { type: "file", multiple: true, id: "files", onchange: choose });
    this.zone = el(
      "label.drop",
      { for: "files" },
      drawn("upload"),
      el("span", {}, "Drop files here, or ", el("u", {}, "choose them")),
      el("span.small.muted", { id: "upload-kinds" }),
    );
    this.list = el("ul.uploads", { "aria-label": "Uploads" });
    this.node = el("div.adding", {}, this.input, this.zone, this.list);
    session.addEventListener("models", () => this.#showKinds());
  }

  #showKinds() {
    const limits = session.config?.upload;
    const kinds = this.zone.querySelector("#upload-kinds");
    if (!limits || !kinds) return;
    const names = ["pdf", "docx", "md", "txt", "html", "csv", "json"];
    const read = names.filter((name) => limits.suffixes.includes(`.${name}`));
    fill(kinds, `${read.join(", ")} and more, up to ${size(limits.max_bytes)} each`);
    this.node.hidden = !session.may("documents");
    this.input.setAttribute("accept", limits.suffixes.join(","));
  }

  /** Files may be dropped anywhere on a node. @param {HTMLElement} node */
  catchDrops(node) {
    const over = (/** @type {boolean} */ on) => node.classList.toggle("dropping", on);
    node.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      over(true);
    });
    node.addEventListener("dragleave", (event) => {
      if (!node.contains(/** @type {Node | null} */ (event.relatedTarget))) over(false);
    });
    node.addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      this.add([...(event.dataTransfer?.files ?? [])]);
    });
  }

  /** @param {File[]} files */
  add(files) {
    for (const file of files) this.#line(file);
    this.#next();
  }

  #next() {
    while (this.#active < AT_ONCE) {
      const job = this.#waiting.shift();
      if (!job) return;
      this.#active += 1;
      job().finally(() => {
        this.#active -= 1;
        this.#next();
      });
    }
  }

  /** @param {File} file */
  #line(file) {
    const bar = el("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
    const state = el("span.small.muted", {}, "waiting");
    let cancel = () => {
      this.#waiting = this.#waiting.filter((job) => job !== send);
      row.remove();
    };
    const stop = iconButton("close", `Cancel ${file.name}`, () => cancel());
    const row = el("li.upload", {}, el("span.truncate", { title: file.name }, file.name), bar, state, stop);
    const { library } = this;
    const send = async () => {
      const { done, abort } = api.upload(library, file, (share) => {
        bar.value = share;
        state.textContent = share < 1 ? `${Math.round(100 * share)}%` : "storing";
      });
      cancel = abort;
      try {
        const { documents } = await done;
        const refused = documents.find(({ status }) => status === "failed");
        if (refused) return this.#failed(row, file, sentence(refused.reason));
        row.remove();
        announce(`${file.name} is stored.`);
        if (library === this.library) this.done(file, documents);
      } catch (error) {
        if (error instanceof api.ApiError && error.code === "cancelled") return row.remove();
        const retry = () => {
          row.remove();
          this.add([file]);
        };
        this.#failed(row, file, problem(error, retry));
      }
    };
    this.#waiting.push(send);
    this.list.append(row);
  }

  /**
   * The line stays until it is dismissed: a file that was refused stands in no other list.
   * @param {HTMLElement} row
   * @param {File} file
   * @param {HTMLElement} why
   */
  #failed(row, file, why) {
    const dismiss = iconButton("close", `Dismiss ${file.name}`, () => row.remove());
    const name = el("span.truncate", { title: file.name }, file.name);
    row.classList.add("failed");
    fill(row, name, dismiss, why);
  }
}

/** @param {string | null} reason */
function sentence(reason) {
  return el("div.reason", { role: "alert" }, drawn("warning"), asSentence(reason));
}
