// A classic script, run before the first paint, so that nobody who chose a theme sees the other flash.
try {
  const theme = localStorage.getItem("dragon.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage can be forbidden; the system's theme then holds.
}
