// Runs before the first paint. The key and the values are those of src/app/theme.ts.
(() => {
  let choice = "auto";
  try {
    choice = localStorage.getItem("postrider.theme") || "auto";
  } catch {
    // Storage may be forbidden; then the system's theme is used.
  }
  const dark = choice === "dark" || (choice === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
