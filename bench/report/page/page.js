// Everything on this page can be read without this script. It lets a reader choose what is shown, sort tables, see the
// value under the pointer, and change between light and dark.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const page = document.documentElement;

  // Light and dark: as the system prefers, until the reader says otherwise. What was said before holds before anything
  // is drawn. A page from a file may not be allowed to remember it.
  const remember = (theme) => { try { localStorage.setItem("poolbench-theme", theme); } catch { /* so be it */ } };
  const recall = () => { try { return localStorage.getItem("poolbench-theme"); } catch { return null; } };
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (page.dataset.theme || (prefersDark.matches ? "dark" : "light")) === "dark";
  if (["light", "dark"].includes(recall())) page.dataset.theme = recall();

  const themes = () => {
    const button = document.getElementById("theme");
    const label = () => {
      button.textContent = dark() ? "Light" : "Dark";
      button.setAttribute("aria-label", `${button.textContent} colours`);
    };
    button.addEventListener("click", () => {
      page.dataset.theme = dark() ? "light" : "dark";
      remember(page.dataset.theme);
      label();
    });
    prefersDark.addEventListener("change", label);
    label();
    button.hidden = false;
  };

  // What belongs to a strategy or to a scenario says so: marks in pictures, rows of tables, sections, lines of the
  // contents.
  const choices = () => {
    const kinds = [["strategies", "strategy"], ["scenarios", "scenario"]].map(([field, key]) => ({
      boxes: all(`#${field} input`), key, parts: all(`#contents [data-${key}], main [data-${key}]`), one: key, many: field,
    }));
    // Where rows of a picture are hidden, those under them move up, and the picture ends so much earlier. In other
    // pictures axes and notes stand under the rows, so there a hidden one leaves its place.
    const grids = all("main svg:has([data-row])").map((svg) => ({ svg, box: svg.getAttribute("viewBox").split(" "), rows: all("[data-row]", svg) }));
    const closeUp = () => {
      for (const { svg, box: [x, y, width, height], rows } of grids) {
        let gone = 0;
        for (const row of rows) {
          row.setAttribute("transform", `translate(0 ${-gone})`);
          if (row.hasAttribute("hidden")) gone += Number(row.dataset.row);
        }
        svg.setAttribute("viewBox", [x, y, width, height - gone].join(" "));
      }
    };
    const show = () => {
      const left = [];
      for (const { boxes, key, parts, one, many } of kinds) {
        const hidden = new Set(boxes.filter((box) => !box.checked).map((box) => box.value));
        // An SVG element has no property "hidden", so the attribute is set on all.
        for (const part of parts) part.toggleAttribute("hidden", hidden.has(part.dataset[key]));
        if (hidden.size) left.push(`${boxes.length - hidden.size} of ${boxes.length} ${boxes.length === 1 ? one : many}`);
      }
      closeUp();
      document.getElementById("chosen").textContent = left.join(", ") || "all shown";
    };
    for (const { boxes, many } of kinds) {
      for (const box of boxes) box.addEventListener("change", show);
      for (const button of all(`#${many} [data-all]`)) {
        button.addEventListener("click", () => {
          for (const box of boxes) box.checked = button.dataset.all === "1";
          show();
        });
      }
    }
    document.getElementById("choose").hidden = false;
  };

  // Tables sort by the column that is chosen: up, down, and as they were. A column is one of numbers if whatever it has
  // begins with one; numbers are compared with their units.
  const units = { ns: 1e-9, "µs": 1e-6, ms: 1e-3, s: 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, k: 1e3, M: 1e6, G: 1e9 };
  const number = /^(?:[≥≤<>~×+]|under|over|up to|at least|at most|about)*\s*([-−]?\d[\d,]*(?:\.\d+)?)\s*([a-zµ]*)/i;
  const words = (cell) => {
    const copy = cell.cloneNode(true);
    for (const note of all("sup", copy)) note.remove(); // the mark of a footnote is no part of the value
    return copy.textContent.trim();
  };
  const value = (text) => {
    const found = text.match(number);
    return found ? parseFloat(found[1].replaceAll(",", "").replace("−", "-")) * (units[found[2]] ?? 1) : NaN;
  };
  const absent = (text) => text === "" || text === "–";
  const sorting = (table) => {
    const body = table.tBodies[0];
    if (!body || body.rows.length < 2) return;
    const before = [...body.rows];
    const isSum = (row) => row.cells[0].textContent.trim() === "all" && !row.dataset.strategy;
    const sort = (column, way) => {
      const rows = before.map((row) => ({ row, text: words(row.cells[column]) }));
      const numbers = rows.every(({ text }) => absent(text) || !Number.isNaN(value(text)));
      const compare = (a, b) => numbers ? value(a.text) - value(b.text) : a.text.localeCompare(b.text, "en", { numeric: true });
      // Behind all that can be compared, either way, is what is absent; and a sum is no row among others.
      const rank = ({ row, text }) => isSum(row) ? 2 : absent(text) ? 1 : 0;
      rows.sort((a, b) => rank(a) - rank(b) || (rank(a) ? 0 : way * compare(a, b)));
      body.append(...rows.map(({ row }) => row));
    };
    const heads = all("thead th", table);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[head.getAttribute("aria-sort")];
        for (const other of heads) other.removeAttribute("aria-sort");
        if (next === null) {
          body.append(...before);
          return;
        }
        head.setAttribute("aria-sort", next ?? "ascending");
        sort(column, next === "descending" ? -1 : 1);
      });
    });
  };

  // The text of a mark, at once and beside the pointer.
  const tips = () => {
    const tip = document.getElementById("tip");
    for (const title of all("g.mark > title")) {
      title.parentNode.dataset.tip = title.textContent;
      title.remove(); // or the browser would show it a second time
    }
    const hide = () => { tip.hidden = true; };
    document.addEventListener("pointermove", (event) => {
      const mark = event.target.closest?.("g.mark[data-tip]");
      if (!mark) return hide();
      tip.textContent = mark.dataset.tip;
      tip.hidden = false;
      const x = Math.min(event.clientX + 14, page.clientWidth - tip.offsetWidth - 8), y = event.clientY + 16;
      tip.style.left = Math.max(8, x) + "px";
      tip.style.top = (y + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : y) + "px";
    });
    document.addEventListener("pointerdown", (event) => { if (!event.target.closest?.("g.mark")) hide(); });
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
    page.addEventListener("pointerleave", hide);
    addEventListener("scroll", hide, { passive: true });
  };

  // The bar: its lists stay open where there is room beside the text, and are in the way where there is not.
  const bar = () => {
    const roomy = matchMedia("(min-width: 75rem)");
    const lists = all("#bar details");
    const contents = document.getElementById("contents");
    const settle = () => { contents.open = roomy.matches; };
    roomy.addEventListener("change", settle);
    settle();
    const close = () => { if (!roomy.matches) for (const list of lists) list.open = false; };
    contents.addEventListener("click", (event) => { if (event.target.closest("a")) close(); });
    document.getElementById("bar").addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.target.closest("details")?.querySelector("summary").focus();
      close();
    });
    for (const list of lists) {
      list.addEventListener("toggle", () => {
        if (list.open && !roomy.matches) for (const other of lists) if (other !== list) other.open = false;
      });
    }
    document.querySelector("main").addEventListener("pointerdown", close);
  };

  // Only what does scroll has to be reached by keyboard for it.
  const scrollers = () => {
    const frames = new ResizeObserver((entries) => {
      for (const { target } of entries) {
        if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
        else target.removeAttribute("tabindex");
      }
    });
    for (const frame of all(".scroll")) frames.observe(frame);
  };

  // What is folded away on a screen is on paper. Browsers that print it anyway do no harm.
  const printing = () => {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = all("main details:not([open])");
      for (const part of opened) part.open = true;
    });
    addEventListener("afterprint", () => { for (const part of opened) part.open = false; });
  };

  document.addEventListener("DOMContentLoaded", () => {
    themes();
    choices();
    all("main table").forEach(sorting);
    tips();
    bar();
    scrollers();
    printing();
  });
})();
