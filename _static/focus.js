/* The theme takes the focus from the button that opens a sidebar, so that
   closing the sidebar leaves it nowhere: give it back. */
(function () {
  "use strict";
  const OPENERS = {
    "pst-primary-sidebar-modal": ".primary-toggle",
    "pst-secondary-sidebar-modal": ".secondary-toggle",
  };

  addEventListener("close", ({ target }) => {
    const opener = document.querySelector(OPENERS[target.id] ?? "none");
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) opener?.focus();
    });
  }, true); // it does not bubble
})();
