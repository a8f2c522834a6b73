// The explorer: two views of an excerpt beside each other, and the error of one, zoomed and moved together.
(function () {
  "use strict";

  var block = document.getElementById("explorer");
  var list = window.reportExcerpts || [];
  if (!block || !list.length) return;

  var pictures = {}; // by key: {image, luma: arrays by view}
  var zooms = [1, 1.5, 2, 3, 4, 6, 8, 12];
  var state = { entry: list[list.length - 1], a: 0, b: 0, zoom: 0, x: 0, y: 0 };
  var panes = ["a", "b", "error"].map(function (name) {
    var pane = block.querySelector("[data-pane='" + name + "']");
    return { name: name, canvas: pane.querySelector("canvas"), text: pane.querySelector(".metrics") };
  });
  var controls = {};
  block.querySelectorAll("[data-control]").forEach(function (element) {
    controls[element.dataset.control] = element;
  });
  var frame = block.querySelector(".frame");
  var overview = block.querySelector(".overview img");
  var stage = block.querySelector(".panes");

  function fill(select, texts, chosen) {
    select.replaceChildren();
    texts.forEach(function (text, index) {
      select.add(new Option(text, String(index), false, index === chosen));
    });
  }

  function unique(values) {
    return Array.from(new Set(values));
  }

  var images = unique(
    list.map(function (entry) {
      return entry.image;
    })
  );

  function scalesOf(image) {
    return list.filter(function (entry) {
      return entry.image === image;
    });
  }

  function size() {
    return { w: state.entry.region[2], h: state.entry.region[3] };
  }

  // What is in view, in pixels of the excerpt.
  function view() {
    var whole = size();
    var factor = zooms[state.zoom];
    return { x: state.x, y: state.y, w: whole.w / factor, h: whole.h / factor };
  }

  function keepInside() {
    var whole = size();
    var now = view();
    state.x = Math.min(Math.max(0, state.x), whole.w - now.w);
    state.y = Math.min(Math.max(0, state.y), whole.h - now.h);
  }

  // Luma as docs/protocols.md defines it: BT.601, 16 to 235.
  function lumaOf(picture, index) {
    if (!picture.luma[index]) {
      var whole = size();
      var data = picture.pixels.getImageData(0, index * whole.h, whole.w, whole.h).data;
      var values = new Float64Array(whole.w * whole.h);
      for (var i = 0; i < values.length; i += 1) {
        values[i] = 16 + (65.481 * data[4 * i] + 128.553 * data[4 * i + 1] + 24.966 * data[4 * i + 2]) / 255;
      }
      picture.luma[index] = values;
    }
    return picture.luma[index];
  }

  function cut(values, width, box) {
    var out = new Float64Array(box.w * box.h);
    for (var y = 0; y < box.h; y += 1) {
      var start = (box.y + y) * width + box.x;
      out.set(values.subarray(start, start + box.w), y * box.w);
    }
    return out;
  }

  var gauss = (function () {
    var weights = [];
    var sum = 0;
    for (var i = -5; i <= 5; i += 1) {
      weights.push(Math.exp(-(i * i) / 4.5));
      sum += weights[i + 5];
    }
    return weights.map(function (weight) {
      return weight / sum;
    });
  })();

  // Averages over the 11x11 Gaussian windows that lie inside.
  function blur(values, w, h) {
    var across = new Float64Array((w - 10) * h);
    var x, y, k, sum;
    for (y = 0; y < h; y += 1) {
      for (x = 0; x < w - 10; x += 1) {
        sum = 0;
        for (k = 0; k < 11; k += 1) sum += gauss[k] * values[y * w + x + k];
        across[y * (w - 10) + x] = sum;
      }
    }
    var out = new Float64Array((w - 10) * (h - 10));
    for (y = 0; y < h - 10; y += 1) {
      for (x = 0; x < w - 10; x += 1) {
        sum = 0;
        for (k = 0; k < 11; k += 1) sum += gauss[k] * across[(y + k) * (w - 10) + x];
        out[y * (w - 10) + x] = sum;
      }
    }
    return out;
  }

  function product(a, b) {
    return a.map(function (value, index) {
      return value * b[index];
    });
  }

  function ssim(a, b, w, h) {
    if (w < 11 || h < 11) return NaN;
    var ma = blur(a, w, h);
    var mb = blur(b, w, h);
    var aa = blur(product(a, a), w, h);
    var bb = blur(product(b, b), w, h);
    var ab = blur(product(a, b), w, h);
    var c1 = 2.55 * 2.55;
    var c2 = 7.65 * 7.65;
    var sum = 0;
    for (var i = 0; i < ma.length; i += 1) {
      var m = ma[i] * mb[i];
      var squares = ma[i] * ma[i] + mb[i] * mb[i];
      sum +=
        ((2 * m + c1) * (2 * (ab[i] - m) + c2)) / ((squares + c1) * (aa[i] + bb[i] - squares + c2));
    }
    return sum / ma.length;
  }

  function scores(a, b, w, h) {
    var sum = 0;
    for (var i = 0; i < a.length; i += 1) sum += (a[i] - b[i]) * (a[i] - b[i]);
    var psnr = sum ? (10 * Math.log10((255 * 255 * a.length) / sum)).toFixed(2) : "∞";
    var s = ssim(a, b, w, h);
    return psnr + " / " + (Number.isNaN(s) ? "–" : s.toFixed(4));
  }

  // Dark blue to yellow, as in the figure of the refinement block.
  var stops = [
    [0, 34, 78],
    [64, 77, 107],
    [124, 123, 120],
    [187, 172, 105],
    [253, 231, 55],
  ];
  var MOST = 64; // grey levels at which the scale ends

  function errorImage(values, truth, w, h) {
    var image = new ImageData(w, h);
    for (var i = 0; i < values.length; i += 1) {
      var place = (Math.min(MOST, Math.abs(values[i] - truth[i])) / MOST) * (stops.length - 1);
      var low = Math.min(stops.length - 2, Math.floor(place));
      for (var c = 0; c < 3; c += 1) {
        image.data[4 * i + c] = stops[low][c] + (place - low) * (stops[low + 1][c] - stops[low][c]);
      }
      image.data[4 * i + 3] = 255;
    }
    return image;
  }

  function draw() {
    var picture = pictures[state.entry.key];
    if (!picture || !picture.pixels) return;
    keepInside();
    var whole = size();
    var now = view();
    var box = { x: Math.floor(now.x), y: Math.floor(now.y) };
    box.w = Math.min(whole.w, Math.ceil(now.x + now.w)) - box.x;
    box.h = Math.min(whole.h, Math.ceil(now.y + now.h)) - box.y;
    var truth = lumaOf(picture, 0);
    panes.forEach(function (pane) {
      var index = pane.name === "a" ? state.a : state.b;
      var canvas = pane.canvas;
      canvas.width = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1));
      canvas.height = Math.round((canvas.width * whole.h) / whole.w);
      var context = canvas.getContext("2d");
      context.imageSmoothingEnabled = false;
      var label = state.entry.views[index].label;
      if (pane.name === "error") {
        var map = document.createElement("canvas");
        map.width = whole.w;
        map.height = whole.h;
        map.getContext("2d").putImageData(errorImage(lumaOf(picture, index), truth, whole.w, whole.h), 0, 0);
        context.drawImage(map, now.x, now.y, now.w, now.h, 0, 0, canvas.width, canvas.height);
        canvas.setAttribute("aria-label", "Absolute error of luma of " + label);
        pane.text.textContent = "|error| of " + label + ", 0 to " + MOST + " grey levels";
        return;
      }
      context.drawImage(
        picture.canvas, now.x, index * whole.h + now.y, now.w, now.h, 0, 0, canvas.width, canvas.height
      );
      canvas.setAttribute("aria-label", label);
      var metrics = state.entry.views[index].metrics;
      var scored = metrics || index === 0;
      pane.text.textContent = !scored
        ? "enlarged without interpolation"
        : index === 0
          ? "what the others are compared with"
          : "in view " + scores(cut(lumaOf(picture, index), whole.w, box), cut(truth, whole.w, box), box.w, box.h) +
            " · whole image " + metrics;
    });
    var region = state.entry.region;
    var full = state.entry.whole;
    frame.style.left = (100 * (region[0] + now.x)) / full[0] + "%";
    frame.style.top = (100 * (region[1] + now.y)) / full[1] + "%";
    frame.style.width = (100 * now.w) / full[0] + "%";
    frame.style.height = (100 * now.h) / full[1] + "%";
    controls.closer.disabled = state.zoom === zooms.length - 1;
    controls.farther.disabled = state.zoom === 0;
    controls.factor.textContent = "×" + zooms[state.zoom];
    stage.classList.toggle("zoomed", state.zoom > 0);
  }

  window.showExcerpt = function (key, url) {
    var image = new Image();
    image.onload = function () {
      var canvas = document.createElement("canvas");
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      var context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      pictures[key] = { canvas: canvas, pixels: context, luma: [] };
      draw();
    };
    image.src = url;
  };

  function load() {
    var key = state.entry.key;
    if (pictures[key] && pictures[key].pixels) {
      draw();
      return;
    }
    panes.forEach(function (pane) {
      pane.text.textContent = "loading";
    });
    if (pictures[key]) return;
    pictures[key] = {};
    var script = document.createElement("script");
    script.src = "assets/excerpts/" + key + ".js";
    document.head.append(script);
  }

  function labels() {
    return state.entry.views.map(function (one) {
      return one.label;
    });
  }

  // Another image or scale: the views keep their names where they are there, too.
  function show(entry) {
    var before = [labels()[state.a], labels()[state.b]];
    state.entry = entry;
    var now = labels();
    var mesr = entry.views.findIndex(function (one) {
      return one.mesr;
    });
    state.a = Math.max(0, now.indexOf(before[0]));
    state.b = now.indexOf(before[1]);
    if (state.b < 1) state.b = mesr > 0 ? mesr : now.length - 1;
    fill(controls.a, now, state.a);
    fill(controls.b, now, state.b);
    overview.src = entry.overview;
    overview.alt = "The whole image " + entry.image + ", small; what is in view is framed";
    overview.style.aspectRatio = entry.whole[0] + " / " + entry.whole[1];
    block.querySelector(".chosen").textContent =
      entry.region[2] + "×" + entry.region[3] + " pixels at (" + entry.region[0] + ", " + entry.region[1] +
      "), chosen " + entry.chosen + ".";
    load();
  }

  function offerScales() {
    var entries = scalesOf(images[Number(controls.image.value)]);
    var chosen = entries.findIndex(function (entry) {
      return entry.scale === state.entry.scale;
    });
    if (chosen < 0) chosen = entries.length - 1; // the largest scale shows most
    fill(
      controls.scale,
      entries.map(function (entry) {
        return "×" + entry.scale;
      }),
      chosen
    );
    show(entries[chosen]);
  }

  // Zoom by a step, keeping a point (in shares of the pane) where it is.
  function zoom(steps, u, v) {
    var before = view();
    var to = Math.min(zooms.length - 1, Math.max(0, state.zoom + steps));
    if (to === state.zoom) return;
    state.zoom = to;
    var after = view();
    state.x = before.x + u * (before.w - after.w);
    state.y = before.y + v * (before.h - after.h);
    draw();
  }

  function move(dx, dy) {
    state.x += dx;
    state.y += dy;
    draw();
  }

  controls.image.addEventListener("change", offerScales);
  controls.scale.addEventListener("change", function () {
    show(scalesOf(images[Number(controls.image.value)])[Number(controls.scale.value)]);
  });
  ["a", "b"].forEach(function (side) {
    controls[side].addEventListener("change", function () {
      state[side] = Number(controls[side].value);
      draw();
    });
  });
  controls.closer.addEventListener("click", function () {
    zoom(1, 0.5, 0.5);
  });
  controls.farther.addEventListener("click", function () {
    zoom(-1, 0.5, 0.5);
  });
  controls.all.addEventListener("click", function () {
    state.zoom = 0;
    draw();
  });
  controls.swap.addEventListener("click", function () {
    var a = state.a;
    state.a = state.b;
    state.b = a;
    controls.a.value = String(state.a);
    controls.b.value = String(state.b);
    draw();
  });

  stage.addEventListener("keydown", function (event) {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    var step = view().w / 10;
    var moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key in moves) move(moves[event.key][0], moves[event.key][1]);
    else if (event.key === "+" || event.key === "=") zoom(1, 0.5, 0.5);
    else if (event.key === "-") zoom(-1, 0.5, 0.5);
    else if (event.key === "0") controls.all.click();
    else return;
    event.preventDefault();
  });

  panes.forEach(function (pane) {
    var canvas = pane.canvas;
    var fingers = new Map();
    var spread = 0;

    function share(event) {
      var box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    }

    canvas.addEventListener("pointerdown", function (event) {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, share(event));
      spread = 0;
    });
    canvas.addEventListener("pointermove", function (event) {
      var before = fingers.get(event.pointerId);
      if (!before) return;
      var now = share(event);
      fingers.set(event.pointerId, now);
      if (fingers.size === 1) {
        move((before[0] - now[0]) * view().w, (before[1] - now[1]) * view().h);
        return;
      }
      var ends = Array.from(fingers.values());
      var apart = Math.hypot(ends[0][0] - ends[1][0], ends[0][1] - ends[1][1]);
      if (!spread) spread = apart;
      if (apart > spread * 1.25 || apart < spread / 1.25) {
        zoom(apart > spread ? 1 : -1, (ends[0][0] + ends[1][0]) / 2, (ends[0][1] + ends[1][1]) / 2);
        spread = apart;
      }
    });
    ["pointerup", "pointercancel"].forEach(function (kind) {
      canvas.addEventListener(kind, function (event) {
        fingers.delete(event.pointerId);
      });
    });
    canvas.addEventListener("dblclick", function (event) {
      var at = share(event);
      zoom(1, at[0], at[1]);
    });
    canvas.addEventListener(
      "wheel",
      function (event) {
        if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
        event.preventDefault();
        var at = share(event);
        zoom(event.deltaY < 0 ? 1 : -1, at[0], at[1]);
      },
      { passive: false }
    );
  });

  window.addEventListener("resize", draw);
  fill(controls.image, images, 0);
  var started = false;
  new IntersectionObserver(
    function (entries) {
      if (started || !entries[0].isIntersecting) return;
      started = true;
      offerScales();
    },
    { rootMargin: "400px" }
  ).observe(block);
})();
