/* A beginning is typed, and the model of the page goes on. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.continuer) return;
  const { asking, choosing, engine, make, maps, percent } = d2l;
  const KIND = "blks.#.attention";

  /** @param {Figure} figure */
  function start({ root, spec, it, part }) {
    const said = part("said"), words = it.tgt_vocab.words;
    const last = it.model.blks.length - 1;
    const view = { off: {}, seed: 0, taken: undefined, at: undefined,
      chosen: { path: KIND.replace("#", last), head: "mean" } };
    let now;
    const wait = d2l.waiting(said, announce);

    /** @param {boolean} [still] whether words appear all at once */
    function compute(still = false) {
      const before = now?.all ?? [];
      now = d2l.goOn(it, part("text").value, { ...view, ...choosing.asked(part) });
      view.at = Math.min(view.at ?? now.given, now.all.length - 1);
      const same = now.all.findIndex((word, i) => word !== before[i]);
      view.fresh = still || same < 0 ? Infinity : same;
      wait();
      show();
      view.fresh = Infinity;
    }

    function announce() {
      part("status").textContent = sentence();
      part("unknown").replaceChildren(...asking.unknown(now, it.tgt_vocab));
    }

    /** What was written, as a person would write it. */
    function sentence() {
      const [one, two] = [now.first, now.second].map((line, i) =>
        engine.detokenize(line.filter((it) => it !== "<eos>"), now.languages[i]));
      return `The model goes on: “${one}”` +
        (two && ` and its translation: “${two}”`) +
        (now.ended ? "" : ". It did not come to an end.") +
        (now.cut ? `. Only the first ${now.cut} words are read.` : "");
    }

    function show() {
      const shares = maps.sharesOf(now.weights, view.chosen, view.at);
      line("first", 0, shares);
      part("first").prepend(make("span", { class: "d2l-chip d2l-given",
        style: `--share: ${shares[0].toFixed(3)}` }, "<bos>"));
      line("second", now.turn, shares);
      part("second").parentElement.hidden = now.second.length === 0;
      part("back").hidden = !view.taken;
      part("maps").replaceChildren(...maps.groups(now.weights,
        { ...view, rows: { [KIND]: view.at }, gold: [] }));
      showCandidates(now.candidatesAt(view.at));
      said.textContent = weighed(shares);
      part("cache").textContent = kept();
    }

    /** The words of a line, which begins at a place of the text. */
    function line(name, from, shares) {
      const chosen = view.at - from, second = Number(name === "second");
      part(name).lang = now.languages[second];
      d2l.chips.chips(part(name), now[name], { side: name,
        at: chosen in now[name] ? chosen : undefined,
        shares: shares.slice(from + 1), // the first is that of <bos>
        notes: now.probs.slice(from).map(percent), given: now.given - from,
        fresh: view.fresh - from, unknown: second ? undefined : now.unknown });
    }

    /** What the model says of each word, and what the controls make of it. */
    function showCandidates({ of }) {
      const at = now.tokens[view.at + 1];
      part("candidates").replaceChildren(...of.map(({ token, prob, drawn }) => {
        const [one, two] = [percent(prob), drawn ? percent(drawn) : "cut"];
        return make("li", { style: `--share: ${drawn.toFixed(3)}` },
          make("button", { type: "button", "data-token": token,
            class: drawn ? "" : "d2l-cut", "aria-pressed": token === at },
          make("span", {}, words[token]), " ",
          make("small", {}, one === two ? one : `${one} → ${two}`)));
      }));
    }

    /** How the chosen word came about, and which words weighed most. */
    function weighed(shares) {
      const { at } = view, word = now.all[at];
      const { number, of } = now.candidatesAt(at);
      const { prob, drawn } = of.find((it) => it.token === now.tokens[at + 1]);
      const [own, its] = [prob, drawn].map(percent);
      const from = number === 1 ? "one word" : `${number} words`;
      const how = at < now.given ? `was given. The model gives it ${own}`
        : choosing.asked(part).greedy ? `is the most probable word, with ${own}`
          : `was drawn from ${from} with probability ${its}` +
            (its === own ? "" : `, and the model by itself gives it ${own}`);
      const keys = ["<bos>", ...now.all.slice(0, at)];
      const best = asking.heaviest(shares.slice(0, at + 1), keys);
      return `“${word}” ${how}. ${maps.nameOf(view.chosen)}: before writing ` +
        `“${word}”, it looks at ${best}.${asking.silent(view)}`;
    }

    /** What the cache holds when the chosen word is written. */
    function kept() {
      const read = view.at + 1, numbers = (it) => it.toLocaleString("en");
      return `To write “${now.all[view.at]}”, the cache holds the keys and ` +
        `values of ${read} ${read === 1 ? "token" : "tokens"}: ${read} × ` +
        `${numbers(now.perWord)} = ${numbers(read * now.perWord)} numbers.`;
    }

    choosing.listen({ root, part, view, spec, it, compute, show,
      words: () => now.words, all: () => now.tokens.slice(1),
      turn: () => now.turn });
    compute(true);
  }

  d2l.continuer = { start };
  d2l.launch("continuer", start);
})();
