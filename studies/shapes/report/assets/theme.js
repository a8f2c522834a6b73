// Before the first paint: the reader's own choice of appearance, if one was made.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  } catch (error) {
    // Storage may be closed to files; the system's appearance is used then.
  }
})();
