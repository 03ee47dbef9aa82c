/* A figure starts when a reader comes near it, and says so if it cannot. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.launch) return;
  const { engine } = d2l;
  d2l.pause = 600; // milliseconds without input after which it is announced

  /** A figure in a page: what it was told, a model with its vocabularies, and
      its elements by their names.
      @typedef {{root: HTMLElement, spec: object, it: object,
                 part: (name: string) => HTMLElement}} Figure */

  /** @param {HTMLElement} root @param {(figure: Figure) => void} start */
  async function begin(root, start) {
    if (root.dataset.started) return;
    root.dataset.started = "1";
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    try {
      const spec = JSON.parse(root.querySelector(".d2l-spec").textContent);
      const it = await (spec.src ? engine.loadFrom(spec.src, spec.key)
        : engine.load(spec.packed));
      start({ root, spec, it, part });
      root.dataset.ready = "1";
    } catch (error) {
      part("status").textContent =
        "This figure could not start: " + error.message;
      throw error;
    }
  }

  /** Start each figure of a kind when it comes within a screen of the viewport.
      @param {string} kind @param {(figure: Figure) => void} start */
  d2l.launch = (kind, start) => {
    const near = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries)
        if (isIntersecting) begin(target, start);
    }, { rootMargin: "100%" });
    const boot = () => document.querySelectorAll(`.d2l-${kind}`)
      .forEach((root) => near.observe(root));
    if (document.readyState === "loading")
      document.addEventListener("DOMContentLoaded", boot);
    else boot();
  };

  /** What is said while somebody types waits until they pause. At the start
      nobody types, and what comes late would push away what is below.
      @param {HTMLElement} said @param {() => void} announce
      @returns {() => void} to call at the start and at each input */
  d2l.waiting = (said, announce) => {
    let announcing, started = false;
    return () => {
      if (!started) {
        started = true;
        return announce();
      }
      said.setAttribute("aria-live", "off");
      clearTimeout(announcing);
      announcing = setTimeout(() => {
        said.setAttribute("aria-live", "polite");
        announce();
      }, d2l.pause);
    };
  };
})();
