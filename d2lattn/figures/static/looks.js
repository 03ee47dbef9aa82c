/* Figures follow light and dark, and paper, which is always light. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.looks) return;
  let printing = false;

  /** Colab's output frames carry `theme`, the book's pages `data-theme`.
      @returns {"light" | "dark"} */
  function theme() {
    const html = document.documentElement;
    const name = html.dataset.theme || html.getAttribute("theme");
    return name === "dark" && !printing ? "dark" : "light";
  }

  /** What a plot adds to its layout: on paper no more than a sheet's width,
      in CSS pixels, between margins. @param {HTMLElement} plot */
  const size = (plot) =>
    printing ? { width: Math.min(plot.clientWidth, 580) } : {};

  /** What to call when light turns dark: one function per figure on the page.
      @type {Map<Element, () => void>} */
  const redraws = new Map();

  function redraw() {
    for (const [root, draw] of redraws) {
      if (root.isConnected) draw();
      else redraws.delete(root);
    }
  }

  new MutationObserver(redraw).observe(
    document.documentElement, { attributeFilter: ["data-theme", "theme"] });

  const turn = (begins) => () => {
    printing = begins;
    redraw();
  };
  addEventListener("beforeprint", turn(true));
  addEventListener("afterprint", turn(false));
  // Only this makes Plotly measure its box again.
  addEventListener("afterprint", () => dispatchEvent(new Event("resize")));

  d2l.looks = { theme, size, follow: (root, draw) => redraws.set(root, draw) };
})();
