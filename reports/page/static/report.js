// Sorting, provenance panels, logs, switches, before/after sliders and the appearance. No library, no network.
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
    toggle.setAttribute("aria-pressed", String(isDark()));
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

  // What was measured on machines: costs.js, where there is one; escaped when it was written ------
  if (window.reportCosts) {
    document.getElementById("measured").innerHTML = window.reportCosts;
    var machine = document.getElementById("machine");
    if (machine) {
      var showMachine = function () {
        document.querySelectorAll(".machine").forEach(function (block) {
          block.hidden = "#" + block.id !== machine.value;
        });
      };
      machine.addEventListener("change", showMachine);
      showMachine();
    }
  }

  // Sorting: within each group, missing values last, third click restores the given order. -------
  var collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  function compare(a, b) {
    var x = Number(a);
    var y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? collator.compare(a, b) : x - y;
  }

  function rowsOf(body) {
    return Array.from(body.querySelectorAll(":scope > tr.row")).map(function (row) {
      var next = row.nextElementSibling;
      return { row: row, panel: next && next.classList.contains("panel") ? next : null };
    });
  }

  function sortBody(body, column, direction) {
    if (!body.given) body.given = rowsOf(body);
    var rows = body.given.slice();
    if (direction !== "none") {
      var sign = direction === "ascending" ? 1 : -1;
      rows.sort(function (a, b) {
        var x = a.row.cells[column].dataset.sort;
        var y = b.row.cells[column].dataset.sort;
        if (x === "" || y === "") return (x === "") - (y === "");
        return sign * compare(x, y);
      });
    }
    rows.forEach(function (item) {
      body.append(item.row);
      if (item.panel) body.append(item.panel);
    });
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    var headings = Array.from(table.tHead.querySelectorAll("th[aria-sort]"));
    headings.forEach(function (heading) {
      var button = heading.querySelector("button");
      button.addEventListener("click", function () {
        var first = heading.dataset.first;
        var second = first === "ascending" ? "descending" : "ascending";
        var now = heading.getAttribute("aria-sort");
        var next = now === "none" ? first : now === first ? second : "none";
        headings.forEach(function (other) {
          other.setAttribute("aria-sort", other === heading ? next : "none");
        });
        Array.from(table.tBodies).forEach(function (body) {
          sortBody(body, Number(button.dataset.column), next);
        });
      });
    });
  });

  // Provenance panels ----------------------------------------------------------------------------
  document.querySelectorAll("button.runs").forEach(function (button) {
    var panel = document.getElementById(button.getAttribute("aria-controls"));
    button.addEventListener("click", function () {
      var open = panel.classList.toggle("open");
      button.setAttribute("aria-expanded", String(open));
    });
  });

  // What was measured of the runs on this machine: logs.js, where there is one -------------------
  var logs = window.reportLogs || {};
  document.querySelectorAll("[data-log]").forEach(function (element) {
    var log = Object.hasOwn(logs, element.dataset.log) ? logs[element.dataset.log] : {};
    var value = log[element.dataset.value];
    if (!value) return;
    element.textContent = value.text;
    if ("sort" in element.dataset) element.dataset.sort = value.sort;
    if (value.href) {
      var link = document.createElement("a");
      link.href = value.href;
      link.textContent = value.text;
      element.replaceChildren(link);
    }
  });

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

  // Before/after sliders -------------------------------------------------------------------------
  document.querySelectorAll("[data-compare]").forEach(function (block) {
    var slider = block.querySelector(".slider");
    var divider = block.querySelector(".divider");
    var names = { before: "", after: "" };
    var position = 50;

    function show(value) {
      position = Math.min(100, Math.max(0, value));
      slider.style.setProperty("--position", position + "%");
      var percent = Math.round(position);
      divider.setAttribute("aria-valuenow", String(percent));
      divider.setAttribute(
        "aria-valuetext",
        percent + "% " + names.before + ", " + (100 - percent) + "% " + names.after
      );
    }

    block.querySelectorAll("select").forEach(function (select) {
      var side = select.dataset.side;
      var image = slider.querySelector("." + side);
      function choose() {
        names[side] = select.options[select.selectedIndex].text;
        image.alt = "Region by " + names[side];
        if (image.getAttribute("src") !== select.value) image.setAttribute("src", select.value);
        show(position);
      }
      select.addEventListener("change", choose);
      choose();
    });

    function follow(event) {
      var box = slider.getBoundingClientRect();
      show((100 * (event.clientX - box.left)) / box.width);
    }

    slider.addEventListener("pointerdown", function (event) {
      if (event.button !== 0) return;
      slider.setPointerCapture(event.pointerId);
      follow(event);
      divider.focus({ preventScroll: true });
      event.preventDefault();
    });
    slider.addEventListener("pointermove", function (event) {
      if (slider.hasPointerCapture(event.pointerId)) follow(event);
    });

    var steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    divider.addEventListener("keydown", function (event) {
      if (event.key in steps) show(position + steps[event.key]);
      else if (event.key === "Home") show(0);
      else if (event.key === "End") show(100);
      else return;
      event.preventDefault();
    });
  });
})();
