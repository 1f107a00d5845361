/** The page: starts everything, follows the address, and joins the parts that do not know each other. */

import { isNarrow, startShortcuts, trapFocus } from "./a11y.js";
import * as api from "./api.js";
import { Chat } from "./chat.js";
import { Conversations } from "./conversations.js";
import { askText } from "./dialog.js";
import { Documents } from "./documents.js";
import { byId, el } from "./dom.js";
import { Models } from "./models.js";
import { problem } from "./notice.js";
import { go, route } from "./router.js";
import { session } from "./session.js";
import { SourcePanel } from "./sources.js";
import { setApiKey } from "./storage.js";
import { startTheme } from "./theme.js";

const LOADING_MS = 700;
const VIEWS = /** @type {const} */ (["chat", "documents", "models"]);

startTheme(byId("theme"));

const source = new SourcePanel({ resized });
const documents = new Documents();
const models = new Models();
const conversations = new Conversations({
  forget: (id) => chat.forget(id),
  renamed: (conversation) => chat.renamed(conversation),
});
const chat = new Chat({
  openSource: (answer, where, opener) => {
    const library = answer.grounds?.library ?? session.model?.dragon.library ?? "default";
    const { document: path, title, start, end } = where;
    const citation = "quote" in where ? where : undefined;
    const siblings = answer.citations;
    source.open({ library, document: path, title, start, end, citation, siblings }, opener);
  },
  closeSource: () => source.close(),
  known: (conversation) => conversations.known(conversation),
  title: (text) => retitle(text),
});

/** Keeps what is being read in its place while the source panel comes or goes. @param {() => void} change */
function resized(change) {
  const answers = [...document.querySelectorAll("#view-chat .answer, #view-chat .question")];
  const inSight = answers.find((node) => node.getBoundingClientRect().bottom > 0);
  const settle = inSight && chat.hold(/** @type {HTMLElement} */ (inSight));
  change();
  byId("app").classList.toggle("with-source", source.isOpen);
  showScrim();
  settle?.();
}

/** @param {string} text */
function retitle(text) {
  byId("topbar-title").textContent = text;
  document.title = text === "New conversation" ? "dRAGon" : `${text} · dRAGon`;
}

function showScrim() {
  const covering = isNarrow() && (sidebarIsOpen() || source.isOpen);
  byId("scrim").hidden = !covering;
}

const sidebarIsOpen = () => byId("app").classList.contains("with-sidebar");

/** @param {boolean} open */
function showSidebar(open) {
  byId("app").classList.toggle("with-sidebar", open);
  byId("sidebar-open").setAttribute("aria-expanded", String(open));
  showScrim();
  if (!isNarrow()) return;
  byId(open ? "sidebar-close" : "sidebar-open").focus();
}

function follow() {
  const { view, id, source: place } = route();
  for (const name of VIEWS) byId(`view-${name}`).hidden = name !== view;
  for (const link of document.querySelectorAll("[data-view]")) {
    const current = link.getAttribute("data-view") === view;
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  conversations.mark(view === "chat" && id ? id : "");
  if (view !== "documents") documents.leave();
  if (view !== "models") models.leave();
  if (view !== "chat") source.close();
  if (view === "documents") {
    retitle("Documents");
    documents.open(id);
  } else if (view === "models") {
    retitle("Models");
    models.open(id);
  } else {
    openChat(id, place);
  }
}

/** @param {string | null} id @param {URLSearchParams | null} place */
async function openChat(id, place) {
  await chat.open(id);
  if (!place) return;
  const number = (/** @type {string} */ name) => Number(place.get(name) ?? 0);
  const library = place.get("library") ?? session.config?.default_library ?? "default";
  const there = { library, document: place.get("document") ?? "" };
  source.open({ ...there, start: number("start"), end: number("end") }, null);
}

let asking = false;
async function askForKey() {
  if (asking) return;
  asking = true;
  const text = "This server answers to those who have a key. It is kept until this tab is closed.";
  const key = await askText({ title: "API key", text, label: "Key", action: "Continue", secret: true });
  asking = false;
  if (!key) return;
  setApiKey(key);
  start();
}

async function start() {
  const view = byId("view-chat");
  try {
    while (!(await api.healthy())) {
      if (!view.querySelector(".loading")) view.append(el("p.loading", { role: "status" }, "Starting …"));
      await new Promise((resolve) => setTimeout(resolve, LOADING_MS));
    }
    view.querySelector(".loading")?.remove();
    await session.load();
    view.querySelector(".start-problem")?.remove();
    conversations.refresh();
    follow();
  } catch (error) {
    view.querySelector(".start-problem")?.remove();
    view.prepend(el("div.start-problem", {}, problem(error, start)));
  }
}

startShortcuts({
  search: () => {
    if (isNarrow() && !sidebarIsOpen()) showSidebar(true);
    /** @type {HTMLInputElement} */ (byId("search")).select();
  },
  escape: () => {
    if (sidebarIsOpen()) showSidebar(false);
    else if (!chat.stop()) source.close();
  },
});

byId("sidebar-open").addEventListener("click", () => showSidebar(true));
byId("sidebar-close").addEventListener("click", () => showSidebar(false));
byId("scrim").addEventListener("click", () => (sidebarIsOpen() ? showSidebar(false) : source.close()));
byId("skip").addEventListener("click", () => chat.composer.focus());
trapFocus(byId("sidebar"), () => isNarrow() && sidebarIsOpen());
matchMedia("(max-width: 52rem)").addEventListener("change", showScrim);
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => event.preventDefault()); // never leave for a dropped file
document.addEventListener("dragon:key", askForKey);
window.addEventListener("hashchange", () => {
  if (sidebarIsOpen()) showSidebar(false);
  follow();
});
// The link to a new conversation leads away from an address that may already be it.
for (const link of document.querySelectorAll('a[href="#/"]')) {
  link.addEventListener("click", () => location.hash === "#/" && go("#/", { replace: true }));
}
start();
