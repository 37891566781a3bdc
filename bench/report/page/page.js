// Everything on this page can be read without this script. It lets a reader choose what is shown, sort tables, see the
// value under the pointer, and change between light and dark.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const remember = (key, value) => { try { localStorage.setItem("poolbench-" + key, value); } catch { /* a page from a file may not */ } };
  const recall = (key) => { try { return localStorage.getItem("poolbench-" + key); } catch { return null; } };

  // Light and dark: as the system prefers, until the reader says otherwise.
  const theme = document.getElementById("theme");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (document.documentElement.dataset.theme || (prefersDark.matches ? "dark" : "light")) === "dark";
  const label = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `Change to ${dark() ? "light" : "dark"} colours`); };
  if (["light", "dark"].includes(recall("theme"))) document.documentElement.dataset.theme = recall("theme");
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    remember("theme", document.documentElement.dataset.theme);
    label();
  });
  prefersDark.addEventListener("change", label);
  label();
  theme.hidden = false;

  // What belongs to a strategy: its marks in pictures, and the rows of tables that begin with its name.
  const rows = all("main tbody tr").map((row) => [row, row.cells[0]?.textContent.trim() ?? ""]);
  const marks = all("[data-strategy]");
  const belongs = (name, strategy) => name === strategy || name.startsWith(strategy + ", again") || name.startsWith(strategy + ", at ");
  const strategies = all("#strategies input"), scenarios = all("#scenarios input");
  const show = () => {
    const hidden = new Set(strategies.filter((box) => !box.checked).map((box) => box.value));
    for (const mark of marks) mark.style.display = hidden.has(mark.dataset.strategy) ? "none" : "";
    for (const [row, name] of rows) row.hidden = [...hidden].some((strategy) => belongs(name, strategy));
    const left = new Set(scenarios.filter((box) => !box.checked).map((box) => box.value));
    for (const section of all("section[data-scenario]")) section.hidden = left.has(section.dataset.scenario);
    for (const item of all("#contents li.scenario")) item.hidden = left.has(item.textContent.trim());
  };
  for (const box of [...strategies, ...scenarios]) box.addEventListener("change", show);
  for (const button of all("[data-all]")) {
    button.addEventListener("click", () => {
      for (const box of all("input", button.closest("fieldset"))) box.checked = button.dataset.all === "1";
      show();
    });
  }
  document.getElementById("choose").hidden = false;

  // Tables sort by the column that is chosen: by its first number where all cells have one, else by its text.
  const words = (cell) => {
    const copy = cell.cloneNode(true);
    for (const note of all("sup", copy)) note.remove(); // the mark of a footnote is no part of the value
    return copy.textContent.trim();
  };
  const value = (cell) => {
    const found = words(cell).replace(/,/g, "").match(/\d+(\.\d+)?/);
    return found ? parseFloat(found[0]) : NaN;
  };
  for (const table of all("main table")) {
    const body = table.tBodies[0];
    if (!body || body.rows.length < 2) continue;
    all("thead th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of all("th", table)) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const at = (line) => line.cells[column];
        const way = up ? 1 : -1;
        const numbers = column > 0 && [...body.rows].some((line) => !Number.isNaN(value(at(line))));
        if (numbers) { // what has no number goes last, either way
          const some = [...body.rows].filter((line) => !Number.isNaN(value(at(line))));
          const none = [...body.rows].filter((line) => Number.isNaN(value(at(line))));
          body.append(...some.sort((a, b) => way * (value(at(a)) - value(at(b)))), ...none);
        } else {
          body.append(...[...body.rows].sort((a, b) => way * words(at(a)).localeCompare(words(at(b)), "en", { numeric: true })));
        }
      });
    });
  }

  // The text of a mark, at once and beside the pointer. It stays in the mark for who has it read.
  const tip = document.getElementById("tip");
  for (const mark of all("g.mark")) {
    const title = mark.querySelector(":scope > title");
    if (!title) continue;
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", title.textContent);
    title.remove(); // or the browser would show it a second time
    mark.addEventListener("pointermove", (event) => {
      tip.textContent = mark.getAttribute("aria-label");
      tip.hidden = false;
      const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8), y = event.clientY + 16;
      tip.style.left = Math.max(8, x) + "px";
      tip.style.top = (y + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : y) + "px";
    });
    mark.addEventListener("pointerleave", () => { tip.hidden = true; });
  }

  // Where there is room, the contents stay open.
  if (matchMedia("(min-width: 80rem)").matches) document.getElementById("contents").open = true;
})();
