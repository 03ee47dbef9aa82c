/* Explorers: native controls over a Plotly figure whose frames were computed
   when the page was built. No kernel, no network. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.start) return;
  const FIGURES = ".d2l-explorer, .d2l-figure";
  d2l.rest = 200; // milliseconds without input after which all is drawn
  let revision = 0;
  const CONFIG = { responsive: true, displayModeBar: false, displaylogo: false };

  /** Start the Plotly that is in the page, deflated. */
  const unpack = async (embedded) => {
    const script = document.createElement("script");
    const code = await d2l.inflate(embedded.textContent);
    script.textContent = new TextDecoder().decode(code);
    document.head.append(script);
  };

  /** @type {{[part: string]: Promise<object>}} parts of Plotly asked for */
  const loading = {};

  /** As much of Plotly as the figure needs, from the page itself or from a
      file beside it. @returns {Promise<object>} */
  function loadPlotly(root) {
    const part = root.dataset.part;
    if (window.Plotly && (part === "cartesian" || Plotly !== d2l.cartesian))
      return Promise.resolve(Plotly);
    const embedded = document.querySelector(`script.d2l-plotly-${part}`);
    loading[part] ??= (embedded ? unpack(embedded)
      : d2l.loadScript(root.dataset.plotly)).then(() => {
      if (part === "cartesian") d2l.cartesian = window.Plotly;
      return window.Plotly;
    });
    return loading[part];
  }

  /** MathJax's SVG, which Plotly's LaTeX needs; pages are set in CHTML. */
  async function loadMath(root) {
    if (root.dataset.latex === undefined) return;
    if (document.readyState !== "complete") // its script may not have run
      await new Promise((loaded) => addEventListener("load", loaded));
    await window.MathJax?.startup?.promise;
    await window.MathJax?.loader?.load("output/svg").catch(console.warn);
  }

  /** Draw all of a figure. react() compares by identity: new objects, and
      another revision, or it sees no change. */
  function draw(plot, figure) {
    const template = d2l.templates[d2l.looks.theme()];
    // Without a drag mode of its own, a swipe over a plot scrolls the page.
    const layout =
      { dragmode: false, datarevision: ++revision, ...figure.layout,
        ...d2l.looks.size(plot), template };
    const data = figure.data.map((trace) => ({ ...trace }));
    // LaTeX would vanish where MathJax is there and its SVG is not.
    const typesetMath = Boolean(window.MathJax?._?.output?.svg_ts);
    return Plotly.react(plot, data, layout, { ...CONFIG, typesetMath })
      .then(() => deafen(plot));
  }

  /** Plotly listens to the wheel anew whenever it draws, though the wheel
      zooms nothing, and WebKit restyles the whole page each time, which takes
      half a second. */
  function deafen(plot) {
    const { addEventListener: listen } = EventTarget.prototype;
    for (const part of plot.querySelectorAll(".draglayer .drag")) {
      part.removeEventListener("wheel", part._onwheel);
      part.addEventListener = function (type, ...rest) {
        if (type !== "wheel") listen.call(this, type, ...rest);
      };
    }
  }

  const specOf = (root) => JSON.parse(root.querySelector(".d2l-spec").textContent);

  /** @param {object} control @param {HTMLElement} input */
  const stop = (control, input) =>
    control.kind === "checkbox" ? Number(input.checked) : Number(input.value);

  /** Say the values beside the controls, and what the figure now shows. */
  function say(root, spec, inputs, figure) {
    const words = spec.controls.map((control, i) => {
      const at = stop(control, inputs[i]);
      const label = control.labels[at];
      if (control.kind === "range") {
        inputs[i].setAttribute("aria-valuetext",
          `${label}, stop ${at + 1} of ${control.labels.length}`);
      }
      root.querySelectorAll("output")[i].value = label;
      return `${control.label} ${label}`;
    });
    const meta = figure.layout.meta || {};
    const alt = meta.alt || `${spec.title}: ${words.join(", ")}`;
    root.querySelector(".d2l-plot").setAttribute("aria-label", alt);
    root.querySelector(".d2l-alt").textContent = alt;
  }

  /** Frames follow the controls, at most one per animation frame: while the
      controls move, only what moves is drawn, and all of it when they rest. */
  async function explorer(root) {
    const spec = specOf(root);
    const [{ moving, buffer }] =
      await Promise.all(
        [d2l.frames.read(spec), loadPlotly(root), loadMath(root)]);
    const plot = root.querySelector(".d2l-plot");
    const inputs = [...root.querySelectorAll("[data-control]")];
    const wanted = () => spec.controls.reduce((frame, control, i) =>
      frame * control.labels.length + stop(control, inputs[i]), 0);
    let shown, busy = false, stale = false, resting;

    function drawFrame(frame) {
      // Plotly takes the element of a text that is now empty for a text.
      for (const empty of plot.querySelectorAll(".textpoint:empty")) empty.remove();
      const moved = d2l.frames.apply(spec.figure, moving, buffer, frame, shown);
      const first = shown === undefined;
      shown = frame;
      clearTimeout(resting);
      if (first || !d2l.redraw(plot, spec.figure, moved)) return drawWhole();
      resting = setTimeout(drawWhole, d2l.rest);
    }

    async function drawWhole() {
      clearTimeout(resting);
      await draw(plot, spec.figure);
      root.dispatchEvent(new CustomEvent("d2l:rested", { detail: shown }));
    }

    async function update() {
      stale = true;
      if (busy) return;
      busy = true;
      try {
        while (stale) {
          stale = false;
          await drawFrame(wanted());
          say(root, spec, inputs, spec.figure);
          root.dispatchEvent(new CustomEvent("d2l:drawn", { detail: shown }));
          await new Promise(requestAnimationFrame);
        }
      } finally { // a frame that Plotly refuses must not stop the next
        busy = false;
      }
    }
    for (const input of inputs) {
      input.disabled = false;
      input.addEventListener("input", update);
      // A swipe that scrolls the page did not mean the slider it began on.
      let before;
      input.addEventListener("pointerdown", () => { before = input.value; });
      input.addEventListener("pointercancel", () => {
        input.value = before;
        update();
      });
    }
    await update();
    // The first drawing of a kind takes longest: a rehearsal, unseen.
    d2l.redraw(plot, spec.figure, moving.map(({ path }) => path));
    d2l.looks.follow(root, drawWhole);
  }

  /** An ordinary Plotly figure, with its own animation frames if it has any. */
  async function plain(root) {
    const figure = specOf(root);
    const plot = root.querySelector(".d2l-plot");
    await Promise.all([loadPlotly(root), loadMath(root)]).then(() => draw(plot, figure));
    if (figure.frames) await Plotly.addFrames(plot, figure.frames);
    d2l.looks.follow(root, () => draw(plot, figure));
  }

  d2l.start = async (root) => {
    if (root.dataset.started) return;
    root.dataset.started = "1";
    try {
      await (root.matches(".d2l-explorer") ? explorer : plain)(root);
      root.dataset.ready = "1";
    } catch (error) {
      root.querySelector(".d2l-alt").textContent =
        "This figure could not start: " + error.message;
      throw error;
    }
  };

  /** A print does not wait for figures that have not started: it has their
      words, and the next print the figures. */
  addEventListener("beforeprint", () =>
    document.querySelectorAll(FIGURES).forEach(d2l.start));

  /** A figure starts when it comes within a screen of the viewport. */
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      d2l.start(target);
    }
  }, { rootMargin: "100%" });

  d2l.boot = () => {
    for (const root of document.querySelectorAll(FIGURES))
      if (!root.dataset.started) near.observe(root);
  };
  if (document.readyState === "loading")
    document.addEventListener("DOMContentLoaded", d2l.boot);
})();
if (document.readyState !== "loading") window.d2lattn.boot();
