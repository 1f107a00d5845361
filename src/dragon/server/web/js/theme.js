/** The theme: as the system has it, light or dark. In: a button. Out: data-theme on the root. */

import { drawn, fill } from "./dom.js";
import { kept, keep } from "./storage.js";

const THEMES = /** @type {const} */ (["auto", "light", "dark"]);
const ICONS = { auto: "auto", light: "sun", dark: "moon" };
const NAMES = { auto: "System theme", light: "Light theme", dark: "Dark theme" };

/** @param {HTMLElement} button */
export function startTheme(button) {
  let theme = THEMES.find((name) => name === kept("theme")) ?? "auto";
  const show = () => {
    const root = document.documentElement;
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    fill(button, drawn(ICONS[theme]), NAMES[theme]);
    button.setAttribute("aria-label", `${NAMES[theme]}; change it`);
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    keep("theme", theme);
    show();
  });
  show();
}
