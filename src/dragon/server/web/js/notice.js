/** Errors as one calm line with a way on. */

import { ApiError } from "./api.js";
import { drawn, el } from "./dom.js";

/**
 * @param {unknown} error
 * @param {() => void} [retry]
 */
export function problem(error, retry) {
  const again = retry && el("button.button", { type: "button", onclick: retry }, "Try again");
  return el("div.notice", { role: "alert" }, drawn("warning"), el("span", {}, said(error)), again);
}

/**
 * An error in words. Only the server's own errors are worth a user's reading.
 * @param {unknown} error
 */
export function said(error) {
  if (error instanceof ApiError) return error.message;
  console.error(error);
  return "Something in this page went wrong. Reloading it may help.";
}
