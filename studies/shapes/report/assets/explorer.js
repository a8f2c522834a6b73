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
  const pictures = {}; // by key: the views below each other, and their luma
  const images = [...new Set(list.map((entry) => entry.image))];
  const panes = ["a", "b", "error"].map((name) => {
    const figure = block.querySelector(`[data-pane='${name}']`);
    const [box, canvas, text] = [".view", "canvas", ".metrics"].map((part) => figure.querySelector(part));
    return { name, box, canvas, text };
  });
  const controls = {};
  block.querySelectorAll("[data-control]").forEach((element) => (controls[element.dataset.control] = element));
  let entry = list[list.length - 1];
  let zoom = 0;
  let place = [0, 0]; // to which all boxes are scrolled

  const chosen = (pane) => Number(controls[pane.name === "a" ? "a" : "b"].value);
  const fill = (select, texts, index) =>
    select.replaceChildren(...texts.map((text, i) => new Option(text, String(i), false, i === index)));
  const scalesOf = (image) => list.filter((one) => one.image === images[image]);

  // Luma of each view as docs/protocols.md defines it: BT.601, 16 to 235.
  function lumaOf(image) {
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    return Float64Array.from({ length: data.length / 4 }, (_, i) =>
      16 + (65.481 * data[4 * i] + 128.553 * data[4 * i + 1] + 24.966 * data[4 * i + 2]) / 255);
  }

  // A rectangle of the luma of one view.
  function cut(index, box) {
    const [, , w, h] = entry.region;
    const { luma } = pictures[entry.key];
    const out = new Float64Array(box.w * box.h);
    for (let y = 0; y < box.h; y += 1) {
      const start = (index * h + box.y + y) * w + box.x;
      out.set(luma.subarray(start, start + box.w), y * box.w);
    }
    return out;
  }

  const weights = Array.from({ length: 11 }, (_, i) => Math.exp(-((i - 5) ** 2) / 4.5));
  const total = weights.reduce((sum, weight) => sum + weight);

  // Averages over the 11x11 Gaussian windows that lie inside: along one axis, then the other.
  function blur(values, w, h) {
    const along = (source, columns, rows, step, stride) => {
      const out = new Float64Array(columns * rows);
      for (let i = 0; i < out.length; i += 1) {
        const start = Math.floor(i / columns) * stride + (i % columns);
        for (let k = 0; k < 11; k += 1) out[i] += (weights[k] / total) * source[start + k * step];
      }
      return out;
    };
    return along(along(values, w - 10, h, 1, w), w - 10, h - 10, w - 10, w - 10);
  }

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

  function ssim(a, b, { w, h }) {
    if (w < 11 || h < 11) return "–";
    const product = (p, q) => p.map((value, index) => value * q[index]);
    const [ma, mb, aa, bb, ab] = [a, b, product(a, a), product(b, b), product(a, b)].map((v) => blur(v, w, h));
    const [c1, c2] = [2.55 * 2.55, 7.65 * 7.65];
    return mean(ma.map((_, i) => {
      const m = ma[i] * mb[i];
      const squares = ma[i] * ma[i] + mb[i] * mb[i];
      return ((2 * m + c1) * (2 * (ab[i] - m) + c2)) / ((squares + c1) * (aa[i] + bb[i] - squares + c2));
    })).toFixed(4);
  }

  function told(index, box) {
    const { metrics } = entry.views[index];
    if (index === 0) return "reference";
    if (!metrics) return "enlarged without interpolation";
    const [own, truth] = [cut(index, box), cut(0, box)];
    const error = mean(own.map((value, i) => (value - truth[i]) ** 2));
    const psnr = error ? (10 * Math.log10((255 * 255) / error)).toFixed(2) : "∞";
    return `in view ${psnr} / ${ssim(own, truth, box)} · whole image ${metrics}`;
  }

  function errorImage(index) {
    const [, , w, h] = entry.region;
    const [own, truth] = [index, 0].map((view) => cut(view, { x: 0, y: 0, w, h }));
    const image = new ImageData(w, h);
    own.forEach((value, i) => {
      const place = (Math.min(MOST, Math.abs(value - truth[i])) / MOST) * (STOPS.length - 1);
      const low = Math.min(STOPS.length - 2, Math.floor(place));
      const colour = STOPS[low].map((start, c) => start + (place - low) * (STOPS[low + 1][c] - start));
      image.data.set([...colour, 255], 4 * i);
    });
    return image;
  }

  // Draw the chosen views whole; what is in view is where their boxes are scrolled to.
  function draw() {
    if (!pictures[entry.key]?.luma) return;
    const [, , w, h] = entry.region;
    panes.forEach((pane) => {
      const index = chosen(pane);
      const { label } = entry.views[index];
      const error = pane.name === "error";
      Object.assign(pane.canvas, { width: w, height: h });
      const context = pane.canvas.getContext("2d");
      if (error) context.putImageData(errorImage(index), 0, 0);
      else context.drawImage(pictures[entry.key].image, 0, -index * h);
      pane.canvas.setAttribute("aria-label", error ? `Absolute error of luma of ${label}` : label);
      pane.box.style.aspectRatio = `${w} / ${h}`;
    });
    tell();
  }

  // The scores of what is in view, and the frame around it in the small whole image.
  function tell() {
    if (!pictures[entry.key]?.luma) return;
    const [x, y, w, h] = entry.region;
    const { scrollLeft, scrollTop, clientWidth } = panes[0].box;
    const size = w / clientWidth / ZOOMS[zoom]; // pixels of the picture in one of the screen
    const now = { x: scrollLeft * size, y: scrollTop * size, w: w / ZOOMS[zoom], h: h / ZOOMS[zoom] };
    const box = { x: Math.floor(now.x + 0.01), y: Math.floor(now.y + 0.01) };
    box.w = Math.min(w, Math.ceil(now.x + now.w - 0.01)) - box.x;
    box.h = Math.min(h, Math.ceil(now.y + now.h - 0.01)) - box.y;
    panes.forEach((pane) => {
      const index = chosen(pane);
      pane.text.textContent = pane.name === "error"
        ? `|error| of ${entry.views[index].label}, 0 to ${MOST} grey levels`
        : told(index, box);
    });
    const { style } = block.querySelector(".frame");
    const [width, height] = entry.whole;
    style.left = `${(100 * (x + now.x)) / width}%`;
    style.top = `${(100 * (y + now.y)) / height}%`;
    style.width = `${(100 * now.w) / width}%`;
    style.height = `${(100 * now.h) / height}%`;
  }

  // Another zoom keeps the middle where it is.
  function setZoom(value) {
    const { box } = panes[0];
    const middle = [(box.scrollLeft + box.clientWidth / 2) / box.scrollWidth,
      (box.scrollTop + box.clientHeight / 2) / box.scrollHeight];
    zoom = Math.min(ZOOMS.length - 1, Math.max(0, value));
    panes.forEach((pane) => (pane.canvas.style.width = `${100 * ZOOMS[zoom]}%`));
    box.scrollLeft = middle[0] * box.scrollWidth - box.clientWidth / 2;
    box.scrollTop = middle[1] * box.scrollHeight - box.clientHeight / 2;
    controls.closer.disabled = zoom === ZOOMS.length - 1;
    controls.farther.disabled = zoom === 0;
    controls.factor.textContent = `×${ZOOMS[zoom]}`;
    tell();
  }

  window.showExcerpt = async (key, url) => {
    const image = Object.assign(new Image(), { src: url });
    await image.decode();
    pictures[key] = { image, luma: lumaOf(image) };
    draw();
  };

  // Another image or scale: the views keep their names where they are there, too.
  function show() {
    const before = ["a", "b"].map((side) => controls[side].selectedOptions[0]?.text);
    entry = scalesOf(Number(controls.image.value))[Number(controls.scale.value)];
    const labels = entry.views.map((one) => one.label);
    const subject = entry.views.findIndex((one) => one.subject);
    const b = labels.indexOf(before[1]);
    fill(controls.a, labels, Math.max(0, labels.indexOf(before[0])));
    fill(controls.b, labels, b > 0 ? b : subject > 0 ? subject : labels.length - 1);
    const overview = block.querySelector(".overview img");
    overview.src = entry.overview;
    overview.alt = `The whole image ${entry.image}, small; what is in view is framed`;
    const [x, y, w, h] = entry.region;
    block.querySelector(".chosen").textContent = `${w}×${h} pixels at (${x}, ${y}), chosen ${entry.chosen}.`;
    if (pictures[entry.key]) return draw();
    pictures[entry.key] = {};
    panes.forEach((pane) => (pane.text.textContent = "loading"));
    document.head.append(Object.assign(document.createElement("script"), { src: `assets/excerpts/${entry.key}.js` }));
  }

  function offerScales() {
    const scales = scalesOf(Number(controls.image.value)).map((one) => one.scale);
    const same = scales.indexOf(entry.scale);
    fill(controls.scale, scales.map((scale) => `×${scale}`), same < 0 ? scales.length - 1 : same);
    show();
  }

  controls.image.addEventListener("change", offerScales);
  controls.scale.addEventListener("change", show);
  ["a", "b"].forEach((side) => controls[side].addEventListener("change", draw));
  controls.closer.addEventListener("click", () => setZoom(zoom + 1));
  controls.farther.addEventListener("click", () => setZoom(zoom - 1));
  controls.all.addEventListener("click", () => setZoom(0));
  controls.swap.addEventListener("click", () => {
    [controls.a.value, controls.b.value] = [controls.b.value, controls.a.value];
    draw();
  });
  panes.forEach(({ box }) => {
    box.addEventListener("scroll", () => {
      const { scrollLeft, scrollTop } = box;
      if (Math.hypot(scrollLeft - place[0], scrollTop - place[1]) < 1) return; // moved by another box
      place = [scrollLeft, scrollTop];
      panes.forEach((other) => Object.assign(other.box, { scrollLeft, scrollTop }));
      tell();
    });
    box.addEventListener("pointermove", (event) => {
      if (event.buttons === 1 && event.pointerType === "mouse") box.scrollBy(-event.movementX, -event.movementY);
    });
  });

  fill(controls.image, images, 0);
  new IntersectionObserver((entries, observer) => {
    if (!entries[0].isIntersecting) return;
    observer.disconnect();
    offerScales();
  }, { rootMargin: "400px" }).observe(block);
})();
