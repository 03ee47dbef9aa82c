/* Bars whose words stand beyond their ends. Plotly lays the page out anew for
   each word it has not met, to learn how wide it is; a canvas tells. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.drawBars) return;

  const PAD = 3; // pixels between a bar and its words
  const context = document.createElement("canvas").getContext("2d");

  /** The words that Plotly has put beyond the ends of the bars of a trace.
      @returns {?(SVGTextElement?)[]} null if they stand in another way */
  function wordsOf(plot, layer, trace) {
    const simple = trace.textposition === "outside" && !trace.texttemplate &&
      !Number(trace.textangle) && !plot._fullLayout.uniformtext.mode &&
      Array.isArray(trace.text) && !trace.text.some((text) => /<br|\$/.test(text));
    if (!simple) return null;
    const group = [...layer.node().querySelectorAll("g.trace")]
      .find(({ __data__: [point] }) => point.trace.uid === trace.uid);
    const words = [...group?.querySelectorAll("g.point") ?? []]
      .map((point) => point.querySelector("text"));
    const alike = words.length === trace.text.length &&
      words.length === plot.calcdata[trace.index].length;
    return alike && words.some((word) => word) &&
      words.every((word) => !word || word.__data__.transform?.scale)
      ? words : null;
  }

  /** Where bars end that have no length. */
  function noLength(points, axis) {
    const less = points.some(({ s }) => s < 0);
    if (less && points.some(({ s }) => s > 0)) return 0;
    const way = axis.range[0] < axis.range[1] ? -1 : 1;
    return less ? -way : way;
  }

  /** The box that a browser lays out for words: their advance, which it rounds
      up to 64ths of a pixel, and ink that reaches beyond it.
      @param {SVGTextElement} word @param {string} font
      @returns {{wide: number, middle: number}} pixels; the middle of the box,
      seen from that of the advance */
  function box(word, font) {
    context.font = font;
    const ink = context.measureText(word.textContent);
    const advance = Math.ceil(64 * ink.width) / 64;
    const left = Math.max(0, ink.actualBoundingBoxLeft);
    const right = Math.max(advance, ink.actualBoundingBoxRight);
    return { wide: left + right, middle: (right - left - advance) / 2 };
  }

  /** Put words beyond the end of a bar, as Plotly would.
      @param {SVGTextElement} word @param {{wide: number, middle: number}} box
      @param {object} before where it was, or another word of the trace
      @param {number} zero where bars without length end */
  function place(word, { wide, middle }, before, trace, zero) {
    const path = word.parentNode.querySelector("path").getAttribute("d");
    const [, x0, y0, y1, x1] =
      path.match(/^M([-.\d]+),([-.\d]+)V([-.\d]+)H([-.\d]+)V/).map(Number);
    const lies = trace.orientation === "h";
    const [from, to, thick] = lies
      ? [x0, x1, Math.abs(y1 - y0)] : [-y0, -y1, Math.abs(x1 - x0)];
    const end = from === to && zero ? -zero : to < from ? -1 : 1;
    const space = thick > 2 * PAD ? PAD : 0;
    const fits = /both|outside/.test(trace.constraintext);
    const scale = lies ? before.scale : fits ? Math.min(1, thick / wide) : 1;
    const now = { ...before, scale, textX: middle,
      targetX: (x0 + x1) / 2, targetY: (y0 + y1) / 2 };
    if (lies) {
      now.targetX = x1 + end * space;
      now.anchorX = -end * wide / 2;
    } else {
      now.targetY = y1 - end * space;
      now.anchorY = end * Math.abs(before.anchorY);
    }
    const x = now.targetX - scale * (now.textX + now.anchorX);
    const y = now.targetY - scale * (now.textY + now.anchorY);
    const size = scale === 1 ? "" : `scale(${scale})`;
    word.setAttribute("transform", `translate(${x},${y})${size}`);
    word.__data__.transform = now;
  }

  /** Draw the bars of a subplot.
      @param {object} subplot @param {object[]} traces of `_fullData`
      @param {object} layer what they are drawn in
      @param {boolean} painted whether their colours moved */
  d2l.drawBars = (plot, subplot, traces, layer, painted) => {
    const [{ _module: module }] = traces;
    const bars = () => layer.node().querySelectorAll("g.point").length;
    const before = bars();
    const written = traces.map((trace) => {
      const words = wordsOf(plot, layer, trace);
      if (!words) return () => {};
      const model = words.find((word) => word);
      const stood = words.map((word) => (word ?? model).__data__.transform);
      // To ask for the computed style would have the page styled.
      const { fontWeight, fontSize, fontFamily } = model.style;
      const font = `${fontWeight || 400} ${fontSize} ${fontFamily}`;
      const points = model.closest(".points").children;
      for (const word of words) word?.remove();
      trace.textposition = "none";
      return () => {
        trace.textposition = "outside";
        const computed = plot.calcdata[trace.index];
        const zero = noLength(computed,
          trace.orientation === "h" ? subplot.xaxis : subplot.yaxis);
        trace.text.forEach((text, i) => {
          if (!text) return;
          const word = words[i] ?? model.cloneNode(true);
          points[i].append(word);
          word.__data__ = computed[i];
          d2l.write(word, text);
          place(word, box(word, font), stood[i], trace, zero);
        });
      };
    });
    const computed = traces.map(({ index }) => plot.calcdata[index]);
    try {
      module.plot(plot, subplot, computed, layer);
    } finally {
      written.forEach((write) => write());
    }
    if (painted || bars() !== before)
      module.style(plot, layer.selectAll("g.trace"));
  };
})();
