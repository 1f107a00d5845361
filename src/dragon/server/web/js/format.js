/** Numbers, times and names as people read them. */

const PLURALS = new Intl.PluralRules("en");
const NUMBERS = new Intl.NumberFormat("en");

/**
 * @param {number} count
 * @param {string} noun in the singular
 * @example counted(2, "passage") // "2 passages"
 */
export function counted(count, noun) {
  return `${NUMBERS.format(count)} ${noun}${PLURALS.select(count) === "one" ? "" : "s"}`;
}

/** @param {number} count */
export const grouped = (count) => NUMBERS.format(count);

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** @param {number} ms */
export function duration(ms) {
  if (ms < 1000) return `${Math.max(1, Math.round(ms))} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}

/** @param {number} share from 0 to 1 */
export const percent = (share) => `${Math.round(100 * share)}%`;

/**
 * Headings above a passage as the server joins them, in a form that is quiet to read.
 * @param {string} headings
 */
export const crumbs = (headings) => headings.split(" > ").join(" › ");

/** @param {string} path */
export function fileName(path) {
  return path.split(/[/\\]/).pop() || path;
}

/**
 * The day that a group of conversations carries as its heading.
 * @param {number} seconds since 1970
 * @param {Date} [now]
 */
export function dayGroup(seconds, now = new Date()) {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const days = Math.ceil((midnight - seconds * 1000) / 86_400_000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return days <= 7 ? "Last seven days" : "Earlier";
}

/**
 * Characters a to b, counted as the server counts them: in code points, not UTF-16 units.
 * @param {string} text
 * @param {number} a
 * @param {number} [b]
 */
export function codePoints(text, a, b) {
  return Array.from(text).slice(a, b).join("");
}

/** @param {string | null} reason why a file is not in the library */
export function asSentence(reason) {
  const text = reason || "It could not be read.";
  return text[0].toUpperCase() + text.slice(1);
}
