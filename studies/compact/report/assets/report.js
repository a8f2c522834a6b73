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

  // Appearance ---------------------------------------------------------------------------------
  const toggle = document.getElementById("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const showTheme = () => {
    const other = isDark() ? "Light" : "Dark";
    toggle.textContent = other;
    toggle.setAttribute("aria-label", `Switch to the ${other.toLowerCase()} appearance`);
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
  const logs = window.reportLogs || {};
  all("[data-log]").forEach((element) => {
    const log = Object.hasOwn(logs, element.dataset.log) ? logs[element.dataset.log] : {};
    const value = log[element.dataset.value];
    if (!value) return;
    element.textContent = value.text;
    if ("sort" in element.dataset) element.dataset.sort = value.sort;
    if (value.href) element.replaceChildren(make("a", { href: value.href, textContent: value.text }));
  });

  // Copying ---------------------------------------------------------------------------------------
  const told = make("p", { className: "hidden" }, document.body);
  told.setAttribute("role", "status");
  function copy(text, button) {
    const before = button.textContent;
    if (before === "Copied") return;
    const done = () => {
      told.textContent = button.textContent = "Copied";
      setTimeout(() => (button.textContent = before), 1200);
    };
    const byHand = () => {
      const area = make("textarea", { value: text }, document.body);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus({ preventScroll: true });
      done();
    };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, byHand);
    else byHand();
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button.dataset.copy, button);
  });

  // Tables: sorting, filters, copies -----------------------------------------------------------------
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const rowsOf = (inside) => all("tr.row", inside);

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

  // Headings and the rows that are shown, as texts; the heading of a section is a first column.
  function contents(table) {
    const over = all("thead tr.over > *", table).flatMap((cell) => Array(cell.colSpan).fill(textOf(cell)));
    const heads = all("thead tr:last-child > *", table).map((cell, index) =>
      [over[index], textOf(cell)].filter(Boolean).join(" ")
    );
    const titled = table.querySelector("tr.section") ? 1 : 0;
    const lines = rowsOf(table)
      .filter((row) => !row.hidden && !row.parentElement.hidden)
      .map((row) => {
        const title = row.parentElement.querySelector("tr.section");
        const cells = [...row.cells].map((cell) => ({
          text: textOf(cell),
          small: cell.querySelector("small:not(.beneath)")?.textContent || "",
          best: !!cell.querySelector("b"),
          second: !!cell.querySelector("u"),
        }));
        return [...(titled ? [{ text: title ? textOf(title) : "", small: "" }] : []), ...cells];
      });
    return [[...(titled ? ["Part"] : []), ...heads].map((text) => ({ text, small: "" })), ...lines];
  }

  const TEX = {
    ...{ "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" },
    ...{ "−": "$-$", "×": "$\\times$", "±": "$\\pm$", "∞": "$\\infty$", "–": "--" },
    ...{ "†": "$\\dagger$", "✓": "$\\checkmark$" },
  };
  const escapeTex = (text) =>
    text.replace(/[\\{}~^&%$#_−×±∞–†✓]/g, (sign) => TEX[sign] || `\\${sign}`);
  const joined = (cell) => [cell.text, cell.small].filter(Boolean).join(" ");
  const writers = {
    LaTeX(lines) {
      const row = (cells) =>
        cells
          .map((cell) => {
            const text = escapeTex(cell.text);
            const face = cell.best ? `\\textbf{${text}}` : cell.second ? `\\underline{${text}}` : text;
            return cell.small ? `${face} ${escapeTex(cell.small)}` : face;
          })
          .join(" & ") + " \\\\";
      const [head, ...rest] = lines.map(row);
      return [`\\begin{tabular}{l${"r".repeat(lines[0].length - 1)}}`, "\\toprule", head, "\\midrule",
        ...rest, "\\bottomrule", "\\end{tabular}", ""].join("\n");
    },
    CSV(lines) {
      const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
      const row = (cells) => cells.map((cell) => quoted(joined(cell).replace(/−/g, "-"))).join(",");
      return lines.map(row).join("\n") + "\n";
    },
  };

  function sortable(table) {
    const given = new Map(all("tbody", table).map((body) => [body, rowsOf(body)]));
    const headings = all("th[aria-sort]", table.tHead);
    headings.forEach((heading) => {
      heading.querySelector("button").addEventListener("click", () => {
        const first = heading.classList.contains("text") ? "ascending" : "descending";
        const second = first === "ascending" ? "descending" : "ascending";
        const now = heading.getAttribute("aria-sort");
        const direction = now === "none" ? first : now === first ? second : "none";
        headings.forEach((other) => other.setAttribute("aria-sort", other === heading ? direction : "none"));
        const column = heading.cellIndex;
        const sign = direction === "ascending" ? 1 : -1;
        given.forEach((rows, body) => {
          const order = direction === "none" ? rows : [...rows].sort((a, b) => {
            const [x, y] = [a, b].map((row) => row.cells[column].dataset.sort);
            return x === "" || y === "" ? (x === "") - (y === "") : sign * compare(x, y);
          });
          body.append(...order);
        });
      });
    });
  }

  function addTools(table) {
    const block = table.closest(".table");
    const title = block.querySelector("h3").textContent;
    const tools = block.querySelector(".tools");
    const rows = rowsOf(table);
    Object.entries(writers).forEach(([name, write]) => {
      const button = make("button", { type: "button", className: "plain", textContent: `Copy ${name}` },
        block.querySelector(".foot"));
      button.addEventListener("click", () => copy(write(contents(table)), button));
    });
    if (rows.length < 8) return;
    const search = make("input", { type: "search", placeholder: "Filter rows" }, tools);
    search.setAttribute("aria-label", `Filter the rows of ${title}`);
    const kinds = all("th[data-filter]", table.tHead).map((heading) => {
      const select = make("select", {}, tools);
      select.setAttribute("aria-label", `${textOf(heading)} in ${title}`);
      select.add(new Option(`${textOf(heading)}: all`, ""));
      new Set(rows.map((row) => textOf(row.cells[heading.cellIndex]))).forEach((text) =>
        select.add(new Option(text, text))
      );
      return [heading.cellIndex, select];
    });
    const count = make("span", {}, tools);
    count.setAttribute("role", "status");

    function show() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const fitting = rows.filter((row) => {
        const text = `${row.textContent} ${row.dataset.method || ""}`.toLowerCase();
        const fits =
          words.every((word) => text.includes(word)) &&
          kinds.every(([column, select]) => !select.value || textOf(row.cells[column]) === select.value);
        row.hidden = !fits;
        return fits && !row.parentElement.dataset.away;
      });
      all("tbody", table).forEach((body) => {
        body.hidden = !!body.dataset.away || !rowsOf(body).some((row) => !row.hidden);
      });
      const here = rows.filter((row) => !row.parentElement.dataset.away).length;
      count.textContent = fitting.length === here ? "" : `${fitting.length} of ${here} rows`;
    }
    block.filter = (text) => {
      search.value = text;
      kinds.forEach(([, select]) => (select.value = ""));
      show();
    };
    block.show = show;
    [search, ...kinds.map(([, select]) => select)].forEach((one) => one.addEventListener("change", show));
    search.addEventListener("input", show);
  }

  all("table.sortable").forEach((table) => {
    sortable(table);
    addTools(table);
    // Sections after the first are folded, where there are several.
    const bodies = all("tbody:not([data-at])", table).filter((body) => body.querySelector("tr.section"));
    if (bodies.length < 2) return;
    bodies.forEach((body, index) => {
      const title = body.querySelector("tr.section span");
      const button = make("button", { type: "button", className: "unfold" });
      button.append(...title.childNodes, ` (${rowsOf(body).length})`);
      title.append(button);
      const fold = (folded) => {
        body.classList.toggle("folded", folded);
        button.setAttribute("aria-expanded", String(!folded));
      };
      button.addEventListener("click", () => fold(!body.classList.contains("folded")));
      fold(index > 0);
    });
  });

  // One scale at a time, everywhere ---------------------------------------------------------------
  function showScale(scale) {
    all("[data-scale]").forEach((button) =>
      button.setAttribute("aria-pressed", String(button.dataset.scale === scale))
    );
    all("tbody[data-at]").forEach((body) => {
      const several = body.closest(".table").querySelector("[data-scale]");
      if (several && body.dataset.at !== scale) body.dataset.away = "yes";
      else delete body.dataset.away;
      body.hidden = !!body.dataset.away;
    });
    all(".strip").forEach((strip) => strip.classList.toggle("away", strip.dataset.at !== scale));
    all(".table").forEach((block) => block.show && block.show());
  }
  all("[data-switch]").forEach((block) => {
    const buttons = all(".choose button", block);
    const choose = (chosen) => {
      buttons.forEach((button) => {
        const figure = document.getElementById(button.getAttribute("aria-controls"));
        figure.hidden = button !== chosen;
        button.setAttribute("aria-pressed", String(button === chosen));
      });
    };
    block.choose = (scale) => {
      const button = buttons.find((one) => one.dataset.scale === scale);
      if (button) choose(button);
    };
    buttons.forEach((button) => {
      if (!button.dataset.scale) button.addEventListener("click", () => choose(button));
    });
    choose(buttons[0]);
  });
  const scales = [...new Set(all("[data-scale]").map((button) => button.dataset.scale))].sort();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-scale]");
    if (!button) return;
    showScale(button.dataset.scale);
    all("[data-switch]").forEach((block) => block.choose(button.dataset.scale));
  });
  if (scales.length) showScale(scales[scales.length - 1]);

  // Anchors: what is folded is unfolded; "runs" filters the table of runs ----------------------------
  function unfold() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let outer = target; outer; outer = outer.parentElement) {
      if (outer.tagName === "DETAILS") outer.open = true;
      if (outer.filter && target.hidden) outer.filter("");
    }
    target.scrollIntoView({ block: target.tagName === "TR" ? "center" : "start", behavior: "instant" });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.run");
    if (!link) return;
    document.getElementById("runs").filter(link.dataset.run);
    if (location.hash === "#runs") unfold();
  });
  window.addEventListener("hashchange", unfold);
  window.addEventListener("load", unfold);

  // Footnotes where their marks are, and what the signs of the grid stand for ------------------------
  const tip = make("div", { id: "tip", tabIndex: -1 }, document.body);
  tip.setAttribute("role", "note");
  tip.setAttribute("popover", "auto");
  let scrolled = 0; // where the page stood when the tip was shown
  const away = () => tip.matches(":popover-open") && tip.hidePopover();
  function showTip(anchor, hint) {
    tip.classList.toggle("hint", hint);
    tip.showPopover();
    const [box, own] = [anchor.getBoundingClientRect(), tip.getBoundingClientRect()];
    const left = Math.min(Math.max(8, box.left), root.clientWidth - own.width - 8);
    const below = box.bottom + 6 + own.height < window.innerHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${below ? box.bottom + 6 : box.top - own.height - 6}px`;
    scrolled = window.scrollY;
    if (!hint) tip.focus({ preventScroll: true });
  }
  document.addEventListener("click", (event) => {
    const mark = event.target.closest("a.mark");
    const note = mark && document.getElementById(mark.hash.slice(1));
    if (!note) return;
    event.preventDefault();
    tip.replaceChildren(...note.cloneNode(true).childNodes);
    showTip(mark, false);
  });
  window.addEventListener("scroll", () => Math.abs(window.scrollY - scrolled) > 40 && away(), { passive: true });
  all("table.grid").forEach((table) => {
    const signs = all("[data-tip]", table);
    const hint = (event) => {
      const sign = event.target.closest("[data-tip]");
      if (!sign) return;
      tip.textContent = sign.dataset.tip;
      showTip(sign, true);
    };
    ["mouseover", "focusin", "click"].forEach((kind) => table.addEventListener(kind, hint));
    ["mouseout", "focusout"].forEach((kind) => table.addEventListener(kind, away));
    // One stop of the tabulator; arrows move inside.
    signs.forEach((sign, index) => (sign.tabIndex = index ? -1 : 0));
    table.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      const cell = event.target.closest("td");
      if (!cell || !step) return;
      event.preventDefault();
      const rows = [...table.tBodies[0].rows];
      let [y, x] = [rows.indexOf(cell.parentElement), cell.cellIndex];
      let target;
      do {
        y += step[0];
        x += step[1];
        target = rows[y] && rows[y].cells[x];
      } while (target && !target.querySelector("button"));
      if (!target) return;
      signs.forEach((sign) => (sign.tabIndex = -1));
      target.querySelector("button").tabIndex = 0;
      target.querySelector("button").focus();
    });
  });

  // On paper everything is unfolded -------------------------------------------------------------------
  window.addEventListener("beforeprint", () =>
    all("details:not([open])").forEach((details) => {
      details.open = true;
      details.dataset.printed = "";
    })
  );
  window.addEventListener("afterprint", () =>
    all("details[data-printed]").forEach((details) => {
      details.open = false;
      delete details.dataset.printed;
    })
  );

  // On a phone, what is long is folded.
  if (window.matchMedia("(max-width: 40rem)").matches) {
    all("details.small").forEach((details) => (details.open = false));
  }

  const unfoldAll = document.getElementById("unfold");
  if (unfoldAll) {
    unfoldAll.addEventListener("click", () => {
      const cards = all("details.card");
      const open = !cards.every((card) => card.open);
      cards.forEach((card) => (card.open = open));
      unfoldAll.textContent = open ? "Fold all points" : "Unfold all points";
    });
  }
})();
