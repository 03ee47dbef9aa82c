/* Sentences as rows of words that can be chosen. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.chips) return;
  const { make, percent } = d2l;

  /** A row of words, each a button. A word that is a key is as dark as
      its weight, which stands below it.
      @param {HTMLElement} box @param {string[]} words
      @param {{side: string, at?: number, shares?: number[],
               unknown?: Set<number>, fresh?: number}} how
      `fresh`: from which word on they are new */
  function chips(box, words, { side, at, shares, unknown, fresh }) {
    box.replaceChildren(...words.map((word, i) => {
      const share = shares?.[i];
      const names = ["d2l-chip", unknown?.has(i) && "d2l-unknown",
        i >= (fresh ?? Infinity) && "d2l-fresh"].filter(Boolean);
      const style = [share && `--share: ${share.toFixed(3)}`,
        `--order: ${i - (fresh ?? 0)}`].filter(Boolean).join("; ");
      return make("button", { type: "button", class: names.join(" "), style,
        "data-side": side, "data-at": i, "aria-pressed": i === at,
        tabindex: i === (at ?? 0) ? 0 : -1 }, word,
      make("small", {}, share === undefined ? "" : percent(share)));
    }));
  }

  /** Arrows go along a row, as in a list. @param {HTMLElement} box */
  function walk(box) {
    box.addEventListener("keydown", (event) => {
      const all = [...box.children];
      const now = all.indexOf(document.activeElement);
      const last = all.length - 1;
      const next = { ArrowRight: Math.min(now + 1, last), Home: 0, End: last,
        ArrowLeft: Math.max(now - 1, 0) }[event.key];
      if (now < 0 || next === undefined) return;
      event.preventDefault();
      all[next].click();
      box.children[next]?.focus();
    });
  }

  d2l.chips = { chips, walk };
})();
