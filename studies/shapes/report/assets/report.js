// What the pages do: tables, footnotes, logs, figures, appearance. No library, no network.
(() => {
  "use strict";

  const root = document.documentElement;
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const make = (tag, properties, parent) => {
    const element = Object.assign(document.createElement(tag), properties);
    if (parent) parent.append(element);
    return element;
  };
  // Calls `act` with each element of a kind that is clicked, now and later.
  const onClick = (selector, act) =>
    document.addEventListener("click", (event) => {
      const element = event.target.closest(selector);
      if (element) act(element, event);
    });

  // Appearance ---------------------------------------------------------------------------------
  const toggle = document.getElementById("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const showTheme = () => {
    toggle.textContent = isDark() ? "Light" : "Dark";
    toggle.setAttribute("aria-label", `Switch to the ${toggle.textContent.toLowerCase()} appearance`);
  };
  toggle.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // Not remembered where storage is closed.
    }
    showTheme();
  });
  system.addEventListener("change", showTheme);
  showTheme();

  // What lies beside the page: costs.js, verified.js, logs.js --------------------------------------
  if (window.reportCosts) document.getElementById("measured").innerHTML = window.reportCosts;
  if (window.reportVerified) {
    const verified = document.getElementById("verified");
    verified.classList.toggle("yes", window.reportVerified.reproduced);
    verified.querySelector("span").textContent = window.reportVerified.sentence;
  }
  const logs = new Map(Object.entries(window.reportLogs || {}));
  all("[data-log]").forEach((element) => {
    const value = logs.get(element.dataset.log)?.[element.dataset.value];
    if (!value) return;
    element.textContent = value.text;
    if ("sort" in element.dataset) element.dataset.sort = value.sort;
  });

  // Copying ---------------------------------------------------------------------------------------
  const told = make("p", { className: "hidden" }, document.body);
  told.setAttribute("role", "status");
  async function copy(text, button) {
    const before = button.textContent;
    if (before === "Copied") return;
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else {
      // A page that came from a server without encryption has no clipboard.
      const area = make("textarea", { value: text }, document.body);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    told.textContent = button.textContent = "Copied";
    setTimeout(() => (button.textContent = before), 1200);
  }
  onClick("[data-copy]", (button) => copy(button.dataset.copy, button));

  // Tables: sorting, filters, copies -----------------------------------------------------------------
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const rowsOf = (inside) => all("tr.row", inside);
  const inSight = (row) => !row.hidden && !row.parentElement.classList.contains("away");

  function compare(a, b) {
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? collator.compare(a, b) : x - y;
  }

  // A cell as a reader sees it, without marks, links and what only screen readers say.
  function textOf(cell) {
    const value = cell.querySelector(".value") || cell;
    const full = value.querySelector("[data-copy]");
    const shown = value.cloneNode(true);
    all(".hidden", shown).forEach((element) => element.remove());
    return (full ? full.dataset.copy : shown.textContent).replace(/\s+/g, " ").trim();
  }

  // Headings and the rows in sight, as texts; the heading of a section is a first column.
  function contents(table) {
    const over = all("thead tr.over > *", table).flatMap((cell) => Array(cell.colSpan).fill(textOf(cell)));
    const heads = all("thead tr:last-child > *", table).map((cell, index) =>
      ({ text: [over[index], textOf(cell)].filter(Boolean).join(" ") }));
    const lines = rowsOf(table).filter(inSight).map((row) => [...row.cells].map((cell) => ({
      text: textOf(cell),
      small: cell.querySelector("small:not(.beneath)")?.textContent || "",
      best: !!cell.querySelector("b"),
      second: !!cell.querySelector("u"),
    })));
    if (!table.querySelector("tr.section")) return [heads, ...lines];
    const titles = rowsOf(table).filter(inSight).map((row) =>
      ({ text: textOf(row.parentElement.querySelector("tr.section")) }));
    return [[{ text: "Part" }, ...heads], ...lines.map((line, index) => [titles[index], ...line])];
  }

  const TEX = {
    ...{ "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" },
    ...{ "−": "$-$", "×": "$\\times$", "±": "$\\pm$", "∞": "$\\infty$", "–": "--" },
    ...{ "†": "$\\dagger$", "✓": "$\\checkmark$" },
  };
  const escapeTex = (text) =>
    text.replace(/[\\{}~^&%$#_−×±∞–†✓]/g, (sign) => TEX[sign] || `\\${sign}`);
  const writers = {
    LaTeX(lines) {
      const face = (cell) => (cell.best ? "\\textbf" : cell.second ? "\\underline" : "");
      const value = (cell) => (face(cell) ? `${face(cell)}{${escapeTex(cell.text)}}` : escapeTex(cell.text));
      const words = (cell) => (cell.small ? `${value(cell)} ${escapeTex(cell.small)}` : value(cell));
      const [head, ...rest] = lines.map((cells) => `${cells.map(words).join(" & ")} \\\\`);
      return [`\\begin{tabular}{l${"r".repeat(lines[0].length - 1)}}`, "\\toprule", head, "\\midrule",
        ...rest, "\\bottomrule", "\\end{tabular}", ""].join("\n");
    },
    CSV(lines) {
      const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
      const words = (cell) => [cell.text, cell.small].filter(Boolean).join(" ").replace(/−/g, "-");
      return lines.map((cells) => `${cells.map((cell) => quoted(words(cell))).join(",")}\n`).join("");
    },
  };

  // Once in the better direction, once in the other, then as given; what has no value stands last.
  function sortBy(heading) {
    const table = heading.closest("table");
    const first = heading.classList.contains("text") ? "ascending" : "descending";
    const second = first === "ascending" ? "descending" : "ascending";
    const now = heading.getAttribute("aria-sort");
    const direction = now === "none" ? first : now === first ? second : "none";
    all("th[aria-sort]", table).forEach((other) => other.setAttribute("aria-sort", "none"));
    heading.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const place = (row) => Number(row.id.split("-").pop());
    const value = (row) => row.cells[heading.cellIndex].dataset.sort;
    all("tbody", table).forEach((body) => {
      const given = rowsOf(body).sort((a, b) => place(a) - place(b));
      if (direction !== "none") {
        given.sort((a, b) => {
          const [x, y] = [value(a), value(b)];
          return x === "" || y === "" ? (x === "") - (y === "") : sign * compare(x, y);
        });
      }
      body.append(...given);
    });
  }
  onClick("th[aria-sort] button", (button) => sortBy(button.parentElement));

  // Show the rows with all words of the filter, and how many they are.
  function filter(block) {
    const search = block.querySelector("input[type=search]");
    if (!search) return;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = rowsOf(block);
    rows.forEach((row) => {
      const text = `${row.textContent} ${row.dataset.method || ""}`.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    });
    all("tbody", block).forEach((body) => (body.hidden = rowsOf(body).every((row) => row.hidden)));
    const here = rows.filter((row) => !row.parentElement.classList.contains("away"));
    const count = here.filter(inSight).length;
    block.querySelector(".tools [role=status]").textContent =
      count === here.length ? "" : `${count} of ${here.length} rows`;
  }
  function filterFor(block, text) {
    block.querySelector("input[type=search]").value = text;
    filter(block);
  }

  all("article.table").forEach((block) => {
    Object.entries(writers).forEach(([name, write]) => {
      const properties = { type: "button", className: "plain", textContent: `Copy ${name}` };
      const button = make("button", properties, block.querySelector(".foot"));
      button.addEventListener("click", () => copy(write(contents(block.querySelector("table"))), button));
    });
    if (rowsOf(block).length >= 8) {
      const tools = block.querySelector(".tools");
      const search = make("input", { type: "search", placeholder: "Filter rows" }, tools);
      search.setAttribute("aria-label", `Filter the rows of ${block.querySelector("h3").textContent}`);
      search.addEventListener("input", () => filter(block));
      make("span", {}, tools).setAttribute("role", "status");
    }
    // Sections after the first are folded, where there are several.
    const sections = all("tbody:not([data-at]) tr.section span", block);
    if (sections.length < 2) return;
    sections.forEach((title, index) => {
      const button = make("button", { type: "button", className: "unfold" });
      button.append(...title.childNodes, ` (${rowsOf(title.closest("tbody")).length})`);
      button.setAttribute("aria-expanded", String(index === 0));
      title.append(button);
    });
  });
  onClick(".unfold", (button) =>
    button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") === "false")));

  // One of several: a scale everywhere, an image in its block ------------------------------------------
  function choose(value, inside = document) {
    all(".switch", inside).forEach((group) => {
      const buttons = all("button", group);
      if (!buttons.some((button) => button.dataset.choose === value)) return;
      buttons.forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.choose === value)));
      const block = group.closest(".block");
      all("[data-at]", block).forEach((part) => part.classList.toggle("away", part.dataset.at !== value));
      filter(block);
    });
    all(".strip", inside).forEach((strip) => strip.classList.toggle("away", strip.dataset.at !== value));
  }
  const scaled = (value) => value.startsWith("×");
  onClick("[data-choose]", ({ dataset, parentElement }) =>
    choose(dataset.choose, scaled(dataset.choose) ? document : parentElement.closest(".block")));
  all(".switch").forEach((group) => choose(group.firstElementChild.dataset.choose, group.closest(".block")));
  const scales = all("[data-choose]").map((button) => button.dataset.choose).filter(scaled).sort();
  if (scales.length) choose(scales[scales.length - 1]);

  // Anchors: what is folded is unfolded; "runs" filters the table of runs ----------------------------
  function unfold() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const block = target.closest("article.table");
    if (block && target.hidden) filterFor(block, "");
    target.closest("tbody")?.querySelector(".unfold")?.setAttribute("aria-expanded", "true");
    for (let outer = target; outer; outer = outer.parentElement) if (outer.tagName === "DETAILS") outer.open = true;
    target.scrollIntoView({ block: target.tagName === "TR" ? "center" : "start", behavior: "instant" });
  }
  onClick("a.run", (link) => {
    filterFor(document.getElementById("runs"), link.dataset.run);
    if (location.hash === "#runs") unfold();
  });
  window.addEventListener("hashchange", unfold);
  window.addEventListener("load", unfold);

  // Footnotes where their marks are ------------------------------------------------------------------
  const tip = make("div", { id: "tip", tabIndex: -1, popover: "auto" }, document.body);
  tip.setAttribute("role", "note");
  onClick("a.mark", (mark, event) => {
    event.preventDefault();
    tip.replaceChildren(...document.getElementById(mark.hash.slice(1)).cloneNode(true).childNodes);
    tip.showPopover();
    mark.scrollIntoView({ block: "nearest", behavior: "instant" }); // ends a scrolling that goes on
    const [box, own] = [mark.getBoundingClientRect(), tip.getBoundingClientRect()];
    const below = box.bottom + 6 + own.height < window.innerHeight;
    tip.style.left = `${Math.min(Math.max(8, box.left), root.clientWidth - own.width - 8)}px`;
    tip.style.top = `${window.scrollY + (below ? box.bottom + 6 : box.top - own.height - 6)}px`;
    tip.focus({ preventScroll: true });
  });

  // On a phone, what is long is folded.
  if (window.matchMedia("(max-width: 40rem)").matches) {
    all("details.small").forEach((details) => (details.open = false));
  }
  onClick("#unfold", (button) => {
    const cards = all("details.card");
    const open = !cards.every((card) => card.open);
    cards.forEach((card) => (card.open = open));
    button.textContent = open ? "Fold all points" : "Unfold all points";
  });
})();
