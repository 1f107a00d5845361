/**
 * Server-sent events (HTML standard, section 9.2). In: a response body. Out: its events, one by one.
 */

/** @typedef {{ event: string, data: string }} ServerEvent */

/**
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<ServerEvent>}
 */
export async function* events(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new Parser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      yield* parser.feed(done ? decoder.decode() : decoder.decode(value, { stream: true }));
      if (done) return;
    }
  } finally {
    // Leaving early must reach the server, which then stops computing.
    reader.cancel().catch(() => {});
  }
}

/** Takes text as it comes, cut anywhere; an event is complete at its empty line. */
export class Parser {
  #rest = "";
  #event = "";
  /** @type {string[]} */
  #data = [];

  /**
   * @param {string} text
   * @returns {Generator<ServerEvent>}
   */
  *feed(text) {
    this.#rest += text;
    // A carriage return at the end may be half of a line ending: it waits for what follows.
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line) this.#field(line);
      else if (this.#data.length) yield this.#take();
      else this.#event = "";
    }
  }

  /** @param {string} line */
  #field(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment that keeps the connection awake
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#event = value;
    if (name === "data") this.#data.push(value);
  }

  /** @returns {ServerEvent} */
  #take() {
    const taken = { event: this.#event || "message", data: this.#data.join("\n") };
    this.#event = "";
    this.#data = [];
    return taken;
  }
}
