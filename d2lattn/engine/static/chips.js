/* Sentences as rows of words that can be chosen. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.chips) return;
  const { make, percent } = d2l;

  /** A row of words, each a button. A word that is a key is as dark as its
      weight. Below it stands that, or a note where there are some.
      @param {HTMLElement} box @param {string[]} words
      @param {{side: string, at?: number, shares?: number[],
               notes?: string[], unknown?: Set<number>, given?: number,
               fresh?: number}} how
      `given`: up to which word they are the reader's; `fresh`: from which on
      they are new */
  function chips(box, words, how) {
    const { side, at, shares, notes, unknown, given = 0 } = how;
    const fresh = how.fresh ?? Infinity;
    box.replaceChildren(...words.map((word, i) => {
      const share = shares?.[i];
      const names = ["d2l-chip", unknown?.has(i) && "d2l-unknown",
        i < given && "d2l-given", i >= fresh && "d2l-fresh"].filter(Boolean);
      const style = [share && `--share: ${share.toFixed(3)}`,
        i >= fresh && `--order: ${i - fresh}`].filter(Boolean).join("; ");
      const below = notes?.[i] ?? (share === undefined ? "" : percent(share));
      return make("button", { type: "button", class: names.join(" "), style,
        "data-side": side, "data-at": i, "aria-pressed": i === at,
        tabindex: i === (at ?? 0) ? 0 : -1 }, word, make("small", {}, below));
    }));
  }

  /** Arrows go along a row, as in a list. @param {HTMLElement} box */
  function walk(box) {
    box.addEventListener("keydown", (event) => {
      const all = [...box.querySelectorAll("button")];
      const now = all.indexOf(document.activeElement);
      const last = all.length - 1;
      const next = { ArrowRight: Math.min(now + 1, last), Home: 0, End: last,
        ArrowLeft: Math.max(now - 1, 0) }[event.key];
      if (now < 0 || next === undefined) return;
      event.preventDefault();
      all[next].click();
      box.querySelectorAll("button")[next]?.focus();
    });
  }

  d2l.chips = { chips, walk };
})();
