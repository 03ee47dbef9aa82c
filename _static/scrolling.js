/* A formula too wide for the screen scrolls in a box of its own. Only then is
   the box a stop for the keyboard, so that the arrow keys can scroll it. */
(function () {
  "use strict";

  /** @param {HTMLElement} box */
  function mark(box) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }

  addEventListener("load", () => {
    const sizes = new ResizeObserver((seen) => seen.forEach((entry) => mark(entry.target)));
    document.querySelectorAll("div.math").forEach((box) => sizes.observe(box));
  });
})();
