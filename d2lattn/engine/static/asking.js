/* What a reader does to a translator, and what it says in words. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.asking) return;
  const { chips, make, maps, percent } = d2l;

  /** Words that are not in the vocabulary, each with near ones to take.
      @returns {HTMLElement[]} */
  const unknown = ({ words, unknown }, vocab) => [...unknown].map((i) => {
    const near = vocab.near(words[i]);
    return make("li", {}, `The model does not know “${words[i]}”`,
      near.length ? ". Did you mean: " : ", or any word like it.",
      ...near.flatMap((word) => [make("button", { type: "button",
        "data-replace": i, "data-old": words[i], "data-word": word }, word), " "]));
  });

  /** Which keys weigh most for the chosen word, in one sentence. */
  function weighed({ french, read }, { side, at, chosen, off }, shares, keySide) {
    const { path, head } = chosen;
    const query = side === "src" ? read[at] : french[at];
    if (query === undefined) return "";
    const name = `${maps.KINDS[maps.kindOf(path)]}, block ` +
      `${Number(path.match(/\d+/)[0]) + 1}, ` +
      (head === "mean" ? "mean of the heads" : `head ${head + 1}`);
    if (!shares?.length)
      return `${name}: its queries are ${side === "src" ? "French"
        : "English"} words. Choose one of them, or another map.`;
    const keys = keySide === "src" ? read : ["<bos>", ...french];
    const best = [...shares.keys()].sort((i, j) => shares[j] - shares[i])
      .slice(0, 3).filter((i, rank) => rank === 0 || shares[i] >= 0.05)
      .map((i) => `“${keys[i]}” ${percent(shares[i])}`);
    const doing = side === "src" ? `“${query}” looks at`
      : `before writing “${query}”, it looks at`;
    const unused = (off[path] ?? []).includes(head)
      ? " The head is off, so nothing of it is used." : "";
    return `${name}: ${doing} ${best.join(", ")}.${unused}`;
  }

  /** The last word begun, completed from the vocabulary. */
  function complete(input, list, vocab) {
    const [, before, begun] = input.value.match(/^(.*?)([\p{L}']*)$/su);
    const words = begun ? vocab.complete(begun.toLowerCase(), 6) : [];
    list.replaceChildren(...words.filter((word) => word !== begun)
      .map((word) => make("option", { value: before + word })));
  }

  /** @param {{root: HTMLElement, part: (name: string) => HTMLElement,
      view: object, words: () => string[], compute: () => void,
      show: () => void}} figure */
  function listen({ root, part, input, view, spec, it, words, compute, show }) {
    const list = root.querySelector("datalist");
    input.addEventListener("input", () => {
      view.at = 0;
      complete(input, list, it.src_vocab);
      compute();
    });
    part("ask").addEventListener("submit", (event) => event.preventDefault());
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
    root.addEventListener("click", ({ target }) => {
      const { side, at, path, head, replace, old, word } =
        target.closest("button")?.dataset ?? {};
      if (side) lookFrom(side, Number(at));
      else if (path) choose(path, head);
      else if (replace && words()[replace] === old) {
        write(words().map((it, i) => i === Number(replace) ? word : it));
        return input.focus(); // the button goes
      } else return;
      const focused = target.closest("button");
      show();
      again(focused)?.focus();
    });
    root.addEventListener("change", ({ target }) => {
      const { path, head } = target.dataset;
      if (!path) return;
      const others = (view.off[path] ?? []).filter((it) => it !== Number(head));
      view.off = { ...view.off,
        [path]: target.checked ? others : [...others, Number(head)] };
      compute();
      again(target)?.focus();
    });

    part("swap").addEventListener("click", () => {
      const all = [...words()], i = view.at;
      [all[i], all[i + 1]] = [all[i + 1], all[i]];
      view.at = i + 1;
      write(all);
    });

    /** @param {string[]} sentence what is to be translated instead */
    function write(sentence) {
      input.value = d2l.engine.detokenize(sentence, "en");
      compute();
    }

    /** Choose a word, and a map whose queries are words of its sentence. */
    function lookFrom(side, at) {
      Object.assign(view, { side, at });
      const [one, , two] = Object.keys(maps.KINDS);
      if (view.chosen.path.startsWith("encoder") === (side === "src")) return;
      const last = it.model.decoder.blks.length - 1;
      view.chosen = { head: "mean",
        path: (side === "src" ? one : two).replace("#", last) };
    }

    function choose(path, head) {
      view.chosen = { path, head: head === "mean" ? head : Number(head) };
      const side = path.startsWith("encoder") ? "src" : "tgt";
      if (view.side !== side) Object.assign(view, { side, at: 0 });
    }

    /** The element that took the place of this one. */
    const again = (gone) => [...root.querySelectorAll(gone.tagName)].find((it) =>
      ["side", "at", "path", "head"].every((name) =>
        it.dataset[name] === gone.dataset[name]));
    for (const control of root.querySelectorAll("[disabled]"))
      control.disabled = false;
  }

  d2l.asking = { listen, unknown, weighed };
})();
