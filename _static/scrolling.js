/* A formula, a line of code or a table that is too wide for the screen scrolls
   in a box of its own. Only then can the box take the focus, so that the arrow
   keys scroll it. */
(function () {
  "use strict";
  const BOXES = "div.math, pre, .cell_output > .output";
  const LINES = "p, li, dd, td, th"; // in which a formula may be too wide

  /** @param {HTMLElement} box */
  function mark(box) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }

  /** @param {HTMLElement} line */
  function fit(line) {
    for (const formula of line.querySelectorAll("span.math")) {
      const set = formula.querySelector("mjx-container");
      const wide = set?.offsetWidth > formula.closest(LINES)?.clientWidth;
      formula.classList.toggle("d2l-wide", wide);
      mark(formula);
    }
  }

  addEventListener("load", async () => {
    await document.fonts.ready; // a late font widens lines, not boxes
    const sizes = new ResizeObserver((seen) => seen.forEach((entry) => mark(entry.target)));
    document.querySelectorAll(BOXES).forEach((box) => sizes.observe(box));
    await window.MathJax?.startup?.promise;
    // In the next frame, since a line that scrolls makes its paragraph higher.
    const lines = new ResizeObserver((seen) => requestAnimationFrame(
      () => seen.forEach((entry) => fit(entry.target))));
    document.querySelectorAll("span.math").forEach((formula) => {
      const line = formula.closest(LINES);
      if (line) lines.observe(line);
    });
  });
})();
