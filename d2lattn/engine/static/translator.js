/* A sentence is typed, and the model of the page translates it. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.translator) return;
  const { engine, make, maps, percent } = d2l;
  const LONGEST = 40; // words; the model has seen no more than 14
  d2l.pause = 600; // milliseconds without input after which it is announced

  /** What the reader asks for, and all that follows from it.
      @param {object} it a model and its vocabularies
      @param {string} text @param {{beam_size: number, off: object,
      positions: boolean}} how */
  function translate(it, text, { beam_size, off, positions }) {
    const { model, src_vocab, tgt_vocab } = it;
    const words = engine.tokenize(text).slice(0, LONGEST);
    if (words.length && !/^[.?!]$/.test(words.at(-1))) words.push(".");
    const src = [...src_vocab.encode(words), src_vocab.eos];
    const rules = { bos: tgt_vocab.bos, eos: tgt_vocab.eos, beam_size,
      length_penalty: 0.6, max_len: LONGEST };
    const steps = [...engine.beamSteps(model, src, rules, { off, positions })];
    const [best] = engine.ranked(steps.at(-1).after);
    const written = best.tokens.slice(1); // with <eos> if it is finished
    const look = { off, positions, weights: {} };
    model.forward(src, best.tokens.slice(0, -1), look);
    const candidates = written.map((_, t) => {
      const begun = String(best.tokens.slice(0, t + 1));
      const place = steps[t].before.findIndex(({ tokens }) =>
        String(tokens) === begun);
      return engine.candidates(steps[t], place, 5);
    });
    return { words, steps, best, written, candidates, weights: look.weights,
      read: [...words, "<eos>"],
      french: written.map((token) => tgt_vocab.words[token]),
      unknown: new Set(
        [...words.keys()].filter((i) => !src_vocab.has(words[i]))) };
  }

  async function start(root) {
    const spec = JSON.parse(root.querySelector(".d2l-spec").textContent);
    const it = await (spec.src ? engine.loadFrom(spec.src, spec.key)
      : engine.load(spec.packed));
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    const input = part("text"), said = part("said");
    const view = { off: {}, chosen: { path: Object.keys(maps.KINDS)[2], head:
      "mean" }, side: "tgt", at: 0 };
    /** The grammar's sentences that came along, by their English words. */
    const golds = new Map(Object.values(spec.sentences).flat().map(
      ([text, tgt, links]) => [engine.tokenize(text).join(" "), { tgt, links }]));
    const lastBlock = it.model.decoder.blks.length - 1;
    view.chosen.path = view.chosen.path.replace("#", lastBlock);
    let now, announcing;

    function compute() {
      const before = now?.french ?? [];
      now = translate(it, input.value, { ...view,
        beam_size: Number(part("beam").value),
        positions: part("positions").checked });
      const same = now.french.findIndex((word, i) => word !== before[i]);
      view.fresh = same < 0 ? Infinity : same;
      root.toggleAttribute("data-empty", !now.words.length);
      show();
      view.fresh = Infinity;
      clearTimeout(announcing);
      announcing = setTimeout(() => { part("status").textContent = sentence(); },
        d2l.pause);
    }

    const sentence = () => now.words.length === 0 ? "Type a sentence."
      : `${engine.detokenize(it.tgt_vocab.decode(now.best.tokens))} ` +
        `Probability ${percent(Math.exp(now.best.log_prob))}.` +
        (now.best.finished ? "" : " It did not come to an end.");

    /** The right links, if the sentence is one of them and it is right. */
    function linksOf({ words, french }) {
      const gold = golds.get(words.join(" "));
      return gold && `${gold.tgt} <eos>` === french.join(" ") ? gold.links : [];
    }

    /** Which row of which map belongs to the chosen word. */
    function rowOf(path) {
      const asks = path.startsWith("encoder") ? "src" : "tgt";
      return view.side === asks ? view.at : undefined;
    }

    function show() {
      const { path } = view.chosen, row = rowOf(path);
      const shares = row === undefined ? undefined
        : maps.sharesOf(now.weights, view.chosen, row);
      const answers = path.endsWith("attention1") ? "tgt" : "src";
      // What the decoder reads stands one step behind what it writes.
      const moved = answers === "tgt" ? shares?.slice(1) : shares;
      const { chips } = d2l.chips;
      chips(part("src"), now.read, { side: "src", unknown: now.unknown,
        at: view.side === "src" ? view.at : undefined,
        shares: answers === "src" ? shares : undefined });
      chips(part("tgt"), now.french, { side: "tgt", fresh: view.fresh,
        at: view.side === "tgt" ? view.at : undefined,
        shares: answers === "tgt" ? moved : undefined });
      const rows = Object.fromEntries(Object.keys(maps.KINDS)
        .map((kind) => [kind, rowOf(kind)]));
      const links = linksOf(now), gold = part("gold").checked ? links : [];
      part("gold").disabled = !links.length;
      part("maps").replaceChildren(
        ...maps.groups(now.weights, { ...view, rows, gold }));
      part("tree").replaceChildren(
        d2l.tree(now.steps, now.best, it.tgt_vocab.words));
      part("tree").parentElement.hidden = part("beam").value === "1";
      part("unknown").replaceChildren(...d2l.asking.unknown(now, it.src_vocab));
      showCandidates();
      said.textContent = d2l.asking.answer(now, view, shares, answers);
    }

    function showCandidates() {
      const t = view.side === "tgt" ? view.at : 0;
      part("candidates").replaceChildren(...(now.candidates[t] ?? []).map(
        ({ token, prob }) => make("li", { style: `--share: ${prob.toFixed(3)}` },
          make("span", { lang: "fr" }, it.tgt_vocab.words[token]), " ",
          make("small", {}, percent(prob)))));
    }

    const words = () => now.words;
    d2l.asking.listen(
      { root, part, input, view, spec, it, words, compute, show });
    compute();
  }

  d2l.translator = { start: async (root) => {
    if (root.dataset.started) return;
    root.dataset.started = "1";
    try {
      await start(root);
      root.dataset.ready = "1";
    } catch (error) {
      root.querySelector('[data-part="status"]').textContent =
        "This figure could not start: " + error.message;
      throw error;
    }
  } };
  const boot = () => document.querySelectorAll(".d2l-translator")
    .forEach(d2l.translator.start);
  if (document.readyState === "loading")
    document.addEventListener("DOMContentLoaded", boot);
  else boot();
})();
