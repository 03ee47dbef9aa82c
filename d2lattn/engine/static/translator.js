/* A sentence is typed, and the model of the page translates it. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.translator) return;
  const { asking, engine, make, maps, percent, searching } = d2l;

  /** @param {Figure} figure */
  function start({ root, spec, it, part }) {
    const input = part("text"), said = part("said");
    const view = { off: {}, chosen: { path: Object.keys(maps.KINDS)[2], head:
      "mean" }, side: "tgt", at: 0 };
    /** The grammar's sentences that came along, by their English words. */
    const golds = new Map(Object.values(spec.sentences).flat().map(
      ([text, tgt, links]) => [engine.tokenize(text).join(" "), { tgt, links }]));
    const lastBlock = it.model.decoder.blks.length - 1;
    view.chosen.path = view.chosen.path.replace("#", lastBlock);
    let now;
    const wait = d2l.waiting(said, announce);

    function compute() {
      const before = now?.french ?? [];
      now = d2l.translate(it, input.value, { ...view,
        beam_size: Number(part("beam").value),
        positions: part("positions").checked });
      const line = view.side === "src" ? now.read : now.french;
      view.at = Math.min(view.at, line.length - 1); // it may be shorter now
      const same = now.french.findIndex((word, i) => word !== before[i]);
      view.fresh = same < 0 ? Infinity : same;
      root.toggleAttribute("data-empty", !now.words.length);
      wait();
      show();
      view.fresh = Infinity;
    }

    /** Say what came out; and of what the reader did not just begin to type,
        which words are unknown. */
    function announce() {
      part("status").textContent = sentence();
      part("unknown").replaceChildren(...asking.unknown(now, it.src_vocab));
    }

    const sentence = () => now.words.length === 0 ? "Type a sentence."
      : `“${engine.detokenize(now.words, "en")}” becomes ` +
        `“${engine.detokenize(it.tgt_vocab.decode(now.best.tokens))}”. ` +
        `Probability ${percent(Math.exp(now.best.log_prob))}.` +
        (now.best.finished ? "" : " It did not come to an end.") +
        (now.cut ? ` Only the first ${now.cut} words are read.` : "");

    /** The right links, if the sentence is one of them and it is right. */
    function linksOf({ words, french }) {
      const gold = golds.get(words.join(" "));
      return gold && `${gold.tgt} <eos>` === french.join(" ") ? gold.links : [];
    }

    /** Which row of which map belongs to the chosen word. */
    function rowOf(path) {
      const queries = path.startsWith("encoder") ? "src" : "tgt";
      return view.side === queries ? view.at : undefined;
    }

    function show() {
      const { path } = view.chosen, row = rowOf(path);
      const shares = row === undefined ? undefined
        : maps.sharesOf(now.weights, view.chosen, row);
      const keys = path.endsWith("attention1") ? "tgt" : "src";
      // What the decoder reads stands one step behind what it writes.
      const moved = keys === "tgt" ? shares?.slice(1) : shares;
      const { chips } = d2l.chips;
      chips(part("src"), now.read, { side: "src", unknown: now.unknown,
        at: view.side === "src" ? view.at : undefined,
        shares: keys === "src" ? shares : undefined });
      chips(part("tgt"), now.french, { side: "tgt", fresh: view.fresh,
        at: view.side === "tgt" ? view.at : undefined,
        shares: keys === "tgt" ? moved : undefined });
      const rows = Object.fromEntries(Object.keys(maps.KINDS)
        .map((kind) => [kind, rowOf(kind)]));
      const links = linksOf(now), gold = part("gold").checked ? links : [];
      part("gold").disabled = !links.length;
      part("maps").replaceChildren(
        ...maps.groups(now.weights, { ...view, rows, gold }));
      part("tree").replaceChildren(
        d2l.tree(now.steps, now.best, it.tgt_vocab.words));
      part("tree").parentElement.hidden = part("beam").value === "1";
      // The mark at the end stays there.
      part("swap").disabled =
        view.side !== "src" || view.at + 2 >= now.words.length;
      showCandidates();
      said.textContent = searching.weighed(now, view, shares, keys);
    }

    function showCandidates() {
      const t = view.at;
      part("candidates").parentElement.hidden = view.side !== "tgt";
      part("candidates").replaceChildren(...(now.candidates[t] ?? []).map(
        ({ token, prob }) => make("li", { style: `--share: ${prob.toFixed(3)}` },
          make("span", { lang: "fr" }, it.tgt_vocab.words[token]), " ",
          make("small", {}, percent(prob)))));
    }

    const words = () => now.words;
    searching.listen({ root, part, view, spec, it, words, compute, show });
    compute();
  }

  d2l.translator = { start };
  d2l.launch("translator", start);
})();
