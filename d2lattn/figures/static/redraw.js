/* While a control moves, only what moves is drawn: Plotly's own modules draw
   the traces, without the rest of Plotly (defaults, axes, margins, legends).
   This knows Plotly from the inside, so it works with one version alone. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.redraw) return;

  // What may move in a trace so that nothing else has to be drawn anew.
  const MOVABLE = {
    scatter: /^(x|y|text|hovertext|customdata|marker\.(size|opacity|color))$/,
    bar: /^(x|y|text|hovertext|customdata|marker\.(opacity|color))$/,
    heatmap: /^(z|text|hovertext|customdata)$/,
  };
  const at = (part, path) => path.reduce((inner, key) => inner?.[key], part);
  const put = (part, path, value) => {
    at(part, path.slice(0, -1))[path.at(-1)] = value;
  };

  /** What a legend shows of the sizes of many marks, nearly. */
  const mean = (all) => Array.isArray(all)
    ? (all.reduce((a, b) => a + b, 0) / all.length).toPrecision(3) : all;

  const subplotOf = (plot, trace) =>
    plot._fullLayout._plots[trace.xaxis + trace.yaxis];

  const axesOf = (plot, trace) => {
    const { xaxis, yaxis } = subplotOf(plot, trace);
    return [xaxis, yaxis];
  };

  /** Where the numbers of a trace end, as its axes see it. */
  const ends = (plot, trace) => JSON.stringify(axesOf(plot, trace).map((axis) =>
    axis.autorange && trace._extremes[axis._id]));

  /** Whether a trace can be drawn by itself when this in it moves. */
  function movable(plot, trace, path, value) {
    const name = path.join(".");
    if (trace?.visible !== true || !MOVABLE[trace.type]?.test(name)) return false;
    if (trace.error_x?.visible || trace.error_y?.visible) return false;
    if (trace.type === "heatmap") {
      const before = trace.z;
      const colors = trace.zauto === false && !trace.coloraxis;
      return colors && (name !== "z" || before.length === value.length &&
        before[0]?.length === value[0]?.length);
    }
    if (path[0] === "marker") {
      const numbers = path[1] === "color" &&
        typeof [value].flat()[0] !== "string"; // with a scale of their own
      const inLegend = trace.showlegend && plot._fullLayout.showlegend;
      return !numbers && !(inLegend && mean(at(trace, path)) !== mean(value)) &&
        Array.isArray(at(trace, path)) === Array.isArray(value);
    }
    const axis = axesOf(plot, trace)["xy".indexOf(name)];
    return !axis || ["linear", "log"].includes(axis.type);
  }

  /** Put numbers through the trace's own arithmetic.
      @returns {boolean} whether the axes can stay as they are */
  function compute(plot, trace) {
    const before = ends(plot, trace);
    const { x, y, _module: module } = trace;
    if (trace.type !== "heatmap")
      trace._length = Math.min(x?.length ?? Infinity, y?.length ?? Infinity);
    trace._extremes = {};
    let points = trace._length === 0 ? [] : module.calc(plot, trace);
    if (!points[0]) points = [{ x: undefined, y: undefined }];
    points[0].t ??= {};
    points[0].trace = trace;
    plot.calcdata[trace.index] = points;
    return () => ends(plot, trace) === before;
  }

  /** The traces that one call of their module draws. */
  function together(plot, trace) {
    const all = plot._fullData.filter((other) => other.visible === true &&
      other.type === trace.type && subplotOf(plot, other) === subplotOf(plot, trace));
    // Only a trace filled up to its neighbour depends on that.
    return trace.type === "scatter" && all.every(({ fill }) => fill === "none")
      ? [trace] : all;
  }

  /** Have each module draw its traces that moved.
      @param {Set<object>} painted those whose colours or sizes did */
  function drawTraces(plot, traces, painted) {
    const stays = traces.map((trace) => compute(plot, trace));
    for (const trace of traces)
      trace._module.crossTraceCalc?.(plot, subplotOf(plot, trace));
    if (!stays.every((holds) => holds())) return false;
    const done = new Set();
    for (const trace of traces) {
      if (done.has(trace)) continue;
      const group = together(plot, trace);
      group.forEach((other) => done.add(other));
      if (trace.type === "heatmap" && d2l.drawBricks(plot, trace)) continue;
      const { _module: module } = trace;
      const subplot = subplotOf(plot, trace);
      const layer = subplot.plot.select(
        "g." + (module.layerName || module.name + "layer"));
      if (trace.type === "bar") {
        d2l.drawBars(plot, subplot, group, layer,
          group.some((other) => painted.has(other)));
        continue;
      }
      // With a transition that takes no time, the other traces stay.
      const alone = group.length === 1 ? { duration: 0 } : undefined;
      module.plot(plot, subplot,
        group.map(({ index }) => plot.calcdata[index]), layer, alone);
    }
    return true;
  }

  function draw(plot, figure, paths) {
    const traces = new Set(), painted = new Set();
    for (const path of paths.filter(([part]) => part === "data")) {
      const trace = plot._fullData[path[1]];
      const value = at(figure, path);
      if (!movable(plot, trace, path.slice(2), value)) return false;
      put(trace, path.slice(2), value);
      put(plot.data[path[1]], path.slice(2), value);
      traces.add(trace);
      if (path[2] === "marker") painted.add(trace);
    }
    if (plot._hoverdata) Plotly.Fx.unhover(plot);
    return drawTraces(plot, [...traces], painted) &&
      paths.filter(([part]) => part === "layout").every((path) =>
        d2l.drawWords(plot, path, at(figure, path)));
  }

  /** Draw a figure of which only the leaves at these paths have moved.
      @param {HTMLElement} plot @param {object} figure
      @param {(string | number)[][]} paths
      @returns {boolean} false if Plotly has to draw it as a whole */
  d2l.redraw = (plot, figure, paths) => {
    if (Plotly.version !== d2l.version) return false;
    try {
      return draw(plot, figure, paths);
    } catch (error) { // the reader need not see what we did not foresee
      console.warn(error);
      return false;
    }
  };
})();
