/* What a reader does to any model in a page, and what it says in words. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.asking) return;
  const { make, percent } = d2l;

  /** Words that are not in the vocabulary, each with near ones to take.
      @returns {HTMLElement[]} */
  const unknown = ({ words, unknown }, vocab) => [...unknown].map((i) => {
    const near = vocab.near(words[i]);
    return make("li", {}, `The model does not know “${words[i]}”`,
      near.length ? ". Did you mean: " : ", or any word like it.",
      ...near.flatMap((word) => [make("button", { type: "button",
        "data-replace": i, "data-old": words[i], "data-word": word }, word), " "]));
  });

  /** The keys that weigh most, with their shares.
      @param {number[]} shares (K,) @param {string[]} keys (K,) */
  const heaviest = (shares, keys) => [...shares.keys()]
    .sort((i, j) => shares[j] - shares[i])
    .slice(0, 3).filter((i, rank) => rank === 0 || shares[i] >= 0.05)
    .map((i) => `“${keys[i]}” ${percent(shares[i])}`).join(", ");

  /** What is to be said of a head that is switched off. */
  const silent = ({ off, chosen }) =>
    (off[chosen.path] ?? []).includes(chosen.head)
      ? " The head is off, so nothing of it is used." : "";

  /** The last word begun, completed from the vocabulary. */
  function complete(input, list, vocab) {
    const [, before, begun] = input.value.match(/^(.*?)([\p{L}']*)$/su);
    const words = begun ? vocab.complete(begun.toLowerCase(), 6) : [];
    list.replaceChildren(...words.filter((word) => word !== begun)
      .map((word) => make("option", { value: before + word })));
  }

  /** Type, take a near word, choose a map, switch a head off.
      @param {Figure & {view: object, vocab: Vocab, words: () => string[],
        write: (words: string[]) => void, typed: () => void,
        pressed: (of: DOMStringMap) => boolean, choose: () => void,
        compute: () => void, show: () => void}} figure
      `typed`, `pressed` and `choose` say what else follows: from what is
      typed, from another button, if that is one of theirs, and from a map. */
  function listen(figure) {
    const { root, part, view, vocab, words, write, compute, show } = figure;
    const input = part("text"), list = root.querySelector("datalist");
    input.addEventListener("input", () => {
      complete(input, list, vocab);
      figure.typed();
      compute();
    });
    part("ask").addEventListener("submit", (event) => event.preventDefault());
    root.addEventListener("click", ({ target }) => {
      const focused = target.closest("button");
      const { path, head, replace, old, word } = focused?.dataset ?? {};
      if (path) {
        view.chosen = { path, head: head === "mean" ? head : Number(head) };
        figure.choose();
      } else if (replace && words()[replace] === old) {
        write(words().map((it, i) => i === Number(replace) ? word : it));
        return input.focus(); // the button goes
      } else if (!focused || !figure.pressed(focused.dataset)) return;
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

    /** The element that took the place of this one. */
    const again = (gone) => [...root.querySelectorAll(gone.tagName)].find((it) =>
      ["side", "at", "path", "head", "token", "part"].every((name) =>
        it.dataset[name] === gone.dataset[name]));
    for (const control of root.querySelectorAll("[disabled]"))
      control.disabled = false;
  }

  d2l.asking = { heaviest, listen, silent, unknown };
})();
