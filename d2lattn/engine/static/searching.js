/* What a reader does to a translator alone, and what it says in words. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.searching) return;
  const { asking, chips, maps } = d2l;

  /** Which keys weigh most for the chosen word, in one sentence. */
  function weighed({ french, read }, view, shares, keySide) {
    const { side, at, chosen } = view;
    const query = side === "src" ? read[at] : french[at];
    if (query === undefined) return "";
    const name = maps.nameOf(chosen);
    if (!shares?.length)
      return `${name}: its queries are ${side === "src" ? "French"
        : "English"} words. Choose one of them, or another map.`;
    const keys = keySide === "src" ? read : ["<bos>", ...french];
    const doing = side === "src" ? `“${query}” looks at`
      : `before writing “${query}”, it looks at`;
    return `${name}: ${doing} ${asking.heaviest(shares, keys)}.` +
      asking.silent(view);
  }

  /** @param {Figure & {view: object, words: () => string[],
      compute: () => void, show: () => void}} figure */
  function listen(figure) {
    const { part, view, spec, it, words, compute, show } = figure;
    const input = part("text");
    for (const name of ["beam", "positions"])
      part(name).addEventListener("change", compute);
    part("gold").addEventListener("change", show);
    for (const name of ["src", "tgt"]) chips.walk(part(name));
    const drawn = { new: 0 }; // with which the figure opens
    for (const name of ["known", "new"])
      part(name).addEventListener("click", () => {
        drawn[name] = ((drawn[name] ?? -1) + 1) % spec.sentences[name].length;
        [input.value] = spec.sentences[name][drawn[name]];
        view.at = 0;
        compute();
      });
    part("swap").addEventListener("click", () => {
      const all = [...words()], i = view.at;
      [all[i], all[i + 1]] = [all[i + 1], all[i]];
      view.at = i + 1;
      write(all);
    });
    asking.listen({ ...figure, vocab: it.src_vocab, write, pressed, choose,
      typed: () => (view.at = 0) });

    /** @param {string[]} sentence what is to be translated instead */
    function write(sentence) {
      input.value = d2l.engine.detokenize(sentence, "en");
      compute();
    }

    /** Choose a word, and a map whose queries are words of its sentence. */
    function pressed({ side, at }) {
      if (!side) return false;
      Object.assign(view, { side, at: Number(at) });
      if (view.chosen.path.startsWith("encoder") !== (side === "src")) {
        const [one, , two] = Object.keys(maps.KINDS);
        const last = it.model.decoder.blks.length - 1;
        view.chosen = { head: "mean",
          path: (side === "src" ? one : two).replace("#", last) };
      }
      return true;
    }

    function choose() {
      const side = view.chosen.path.startsWith("encoder") ? "src" : "tgt";
      if (view.side !== side) Object.assign(view, { side, at: 0 });
    }
  }

  d2l.searching = { listen, weighed };
})();
