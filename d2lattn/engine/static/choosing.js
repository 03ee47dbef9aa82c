/* What a reader does to a text that a model goes on with. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.choosing) return;
  const { asking, chips, engine, make } = d2l;

  const NUMBERS = [1, 2, 3, 5, 10, 20, 50, Infinity]; // of words, for top-k
  /** The sliders: what each says at a value. */
  const SLIDERS = {
    temperature: (value) => value.toFixed(1),
    k: (stop, size) => NUMBERS[stop] < size ? String(NUMBERS[stop])
      : `all ${size}`,
    p: (value) => value < 1 ? value.toFixed(2) : "1",
  };

  /** What the controls ask for. @returns {Rule & {ends: number}} */
  const asked = (part) => ({
    greedy: part("greedy").checked,
    temperature: part("temperature").valueAsNumber,
    k: NUMBERS[part("k").value],
    p: part("p").valueAsNumber,
    ends: Number(part("ends").value),
  });

  /** @param {Figure & {view: object, words: () => string[], all: () => number[],
      compute: (still?: boolean) => void, show: () => void}} figure
      `all`: the tokens that are shown, without <bos> */
  function listen(figure) {
    const { part, view, spec, it, words, all, compute } = figure;
    const input = part("text"), vocab = it.tgt_vocab;
    const drawn = ["temperature", "k", "p", "again"].map(part);

    function say(name) {
      const control = part(name);
      const text = SLIDERS[name](control.valueAsNumber, vocab.words.length);
      part(`${name}-said`).value = text;
      control.setAttribute("aria-valuetext",
        name === "k" ? `${text} words` : text);
    }

    for (const name of Object.keys(SLIDERS)) {
      say(name);
      part(name).addEventListener("input", () => {
        say(name);
        compute(true);
      });
    }
    part("greedy").addEventListener("change", ({ target }) => {
      for (const control of drawn) control.disabled = target.checked;
      compute();
    });
    part("ends").addEventListener("change", () => compute());
    part("again").addEventListener("click", () => {
      view.seed += 1;
      compute();
    });
    part("back").addEventListener("click", () => {
      afresh();
      compute();
      input.focus(); // the button goes
    });
    const menu = part("sentences");
    menu.append(...spec.sentences.map((text) => make("option", {}, text)));
    menu.addEventListener("change", () => {
      if (menu.selectedIndex) type(menu.value);
    });
    for (const name of ["first", "second"]) chips.walk(part(name));
    asking.listen({ ...figure, vocab, pressed, choose: () => {},
      write: (sentence) =>
        type(engine.detokenize(sentence, d2l.language(sentence))),
      typed: () => {
        menu.selectedIndex = 0;
        afresh();
      } });

    /** No word is taken, and the first new one is looked at. */
    function afresh() {
      Object.assign(view, { taken: undefined, at: undefined });
    }

    function type(text) {
      input.value = text;
      afresh();
      compute();
    }

    /** Choose a word to look at, or take one for its place and go on. */
    function pressed({ side, at, token }) {
      if (side) view.at = Number(at) + (side === "second" ? figure.turn() : 0);
      else if (token) take(Number(token));
      return Boolean(side ?? token);
    }

    function take(token) {
      const from = Math.min(view.at, words().length);
      view.taken = { from, tokens: [...all().slice(from, view.at), token] };
      compute();
    }
  }

  d2l.choosing = { asked, listen };
})();
