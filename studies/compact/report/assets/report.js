// What the pages do: tables, footnotes, provenance, logs, pictures, appearance. No library, no network.
(function () {
  "use strict";

  // Appearance ---------------------------------------------------------------------------------
  var root = document.documentElement;
  var toggle = document.getElementById("theme");
  var system = window.matchMedia("(prefers-color-scheme: dark)");

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
  }

  function showTheme() {
    toggle.textContent = isDark() ? "Light" : "Dark";
    toggle.setAttribute("aria-label", "Switch to the " + (isDark() ? "light" : "dark") + " appearance");
  }

  toggle.addEventListener("click", function () {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch (error) {
      // Not remembered where storage is closed.
    }
    showTheme();
  });
  system.addEventListener("change", showTheme);
  showTheme();

  function make(tag, properties, parent) {
    var element = Object.assign(document.createElement(tag), properties || {});
    if (parent) parent.append(element);
    return element;
  }

  function all(selector, inside) {
    return Array.from((inside || document).querySelectorAll(selector));
  }

  // What was measured on machines: costs.js, where there is one; escaped when it was written ------
  if (window.reportCosts) {
    document.getElementById("measured").innerHTML = window.reportCosts;
    var machine = document.getElementById("machine");
    if (machine) {
      var showMachine = function () {
        all(".machine").forEach(function (block) {
          block.hidden = "#" + block.id !== machine.value;
        });
      };
      machine.addEventListener("change", showMachine);
      showMachine();
    }
  }

  // Whether the run reproduced: verified.js, which `mesr verify` writes --------------------------
  if (window.reportVerified) {
    var verified = document.getElementById("verified");
    verified.classList.toggle("yes", window.reportVerified.reproduced);
    verified.querySelector("span").textContent = window.reportVerified.sentence;
  }

  // What was measured of the runs on this machine: logs.js, where there is one -------------------
  var logs = window.reportLogs || {};
  all("[data-log]").forEach(function (element) {
    var log = Object.hasOwn(logs, element.dataset.log) ? logs[element.dataset.log] : {};
    var value = log[element.dataset.value];
    if (!value) return;
    element.textContent = value.text;
    if ("sort" in element.dataset) element.dataset.sort = value.sort;
    if (value.href) {
      element.replaceChildren(make("a", { href: value.href, textContent: value.text }));
    }
  });

  // Copying ---------------------------------------------------------------------------------------
  var told = make("p", { className: "hidden" }, document.body);
  told.setAttribute("role", "status");

  function copy(text, button) {
    function done() {
      var before = button.textContent;
      told.textContent = "Copied";
      button.textContent = "Copied";
      setTimeout(function () {
        button.textContent = before;
      }, 1200);
    }
    function byHand() {
      var area = make("textarea", { value: text }, document.body);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus({ preventScroll: true });
      done();
    }
    if (button.textContent === "Copied") return;
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, byHand);
    else byHand();
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (button) copy(button.dataset.copy, button);
  });

  // Tables: sorting, filters, copies -----------------------------------------------------------------
  var collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  function compare(a, b) {
    var x = Number(a);
    var y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? collator.compare(a, b) : x - y;
  }

  // Rows with their panel, in the given order, and the group that they came in.
  function rowsOf(body) {
    return all(":scope > tr.row", body).map(function (row) {
      var next = row.nextElementSibling;
      return { row: row, body: body, panel: next && next.classList.contains("panel") ? next : null };
    });
  }

  function place(items, body) {
    items.forEach(function (item) {
      (body || item.body).append(item.row);
      if (item.panel) (body || item.body).append(item.panel);
    });
  }

  function sorted(items, column, direction) {
    if (direction === "none") return items;
    var sign = direction === "ascending" ? 1 : -1;
    return items.slice().sort(function (a, b) {
      var x = a.row.cells[column].dataset.sort;
      var y = b.row.cells[column].dataset.sort;
      if (x === "" || y === "") return (x === "") - (y === "");
      return sign * compare(x, y);
    });
  }

  // A cell as a reader sees it, without marks, links and what only screen readers say.
  function textOf(cell) {
    var value = cell.querySelector(".value");
    var copyOf = (value || cell).cloneNode(true);
    all("sup, .hidden, .row-link, .of, .arrow", copyOf).forEach(function (element) {
      element.remove();
    });
    var full = copyOf.querySelector("[data-copy]");
    var told = cell.querySelector(".told.wide");
    var text = full ? full.dataset.copy : copyOf.textContent + (told ? " " + told.textContent : "");
    return text.replace(/\s+/g, " ").trim();
  }

  // Headings and the rows that are shown, as texts; groups become a first column.
  function contents(table) {
    var over = [];
    all("thead tr.over > *", table).forEach(function (cell) {
      for (var i = 0; i < cell.colSpan; i += 1) over.push(textOf(cell));
    });
    var headings = all("thead tr:last-child > *", table);
    var kept = headings
      .map(function (cell, index) {
        return index;
      })
      .filter(function (index) {
        return textOf(headings[index]) !== "Provenance";
      });
    var rows = all("tr.row", table).filter(function (row) {
      return !row.hidden;
    });
    var grouped = rows.some(function (row) {
      return row.querySelector(".of");
    });
    function line(cells, group) {
      return (grouped ? [group] : []).concat(cells);
    }
    var head = kept.map(function (index) {
      return [over[index], textOf(headings[index])].filter(Boolean).join(" ");
    });
    return [line(head, "Group")].concat(
      rows.map(function (row) {
        var of = row.querySelector(".of bdi");
        return line(
          kept.map(function (index) {
            var cell = row.cells[index];
            return { text: textOf(cell), best: !!cell.querySelector("b") };
          }),
          of ? of.textContent : ""
        );
      })
    );
  }

  function plainText(cell) {
    return typeof cell === "string" ? cell : cell.text;
  }

  function escapeTex(text) {
    var signs = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };
    return text
      .replace(/[\\{}~^&%$#_]/g, function (sign) {
        return signs[sign] || "\\" + sign;
      })
      .replace(/−/g, "$-$")
      .replace(/×/g, "$\\times$")
      .replace(/±/g, "$\\pm$")
      .replace(/∞/g, "$\\infty$")
      .replace(/†/g, "$\\dagger$")
      .replace(/✓/g, "$\\checkmark$")
      .replace(/–/g, "--");
  }

  var writers = {
    LaTeX: function (lines) {
      function row(cells) {
        return cells
          .map(function (cell) {
            var text = escapeTex(plainText(cell));
            return cell.best ? "\\textbf{" + text + "}" : text;
          })
          .join(" & ");
      }
      return [
        "\\begin{tabular}{l" + "r".repeat(lines[0].length - 1) + "}",
        "\\toprule",
        row(lines[0]) + " \\\\",
        "\\midrule",
      ]
        .concat(
          lines.slice(1).map(function (cells) {
            return row(cells) + " \\\\";
          }),
          ["\\bottomrule", "\\end{tabular}", ""]
        )
        .join("\n");
    },
    Markdown: function (lines) {
      function row(cells) {
        return (
          "| " +
          cells
            .map(function (cell) {
              var text = plainText(cell).replace(/\|/g, "\\|");
              return cell.best ? "**" + text + "**" : text;
            })
            .join(" | ") +
          " |"
        );
      }
      var rule = lines[0].map(function (_, index) {
        return index ? "---:" : "---";
      });
      return [row(lines[0]), "|" + rule.join("|") + "|"].concat(lines.slice(1).map(row), [""]).join("\n");
    },
    CSV: function (lines) {
      return (
        lines
          .map(function (cells) {
            return cells
              .map(function (cell) {
                var text = plainText(cell).replace(/−/g, "-");
                return /[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
              })
              .join(",");
          })
          .join("\n") + "\n"
      );
    },
  };

  function addTools(table, items, rearrange) {
    var block = table.closest(".table");
    var title = block.querySelector("h3").lastChild.textContent;
    var foot = block.querySelector(".foot");
    Object.keys(writers).forEach(function (name) {
      var button = make("button", { type: "button", className: "plain", textContent: "Copy " + name }, foot);
      button.addEventListener("click", function () {
        copy(writers[name](contents(table)), button);
      });
    });
    if (items.length < 8) return;
    var tools = make("div", { className: "tools" });
    block.insertBefore(tools, block.querySelector(".scroll"));
    var search = make("input", { type: "search", placeholder: "Filter rows" }, tools);
    search.setAttribute("aria-label", "Filter the rows of " + title);
    var kinds = [];
    all("thead tr:last-child > th", table).forEach(function (heading, column) {
      if (!("filter" in heading.dataset)) return;
      var select = make("select");
      select.setAttribute("aria-label", textOf(heading) + " in " + title);
      make("option", { value: "", textContent: textOf(heading) + ": all" }, select);
      var texts = items.map(function (item) {
        return textOf(item.row.cells[column]);
      });
      Array.from(new Set(texts)).forEach(function (text) {
        make("option", { value: text, textContent: text }, select);
      });
      if (select.options.length < 3) return;
      tools.append(select);
      kinds.push({ column: column, select: select });
      select.addEventListener("change", show);
    });
    if (table.tBodies.length > 1) {
      var label = make("label", {}, tools);
      var across = make("input", { type: "checkbox" }, label);
      label.append(" Sort across groups");
      across.addEventListener("change", function () {
        table.classList.toggle("across", across.checked);
        rearrange();
        show();
      });
    }
    var count = make("span", {}, tools);
    count.setAttribute("role", "status");

    function show() {
      var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      var shown = 0;
      items.forEach(function (item) {
        var text = item.row.textContent.toLowerCase();
        var fits =
          words.every(function (word) {
            return text.includes(word);
          }) &&
          kinds.every(function (kind) {
            return !kind.select.value || textOf(item.row.cells[kind.column]) === kind.select.value;
          });
        item.row.hidden = !fits;
        if (item.panel) item.panel.hidden = !fits;
        shown += fits;
      });
      Array.from(table.tBodies).forEach(function (body) {
        body.hidden = !body.querySelector("tr.row:not([hidden])");
      });
      count.textContent = shown === items.length ? "" : shown + " of " + items.length + " rows";
    }
    search.addEventListener("input", show);
    block.unfilter = function () {
      search.value = "";
      kinds.forEach(function (kind) {
        kind.select.value = "";
      });
      show();
    };
  }

  all("table.sortable").forEach(function (table) {
    var items = [].concat.apply([], Array.from(table.tBodies).map(rowsOf));
    var headings = all("th[aria-sort]", table.tHead);
    var column = 0;
    var direction = "none";

    function rearrange() {
      var first = table.tBodies[0];
      var title = first.querySelector("tr.group");
      var across = table.classList.contains("across") && direction !== "none";
      if (title) title.hidden = across;
      place(sorted(items, column, direction), across ? first : null);
      Array.from(table.tBodies).forEach(function (body) {
        body.hidden = !body.querySelector("tr.row:not([hidden])");
      });
    }

    headings.forEach(function (heading) {
      var button = heading.querySelector("button");
      button.addEventListener("click", function () {
        var first = heading.dataset.first;
        var second = first === "ascending" ? "descending" : "ascending";
        var now = heading.getAttribute("aria-sort");
        direction = now === "none" ? first : now === first ? second : "none";
        column = Number(button.dataset.column);
        headings.forEach(function (other) {
          other.setAttribute("aria-sort", other === heading ? direction : "none");
        });
        rearrange();
      });
    });
    addTools(table, items, rearrange);
  });

  // Provenance: what the table of all runs has on the runs of a row ---------------------------------
  function factsOf(run) {
    var table = run.closest("table");
    var list = make("dl");
    all("thead tr:last-child > th", table).forEach(function (heading, index) {
      var cell = run.cells[index];
      var text = textOf(cell);
      var log = "log" in cell.dataset;
      if (!index || (text === "–" && !log)) return;
      var entry = make("div", {}, list);
      make("dt", { textContent: textOf(heading) }, entry);
      var value = make("dd", {}, entry);
      if (text === "–") value.textContent = "not recorded on this machine";
      else {
        Array.from(cell.cloneNode(true).childNodes).forEach(function (node) {
          value.append(node);
        });
      }
    });
    return list;
  }

  all("button.runs").forEach(function (button) {
    var panel = document.getElementById(button.getAttribute("aria-controls"));
    button.addEventListener("click", function () {
      all("a[data-run]", panel).forEach(function (link) {
        var run = document.getElementById(link.dataset.run);
        if (run && !link.nextElementSibling) link.after(factsOf(run));
      });
      var open = panel.classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
    });
  });

  // Footnotes where their marks are, and what the signs of the certificate stand for ----------------
  var tip = make("div", { id: "tip", tabIndex: -1 }, document.body);
  tip.setAttribute("role", "note");
  tip.setAttribute("popover", "auto");

  function showTip(anchor, hint) {
    tip.classList.toggle("hint", hint);
    tip.showPopover();
    var box = anchor.getBoundingClientRect();
    var own = tip.getBoundingClientRect();
    var left = Math.min(Math.max(8, box.left), document.documentElement.clientWidth - own.width - 8);
    var below = box.bottom + 6 + own.height < window.innerHeight;
    tip.style.left = left + "px";
    tip.style.top = (below ? box.bottom + 6 : box.top - own.height - 6) + "px";
    if (!hint) tip.focus({ preventScroll: true });
  }

  document.addEventListener("click", function (event) {
    var mark = event.target.closest("a.mark");
    var note = mark && document.getElementById(mark.getAttribute("href").slice(1));
    if (!note) return;
    event.preventDefault();
    tip.replaceChildren.apply(tip, Array.from(note.cloneNode(true).childNodes));
    showTip(mark, false);
  });
  window.addEventListener(
    "scroll",
    function () {
      if (tip.matches(":popover-open")) tip.hidePopover();
    },
    { passive: true }
  );

  all("table.grid").forEach(function (table) {
    var links = all("a[data-tip]", table);
    function hint(event) {
      var link = event.target.closest("a[data-tip]");
      if (!link) return;
      tip.textContent = link.dataset.tip;
      showTip(link, true);
    }
    function away() {
      if (tip.matches(":popover-open")) tip.hidePopover();
    }
    table.addEventListener("mouseover", hint);
    table.addEventListener("focusin", hint);
    table.addEventListener("mouseout", away);
    table.addEventListener("focusout", away);
    // One stop of the tabulator; arrows move inside.
    links.forEach(function (link, index) {
      link.tabIndex = index ? -1 : 0;
    });
    table.addEventListener("keydown", function (event) {
      var cell = event.target.closest("td");
      var steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
      var step = steps[event.key];
      if (!cell || !step) return;
      event.preventDefault();
      var rows = Array.from(table.tBodies[0].rows);
      var y = rows.indexOf(cell.parentElement);
      var x = cell.cellIndex;
      var target = null;
      do {
        y += step[0];
        x += step[1];
        target = rows[y] && rows[y].cells[x];
      } while (target && !target.querySelector("a"));
      if (!target) return;
      links.forEach(function (link) {
        link.tabIndex = -1;
      });
      target.querySelector("a").tabIndex = 0;
      target.querySelector("a").focus();
    });
  });

  // Anchors: what is folded is unfolded, a filtered row is shown, and what came late is allowed for --
  function unfold() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (var outer = target; outer; outer = outer.parentElement) {
      if (outer.tagName === "DETAILS") outer.open = true;
      if (outer.unfilter && target.hidden) outer.unfilter();
    }
    target.scrollIntoView({ block: target.tagName === "TR" ? "center" : "start", behavior: "instant" });
  }
  window.addEventListener("hashchange", unfold);
  window.addEventListener("load", unfold);

  // On paper everything is unfolded -------------------------------------------------------------------
  window.addEventListener("beforeprint", function () {
    all("details:not([open])").forEach(function (details) {
      details.open = true;
      details.dataset.printed = "";
    });
  });
  window.addEventListener("afterprint", function () {
    all("details[data-printed]").forEach(function (details) {
      details.open = false;
      delete details.dataset.printed;
    });
  });

  var unfoldAll = document.getElementById("unfold");
  if (unfoldAll) {
    unfoldAll.addEventListener("click", function () {
      var cards = all("details.card");
      var open = !cards.every(function (card) {
        return card.open;
      });
      cards.forEach(function (card) {
        card.open = open;
      });
      unfoldAll.textContent = open ? "Fold all points" : "Unfold all points";
    });
  }

  // Figures with a switch: one is shown -----------------------------------------------------------
  document.querySelectorAll("[data-switch]").forEach(function (block) {
    var select = block.querySelector("select");
    if (!select) return;
    function show() {
      block.querySelectorAll("figure").forEach(function (figure) {
        figure.hidden = "#" + figure.id !== select.value;
      });
    }
    select.addEventListener("change", show);
    show();
  });
})();
