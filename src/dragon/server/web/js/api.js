/**
 * The server, as functions. In: plain values. Out: promises of what types.js describes, or an
 * ApiError whose message is made to be shown.
 */

import { apiKey } from "./storage.js";

/** @typedef {import("./types.js").Config} Config */
/** @typedef {import("./types.js").Conversation} Conversation */
/** @typedef {import("./types.js").DocumentRow} DocumentRow */
/** @typedef {import("./types.js").Feedback} Feedback */
/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./types.js").Library} Library */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Model} Model */
/** @typedef {import("./types.js").Source} Source */

const UNREACHABLE = "The server does not answer. Is it still running?";

/** What went wrong, in the server's words; status 0 where it could not be reached. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   * @param {string | null} code
   */
  constructor(message, status, code = null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** @returns {Record<string, string>} */
function headers() {
  const key = apiKey();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, signal?: AbortSignal, keepalive?: boolean }} [options]
 * @returns {Promise<Response>}
 */
async function send(method, path, { body, signal, keepalive } = {}) {
  const json = { "Content-Type": "application/json" };
  const sent = method === "GET" ? headers() : { ...headers(), ...json };
  const text = body === undefined ? undefined : JSON.stringify(body);
  let response;
  try {
    response = await fetch(path, { method, headers: sent, body: text, signal, keepalive });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(UNREACHABLE, 0);
  }
  if (response.ok) return response;
  throw failure(response.status, await response.text().catch(() => ""));
}

/**
 * @param {number} status
 * @param {string} text
 */
function failure(status, text) {
  let error;
  try {
    ({ error } = JSON.parse(text));
  } catch {
    // Not ours: a proxy's page, perhaps.
  }
  const message = error?.message ?? `The server refused this (HTTP ${status}).`;
  if (status === 401) document.dispatchEvent(new CustomEvent("dragon:key"));
  return new ApiError(message, status, error?.code ?? null);
}

/**
 * @template T
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, signal?: AbortSignal, keepalive?: boolean }} [options]
 * @returns {Promise<T>}
 */
async function call(method, path, options) {
  return (await send(method, path, options)).json();
}

/** @param {Record<string, string | number>} values */
function query(values) {
  return `?${new URLSearchParams(Object.entries(values).map(([name, v]) => [name, String(v)]))}`;
}

const part = encodeURIComponent;

/** @returns {Promise<Config>} */
export const config = () => call("GET", "/api/config");

/**
 * Whether the server is ready to answer.
 * @returns {Promise<boolean>}
 * @throws {ApiError} where it is not there, or never will be ready
 */
export async function healthy() {
  const response = await fetch("/health").catch(() => {
    throw new ApiError(UNREACHABLE, 0);
  });
  const { status, problem } = await response.json();
  if (status === "failed") throw new ApiError(problem, response.status);
  return response.ok;
}

/** @returns {Promise<Model[]>} */
export const models = async () => (await call("GET", "/v1/models")).data;

/** @param {string} id @returns {Promise<Model>} */
export const model = (id) => call("GET", `/v1/models/${part(id)}`);

/** @param {string} id @returns {Promise<unknown>} */
export const deleteModel = (id) => call("DELETE", `/v1/models/${part(id)}`);

/** @returns {Promise<Job[]>} the newest first */
export const jobs = async () => (await call("GET", "/v1/fine_tuning/jobs")).data;

/** @param {string} id @returns {Promise<Job>} with its curve */
export const job = (id) => call("GET", `/v1/fine_tuning/jobs/${part(id)}`);

/** @param {Record<string, unknown>} body @returns {Promise<Job>} */
export const createJob = (body) => call("POST", "/v1/fine_tuning/jobs", { body });

/** @param {string} id @returns {Promise<Job>} */
export const cancelJob = (id) => call("POST", `/v1/fine_tuning/jobs/${part(id)}/cancel`, { body: {} });

/** @returns {Promise<Library[]>} */
export const libraries = async () => (await call("GET", "/api/libraries")).libraries;

/** @param {string} id @returns {Promise<Library>} */
export const library = (id) => call("GET", `/api/libraries/${part(id)}`);

/** @param {string} name @returns {Promise<Library>} */
export const createLibrary = (name) => call("POST", "/api/libraries", { body: { name } });

/** @param {string} id @param {string} name @returns {Promise<Library>} */
export const renameLibrary = (id, name) =>
  call("PATCH", `/api/libraries/${part(id)}`, { body: { name } });

/** @param {string} id @param {number} watch seconds, 0 for never @returns {Promise<Library>} */
export const watchLibrary = (id, watch) =>
  call("PATCH", `/api/libraries/${part(id)}`, { body: { watch } });

/** @param {string} id @returns {Promise<unknown>} */
export const deleteLibrary = (id) => call("DELETE", `/api/libraries/${part(id)}`);

/** @param {string} id @returns {Promise<Library>} */
export const reindex = (id) => call("POST", `/api/libraries/${part(id)}/reindex`, { body: {} });

/** @param {string} id @returns {Promise<{ documents: DocumentRow[], indexing: boolean }>} */
export const documents = (id) => call("GET", `/api/documents${query({ library: id })}`);

/** @param {string} id @param {string} document @returns {Promise<unknown>} */
export const deleteDocument = (id, document) =>
  call("DELETE", `/api/documents${query({ library: id, document })}`);

/**
 * @param {string} id
 * @returns {Promise<{ document: string, title: string, heading: string }[]>}
 */
export const headings = async (id) =>
  (await call("GET", `/api/headings${query({ library: id, limit: 60 })}`)).headings;

/**
 * @param {{ library: string, document: string, start: number, end: number, around: number }} where
 * @returns {Promise<Source>}
 */
export const source = (where) => call("GET", `/api/source${query(where)}`);

/**
 * @param {string} q words to search for
 * @param {number} offset
 * @returns {Promise<{ conversations: Conversation[], total: number }>}
 */
export const conversations = (q, offset = 0) =>
  call("GET", `/api/conversations${query({ q, limit: 50, offset })}`);

/** @param {string} id @returns {Promise<Conversation & { messages: Message[] }>} */
export const conversation = (id) => call("GET", `/api/conversations/${part(id)}`);

/** @param {string} model @returns {Promise<Conversation>} */
export const createConversation = (model) =>
  call("POST", "/api/conversations", { body: { model } });

/** @param {string} id @param {string} title @returns {Promise<Conversation>} */
export const renameConversation = (id, title) =>
  call("PATCH", `/api/conversations/${part(id)}`, { body: { title } });

/** Sent even when the page is being closed. @param {string} id @returns {Promise<unknown>} */
export const deleteConversation = (id) =>
  call("DELETE", `/api/conversations/${part(id)}`, { keepalive: true });

/** @param {string} id @param {"markdown" | "json"} format @returns {Promise<Blob>} */
export const exported = async (id, format) =>
  (await send("GET", `/api/conversations/${part(id)}/export${query({ format })}`)).blob();

/**
 * @param {string} id of the message
 * @param {"up" | "down" | null} rating
 * @param {string} comment
 * @returns {Promise<Message>}
 */
export const rate = (id, rating, comment = "") =>
  call("PUT", `/api/messages/${part(id)}/feedback`, { body: { rating, comment } });

/**
 * @param {string} id of the conversation
 * @param {{ content: string, model: string, replace?: string }} body
 * @param {AbortSignal} signal
 * @returns {Promise<ReadableStream<Uint8Array>>}
 */
export async function ask(id, body, signal) {
  const path = `/api/conversations/${part(id)}/messages`;
  const response = await send("POST", path, { body, signal });
  if (!response.body) throw new ApiError("The server sent no answer.", response.status);
  return response.body;
}

/**
 * Sends one file; fetch cannot say how far an upload has come.
 * @param {string} id of the library
 * @param {File} file
 * @param {(share: number) => void} onprogress from 0 to 1
 * @returns {{ done: Promise<{ documents: DocumentRow[] }>, abort: () => void }}
 */
export function upload(id, file, onprogress) {
  return sent(`/api/documents${query({ library: id })}`, file, {}, onprogress);
}

/**
 * Sends a file that a model is to learn from.
 * @param {File} file
 * @param {(share: number) => void} onprogress from 0 to 1
 * @returns {Promise<{ id: string }>}
 */
export const uploadExamples = (file, onprogress) =>
  sent("/v1/files", file, { purpose: "fine-tune" }, onprogress).done;

/**
 * @param {string} path
 * @param {File} file
 * @param {Record<string, string>} fields
 * @param {(share: number) => void} onprogress
 * @returns {{ done: Promise<any>, abort: () => void }}
 */
function sent(path, file, fields, onprogress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.onprogress = (event) => onprogress(event.loaded / (event.total || 1));
    request.onerror = () => reject(new ApiError(UNREACHABLE, 0));
    request.onabort = () => reject(new ApiError("Cancelled.", 0, "cancelled"));
    request.onload = () => {
      if (request.status < 400) resolve(JSON.parse(request.responseText));
      else reject(failure(request.status, request.responseText));
    };
  });
  request.open("POST", path);
  for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file, file.name);
  request.send(form);
  return { done, abort: () => request.abort() };
}
