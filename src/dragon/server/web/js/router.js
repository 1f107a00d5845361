/** Addresses within the page: the part after "#/" says which view is open and on what. */

/**
 * @typedef {{ view: "chat" | "documents" | "models", id: string | null,
 *   source: URLSearchParams | null }} Route
 */

/** @returns {Route} */
export function route() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [head, ...rest] = path.split("/");
  const id = rest.length ? decoded(rest.join("/")) : null;
  if (head === "documents" || head === "models") return { view: head, id, source: null };
  const source = head === "source" ? new URLSearchParams(search) : null;
  return { view: "chat", id: head === "c" ? id : null, source };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string} id */
export const conversationAddress = (id) => `#/c/${encodeURIComponent(id)}`;

/**
 * Goes to an address; with `replace` the way back skips where we are.
 * @param {string} address
 * @param {{ replace?: boolean, quiet?: boolean }} [options] quiet: nobody is told
 */
export function go(address, { replace = false, quiet = false } = {}) {
  if (quiet || replace) {
    history[replace ? "replaceState" : "pushState"](null, "", address);
    if (!quiet) window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = address;
  }
}
