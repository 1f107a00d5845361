/** Small choices that this browser remembers. Storage can be forbidden; then nothing is kept. */

/**
 * @param {string} name
 * @returns {string | null}
 */
export function kept(name) {
  try {
    return localStorage.getItem(`dragon.${name}`);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function keep(name, value) {
  try {
    localStorage.setItem(`dragon.${name}`, value);
  } catch {
    // Forbidden: the choice holds until the page is closed.
  }
}

const KEY = "dragon.key";
let key = "";

/** The API key; for this tab only, and gone with it. */
export function apiKey() {
  try {
    return sessionStorage.getItem(KEY) ?? key;
  } catch {
    return key;
  }
}

/** @param {string} value */
export function setApiKey(value) {
  key = value;
  try {
    sessionStorage.setItem(KEY, value);
  } catch {
    // Forbidden: the variable holds it.
  }
}
