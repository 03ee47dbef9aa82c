/* A heat map whose columns or rows differ in width, or stand apart: Plotly
   fills its bricks one by one, these lines pixel by pixel, in a tenth of the
   time and to the same picture. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.drawBricks) return;

  const SHADES = 1024;

  /** @type {Map<string, Uint32Array>} the pixels of a colour scale */
  const palettes = new Map();

  /** @param {[number, string][]} colorscale */
  function pixelsOf(colorscale) {
    const key = JSON.stringify(colorscale);
    if (!palettes.has(key)) {
      blank(SHADES, 1);
      const gradient = context.createLinearGradient(0, 0, SHADES, 0);
      for (const [at, color] of colorscale) gradient.addColorStop(at, color);
      context.fillStyle = gradient;
      context.clearRect(0, 0, SHADES, 1);
      context.fillRect(0, 0, SHADES, 1);
      const { data } = context.getImageData(0, 0, SHADES, 1);
      palettes.set(key, new Uint32Array(data.buffer));
    }
    return palettes.get(key);
  }

  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });

  /** A blank picture of this size. */
  function blank(width, height) {
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    return context.createImageData(width, height);
  }

  /** From where to where each brick goes along an axis, in pixels of the
      picture, and how many these are: one a brick where all are alike. */
  function along(axis, edges, start, size, gap) {
    const at = Array.from(edges, (edge) => axis.c2p(edge) - start);
    const step = (at.at(-1) - at[0]) / (at.length - 1);
    const whole = Math.abs(Math.abs(step) * (at.length - 1) - size) <= 1;
    const even = (edge, i) => Math.abs(edge - at[0] - i * step) < 0.01;
    if (!gap && whole && at.every(even)) {
      const last = at.length - 2;
      const spans = at.slice(1).map((_, i) => step < 0 ? last - i : i);
      return { size: at.length - 1, spans: spans.map((i) => [i, i + 1]) };
    }
    const inside = at.map((edge) => Math.min(Math.max(Math.round(edge), 0), size));
    const spans = inside.slice(1).map((end, i) => {
      const from = Math.min(inside[i], end) + Math.floor(gap / 2);
      return [from, from + Math.abs(end - inside[i]) - gap];
    });
    return { size, spans };
  }

  /** The words in the bricks of a map, where each has some and the longest is
      as long as before: that decides their size.
      @returns {?SVGTextElement[]} */
  function labelsOf(trace, group) {
    const labels = [...group.querySelectorAll(".heatmap-label text")];
    const texts = trace.text?.flat() ?? [];
    const longest = (all) => all.reduce((most, { length }) =>
      Math.max(most, length), 0);
    const simple = trace.texttemplate === "%{text}" &&
      (trace.textfont.color ?? "auto") === "auto";
    const kept = texts.length === labels.length &&
      texts.length === trace.z.flat().length &&
      texts.every((text) => text && !/<br|\$/.test(text)) &&
      longest(texts) === longest(labels.map(({ dataset }) => dataset.unformatted));
    return simple && kept ? labels : null;
  }

  /** The luminance of a colour, from white (1) to black (0).
      https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
  function luminance(rgb) {
    const [r, g, b] = rgb.map((part) => part <= 10 ? part / 3294.6
      : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  const GREY = luminance([68, 68, 68]);

  /** White or grey: what Plotly writes with on this colour.
      @param {number} pixel with red in the lowest byte */
  function contrast(pixel) {
    const alpha = Math.round((pixel >>> 24) / 255);
    const shade = luminance([0, 8, 16].map((bits) =>
      alpha ? (pixel >>> bits) & 255 : 255));
    return 1.05 / (shade + 0.05) >
      (Math.max(shade, GREY) + 0.05) / (Math.min(shade, GREY) + 0.05)
      ? "rgb(255, 255, 255)" : "rgb(68, 68, 68)";
  }

  /** Draw a heat map in its own image, whose place stands.
      @param {HTMLElement} plot @param {object} trace one of `_fullData`
      @returns {boolean} whether it is one of these maps, and was drawn */
  d2l.drawBricks = (plot, trace) => {
    const { xgap = 0, ygap = 0, zmin, zmax } = trace;
    const even = trace._islinear && !xgap && !ygap;
    if (trace.zsmooth || trace.reversescale || even && !trace.texttemplate)
      return false;
    const subplot = plot._fullLayout._plots[trace.xaxis + trace.yaxis];
    const group = [...subplot.plot.node().querySelectorAll(".hm")]
      .find(({ __data__: [point] }) => point.trace.uid === trace.uid);
    const image = group?.querySelector("image");
    const labels = trace.texttemplate ? image && labelsOf(trace, group) : [];
    if (!image || !labels) return false;
    const [left, top, wide, high] = ["x", "y", "width", "height"]
      .map((name) => Number(image.getAttribute(name)));
    const [{ x, y, z }] = plot.calcdata[trace.index];
    const columns = along(subplot.xaxis, x, left, wide, xgap);
    const rows = along(subplot.yaxis, y, top, high, ygap);
    const width = columns.size;
    const shades = pixelsOf(trace.colorscale);
    const scale = SHADES / (zmax - zmin);
    const picture = blank(width, rows.size);
    const pixels = new Uint32Array(picture.data.buffer);
    rows.spans.forEach(([from, to], i) => {
      if (from >= to) return;
      const line = from * width;
      columns.spans.forEach(([start, end], j) => {
        const label = labels[i * columns.spans.length + j];
        if (label) d2l.write(label, trace.text[i][j]);
        if (z[i][j] === undefined) return;
        const shade = Math.floor((z[i][j] - zmin) * scale);
        const pixel = shades[Math.min(Math.max(shade, 0), SHADES - 1)];
        if (label) label.style.fill = contrast(pixel);
        pixels.fill(pixel, line + start, line + Math.max(start, end));
      });
      for (let row = from + 1; row < to; row++)
        pixels.copyWithin(row * width, line, line + width);
    });
    context.putImageData(picture, 0, 0);
    image.style.imageRendering = "pixelated";
    image.setAttribute("href", canvas.toDataURL());
    return true;
  };
})();
