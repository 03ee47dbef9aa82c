/* What is too wide for the screen (a formula, a line of code, a table) scrolls
   in a box of its own. Only then is the box a stop for the keyboard, so that
   the arrow keys can scroll it. */
(function () {
  "use strict";
  const BOXES = "div.math, pre, .cell_output > .output";

  /** @param {HTMLElement} box */
  function mark(box) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }

  addEventListener("load", async () => {
    await document.fonts.ready; // a late font widens lines, not boxes
    const sizes = new ResizeObserver((seen) => seen.forEach((entry) => mark(entry.target)));
    document.querySelectorAll(BOXES).forEach((box) => sizes.observe(box));
  });
})();
