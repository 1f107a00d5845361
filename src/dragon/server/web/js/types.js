/**
 * The shapes that the server sends. Times are Unix seconds; offsets count code points.
 *
 * @typedef {{ number: number, document: string, title: string, heading: string, quote: string,
 *   start: number, end: number, sentence: string, sentence_start: number, wording: string,
 *   wording_start: number, wording_end: number, score: number | null, disputed: boolean, url: string
 * }} Citation
 * @typedef {{ document: string, title: string, heading: string, text: string, start: number,
 *   end: number, score: number }} Passage
 * @typedef {{ abstained: boolean, contradiction: boolean, asked: string, library: string,
 *   citations: Citation[], passages: Passage[], cached: boolean,
 *   timings: { retrieve_ms: number, first_token_ms: number, total_ms: number } }} Grounds
 * @typedef {{ rating: "up" | "down", comment: string }} Feedback
 * @typedef {{ id: string, role: "user" | "assistant", content: string, created: number,
 *   model: string | null, stopped: boolean, dragon: Grounds | null, feedback: Feedback | null
 * }} Message
 * @typedef {{ id: string, title: string, model: string, created: number, updated: number,
 *   snippet: string | null }} Conversation
 * @typedef {{ files: number, files_total: number, bytes: number, bytes_total: number,
 *   document: string }} IndexProgress
 * @typedef {{ id: string, name: string, model: string, default: boolean,
 *   source: "folder" | "index" | "uploads", watch: number, folders: string[], documents: number, failed: number,
 *   passages: number, indexing: boolean, progress: IndexProgress | null, problem: string | null,
 *   created: number }} Library
 * @typedef {{ document: string, title: string, size: number, characters: number, passages: number,
 *   status: "ready" | "indexing" | "failed", reason: string | null, removable: boolean
 * }} DocumentRow
 * @typedef {{ loss: [number, number][], validation: [number, number][] }} Curve
 * @typedef {{ id: string, model: string, fine_tuned_model: string | null,
 *   status: "validating_files" | "queued" | "running" | "succeeded" | "failed" | "cancelled",
 *   error: { message: string } | null, dragon: { name: string, step: number, steps: number,
 *   loss: number | null, served: boolean, library: string | null, conversations?: number, curve?: Curve } }} Job
 * @typedef {{ id: string, dragon: { kind: "documents" | "raw" | "fine-tuned" | "embedder", library: string | null,
 *   library_name: string | null, reader: string, documents: number, memory_bytes: number,
 *   card?: string } }} Model
 * @typedef {{ name: string, version: string, auth: boolean, default_library: string,
 *   default_model: string, scopes: string[], upload: { max_bytes: number, suffixes: string[] },
 *   max_question: number, generator: boolean }} Config
 * @typedef {{ library: string, document: string, title: string, characters: number, start: number,
 *   end: number, before: string, quote: string, after: string, begins: boolean, ends: boolean,
 *   headings: string }} Source
 */

export {};
