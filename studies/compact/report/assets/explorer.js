// The explorer: two views of an excerpt beside each other, and the error of one, zoomed and moved together.
(() => {
  "use strict";

  const block = document.getElementById("explorer");
  const list = window.reportExcerpts || [];
  if (!block || !list.length) return;

  const ZOOMS = [1, 1.5, 2, 3, 4, 6, 8, 12];
  const MOST = 64; // grey levels at which the scale of errors ends
  // Dark blue to yellow, as in the figure of the refinement block.
  const STOPS = [[0, 34, 78], [64, 77, 107], [124, 123, 120], [187, 172, 105], [253, 231, 55]];
  const pictures = {}; // by key: canvas, pixels, luma of each view
  const state = { entry: list[list.length - 1], a: 0, b: 0, zoom: 0, x: 0, y: 0 };
  const panes = ["a", "b", "error"].map((name) => {
    const pane = block.querySelector(`[data-pane='${name}']`);
    return { name, canvas: pane.querySelector("canvas"), text: pane.querySelector(".metrics") };
  });
  const controls = {};
  block.querySelectorAll("[data-control]").forEach((element) => (controls[element.dataset.control] = element));
  const frame = block.querySelector(".frame");
  const overview = block.querySelector(".overview img");
  const stage = block.querySelector(".panes");
  const images = [...new Set(list.map((entry) => entry.image))];

  const fill = (select, texts, chosen) =>
    select.replaceChildren(...texts.map((text, index) => new Option(text, String(index), false, index === chosen)));
  const scalesOf = (image) => list.filter((entry) => entry.image === image);
  const size = () => ({ w: state.entry.region[2], h: state.entry.region[3] });
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  // What is in view, in pixels of the excerpt.
  function view() {
    const { w, h } = size();
    return { x: state.x, y: state.y, w: w / ZOOMS[state.zoom], h: h / ZOOMS[state.zoom] };
  }

  // Luma as docs/protocols.md defines it: BT.601, 16 to 235.
  function lumaOf(picture, index) {
    if (!picture.luma[index]) {
      const { w, h } = size();
      const data = picture.pixels.getImageData(0, index * h, w, h).data;
      picture.luma[index] = Float64Array.from({ length: w * h }, (_, i) =>
        16 + (65.481 * data[4 * i] + 128.553 * data[4 * i + 1] + 24.966 * data[4 * i + 2]) / 255);
    }
    return picture.luma[index];
  }

  function cut(values, width, box) {
    const out = new Float64Array(box.w * box.h);
    for (let y = 0; y < box.h; y += 1) {
      const start = (box.y + y) * width + box.x;
      out.set(values.subarray(start, start + box.w), y * box.w);
    }
    return out;
  }

  const weights = Array.from({ length: 11 }, (_, i) => Math.exp(-((i - 5) ** 2) / 4.5));
  const total = weights.reduce((sum, weight) => sum + weight);
  const gauss = weights.map((weight) => weight / total);

  // Averages over the 11x11 Gaussian windows that lie inside: along one axis, then the other.
  function blur(values, w, h) {
    const along = (source, columns, rows, step, stride) => {
      const out = new Float64Array(columns * rows);
      for (let y = 0; y < rows; y += 1) {
        for (let x = 0; x < columns; x += 1) {
          let sum = 0;
          for (let k = 0; k < 11; k += 1) sum += gauss[k] * source[y * stride + x + k * step];
          out[y * columns + x] = sum;
        }
      }
      return out;
    };
    return along(along(values, w - 10, h, 1, w), w - 10, h - 10, w - 10, w - 10);
  }

  function ssim(a, b, w, h) {
    if (w < 11 || h < 11) return NaN;
    const product = (p, q) => p.map((value, index) => value * q[index]);
    const [ma, mb, aa, bb, ab] = [a, b, product(a, a), product(b, b), product(a, b)].map((v) => blur(v, w, h));
    const [c1, c2] = [2.55 * 2.55, 7.65 * 7.65];
    let sum = 0;
    for (let i = 0; i < ma.length; i += 1) {
      const m = ma[i] * mb[i];
      const squares = ma[i] * ma[i] + mb[i] * mb[i];
      sum += ((2 * m + c1) * (2 * (ab[i] - m) + c2)) / ((squares + c1) * (aa[i] + bb[i] - squares + c2));
    }
    return sum / ma.length;
  }

  function scores(a, b, w, h) {
    let sum = 0;
    for (let i = 0; i < a.length; i += 1) sum += (a[i] - b[i]) ** 2;
    const psnr = sum ? (10 * Math.log10((255 * 255 * a.length) / sum)).toFixed(2) : "∞";
    const s = ssim(a, b, w, h);
    return `${psnr} / ${Number.isNaN(s) ? "–" : s.toFixed(4)}`;
  }

  function errorImage(values, truth, w, h) {
    const image = new ImageData(w, h);
    for (let i = 0; i < values.length; i += 1) {
      const place = (Math.min(MOST, Math.abs(values[i] - truth[i])) / MOST) * (STOPS.length - 1);
      const low = Math.min(STOPS.length - 2, Math.floor(place));
      for (let c = 0; c < 3; c += 1) {
        image.data[4 * i + c] = STOPS[low][c] + (place - low) * (STOPS[low + 1][c] - STOPS[low][c]);
      }
      image.data[4 * i + 3] = 255;
    }
    return image;
  }

  function told(picture, index, box, w) {
    const metrics = state.entry.views[index].metrics;
    if (index === 0) return "what the others are compared with";
    if (!metrics) return "enlarged without interpolation";
    const [own, truth] = [index, 0].map((i) => cut(lumaOf(picture, i), w, box));
    return `in view ${scores(own, truth, box.w, box.h)} · whole image ${metrics}`;
  }

  function draw() {
    const picture = pictures[state.entry.key];
    if (!picture || !picture.pixels) return;
    const { w, h } = size();
    state.x = clamp(state.x, 0, w - view().w);
    state.y = clamp(state.y, 0, h - view().h);
    const now = view();
    const box = { x: Math.floor(now.x), y: Math.floor(now.y) };
    box.w = Math.min(w, Math.ceil(now.x + now.w)) - box.x;
    box.h = Math.min(h, Math.ceil(now.y + now.h)) - box.y;
    panes.forEach(({ name, canvas, text }) => {
      const index = name === "a" ? state.a : state.b;
      const label = state.entry.views[index].label;
      canvas.width = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1));
      canvas.height = Math.round((canvas.width * h) / w);
      const context = canvas.getContext("2d");
      context.imageSmoothingEnabled = false;
      let [source, top] = [picture.canvas, index * h];
      if (name === "error") {
        source = Object.assign(document.createElement("canvas"), { width: w, height: h });
        source.getContext("2d").putImageData(errorImage(lumaOf(picture, index), lumaOf(picture, 0), w, h), 0, 0);
        top = 0;
      }
      context.drawImage(source, now.x, top + now.y, now.w, now.h, 0, 0, canvas.width, canvas.height);
      canvas.setAttribute("aria-label", name === "error" ? `Absolute error of luma of ${label}` : label);
      text.textContent =
        name === "error" ? `|error| of ${label}, 0 to ${MOST} grey levels` : told(picture, index, box, w);
    });
    const { region, whole } = state.entry;
    const place = [region[0] + now.x, region[1] + now.y, now.w, now.h];
    ["left", "top", "width", "height"].forEach((side, i) => {
      frame.style[side] = `${(100 * place[i]) / whole[i % 2]}%`;
    });
    controls.closer.disabled = state.zoom === ZOOMS.length - 1;
    controls.farther.disabled = state.zoom === 0;
    controls.factor.textContent = `×${ZOOMS[state.zoom]}`;
    stage.classList.toggle("zoomed", state.zoom > 0);
  }

  window.showExcerpt = (key, url) => {
    const image = new Image();
    image.onload = () => {
      const canvas = Object.assign(document.createElement("canvas"),
        { width: image.naturalWidth, height: image.naturalHeight });
      const pixels = canvas.getContext("2d", { willReadFrequently: true });
      pixels.drawImage(image, 0, 0);
      pictures[key] = { canvas, pixels, luma: [] };
      draw();
    };
    image.src = url;
  };

  function load() {
    const key = state.entry.key;
    if (pictures[key]) return draw();
    panes.forEach((pane) => (pane.text.textContent = "loading"));
    pictures[key] = {};
    const script = document.createElement("script");
    script.src = `assets/excerpts/${key}.js`;
    document.head.append(script);
  }

  // Another image or scale: the views keep their names where they are there, too.
  function show(entry) {
    const before = [state.a, state.b].map((index) => state.entry.views[index].label);
    state.entry = entry;
    const now = entry.views.map((one) => one.label);
    const subject = entry.views.findIndex((one) => one.subject);
    state.a = Math.max(0, now.indexOf(before[0]));
    state.b = now.indexOf(before[1]);
    if (state.b < 1) state.b = subject > 0 ? subject : now.length - 1;
    fill(controls.a, now, state.a);
    fill(controls.b, now, state.b);
    overview.src = entry.overview;
    overview.alt = `The whole image ${entry.image}, small; what is in view is framed`;
    overview.style.aspectRatio = `${entry.whole[0]} / ${entry.whole[1]}`;
    const [x, y, w, h] = entry.region;
    block.querySelector(".chosen").textContent = `${w}×${h} pixels at (${x}, ${y}), chosen ${entry.chosen}.`;
    load();
  }

  function offerScales() {
    const entries = scalesOf(images[Number(controls.image.value)]);
    const same = entries.findIndex((entry) => entry.scale === state.entry.scale);
    const chosen = same < 0 ? entries.length - 1 : same; // the largest scale shows most
    fill(controls.scale, entries.map((entry) => `×${entry.scale}`), chosen);
    show(entries[chosen]);
  }

  // Zoom by a step, keeping a point (in shares of the pane) where it is.
  function zoom(steps, u, v) {
    const before = view();
    state.zoom = clamp(state.zoom + steps, 0, ZOOMS.length - 1);
    const after = view();
    move(u * (before.w - after.w), v * (before.h - after.h));
  }

  function move(dx, dy) {
    state.x += dx;
    state.y += dy;
    draw();
  }

  controls.image.addEventListener("change", offerScales);
  controls.scale.addEventListener("change", () =>
    show(scalesOf(images[Number(controls.image.value)])[Number(controls.scale.value)]));
  ["a", "b"].forEach((side) =>
    controls[side].addEventListener("change", () => {
      state[side] = Number(controls[side].value);
      draw();
    }));
  controls.closer.addEventListener("click", () => zoom(1, 0.5, 0.5));
  controls.farther.addEventListener("click", () => zoom(-1, 0.5, 0.5));
  controls.all.addEventListener("click", () => zoom(-ZOOMS.length, 0, 0));
  controls.swap.addEventListener("click", () => {
    [state.a, state.b] = [state.b, state.a];
    controls.a.value = String(state.a);
    controls.b.value = String(state.b);
    draw();
  });

  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = view().w / 10;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key in moves) move(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(1, 0.5, 0.5);
    else if (event.key === "-") zoom(-1, 0.5, 0.5);
    else if (event.key === "0") controls.all.click();
    else return;
    event.preventDefault();
  });

  panes.forEach(({ canvas }) => {
    const fingers = new Map();
    let spread = 0;
    const share = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, share(event));
      spread = 0;
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const now = share(event);
      fingers.set(event.pointerId, now);
      if (fingers.size === 1) return move((before[0] - now[0]) * view().w, (before[1] - now[1]) * view().h);
      const [p, q] = [...fingers.values()];
      const apart = Math.hypot(p[0] - q[0], p[1] - q[1]);
      spread ||= apart;
      if (apart > spread * 1.25 || apart < spread / 1.25) {
        zoom(apart > spread ? 1 : -1, (p[0] + q[0]) / 2, (p[1] + q[1]) / 2);
        spread = apart;
      }
    });
    ["pointerup", "pointercancel"].forEach((kind) =>
      canvas.addEventListener(kind, (event) => fingers.delete(event.pointerId)));
    canvas.addEventListener("dblclick", (event) => zoom(1, ...share(event)));
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1 : -1, ...share(event));
    }, { passive: false });
  });

  window.addEventListener("resize", draw);
  fill(controls.image, images, 0);
  const near = new IntersectionObserver((entries) => {
    if (!entries[0].isIntersecting) return;
    near.disconnect();
    offerScales();
  }, { rootMargin: "400px" });
  near.observe(block);
})();
