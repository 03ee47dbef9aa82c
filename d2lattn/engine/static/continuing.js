/* From the beginning of a text to all that a figure shows of what follows. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.goOn) return;
  const { engine } = d2l;
  const TYPED = 24, LONGEST = 60; // words: of a beginning, and of a text

  /** Words that stand in nearly every sentence of one language alone. */
  const COMMON = { en: "the a an is are was were he she they i we it his her my " +
    "your their of and not do does did to who where what 's this that",
  fr: "le la les l' un une des du d' est sont a ont il elle ils elles je j' tu " +
    "nous on son sa ses mon ma votre de et ne n' pas qui que qu' où ce cette c'" };
  const LISTS = Object.entries(COMMON)
    .map(([language, words]) => [language, new Set(words.split(" "))]);

  /** @param {string[]} words @returns {"en" | "fr"} the likelier one */
  function language(words) {
    const [en, fr] = LISTS.map(([, list]) =>
      words.filter((word) => list.has(word)).length);
    return fr > en || (fr === en && /[à-ÿœ]/.test(words.join(""))) ? "fr" : "en";
  }

  /** A sentence and, after the <eos>, what translates it.
      @param {string[]} words of a text, without <bos> */
  function split(words) {
    const turn = words.indexOf("<eos>") + 1 || words.length;
    const first = words.slice(0, turn), second = words.slice(turn);
    const one = language(first);
    return { first, second, turn,
      languages: [one, second.length === 0 || one === "fr" ? "en" : "fr"] };
  }

  /** An article that waits for its noun is one word: l', qu', n'.
      @param {string[]} words @param {Vocab} vocab */
  function elided(words, vocab) {
    const last = words.slice(-2).join("");
    return words.at(-1) === "'" && vocab.has(last)
      ? [...words.slice(0, -2), last] : words;
  }

  /** A text up to so many <eos>. @param {number[]} tokens (T,) */
  function upTo(tokens, eos, ends) {
    const places = [...tokens.keys()].filter((i) => tokens[i] === eos);
    return tokens.slice(0, (places[ends - 1] ?? Infinity) + 1);
  }

  /** One square of weights, out of the rows of each step.
      @param {Rows[][]} calls (H, Q, K) each @returns {Rows[]} (H, T, T) */
  const whole = (calls, T) => calls[0].map((_, h) => calls.flatMap((call) =>
    call[h].map((row) => Float32Array.from({ length: T }, (_, k) =>
      row[k] ?? 0))));

  /** Go on with a text, and keep how each word came about.
      @param {number[]} begun (t,) @param {Rule} rule
      @returns {{tokens: number[], logits: Rows, weights: {[path: string]:
      Rows[][]}, perWord: number}} `perWord`: what the cache keeps of each */
  function write(model, begun, rule, off) {
    const look = { off, weights: {} }, logits = [];
    let tokens = begun, state;
    for (const step of engine.generate(model, begun, rule, look)) {
      ({ tokens, state } = step);
      logits.push(...step.logits);
    }
    const read = tokens.slice(0, -1);
    if (!logits.length) { // there is nothing to go on with
      const [rows, after] = model.forward(read, model.initState(), look);
      logits.push(...rows);
      state = after;
    }
    const weights = Object.fromEntries(Object.entries(look.weights)
      .map(([path, calls]) => [path, [whole(calls, read.length)]]));
    return { tokens, logits, weights, perWord: engine.kept(state) / read.length };
  }

  /** The words for a place: the most probable, and the one that is there.
      @param {Row} logits (V,) @param {number} token @param {Rule} rule
      @returns {{number: number, of: {token: number, prob: number,
                 drawn: number}[]}} `prob` is what the model says, `drawn` what
      the rule makes of it, which leaves so large a `number` of words */
  function candidates(logits, token, rule) {
    const probs = engine.probabilities(logits);
    const drawn = engine.drawnFrom(logits, rule);
    const best = engine.bestFirst(logits, 8);
    return { number: drawn.filter((it) => it > 0).length,
      of: (best.includes(token) ? best : [...best, token])
        .map((it) => ({ token: it, prob: probs[it], drawn: drawn[it] })) };
  }

  /** What the reader asks for, and all that follows from it.
      @param {{model: TransformerDecoder, tgt_vocab: Vocab}} it
      @param {string} text @param {Rule & {ends: number, off: object,
      taken?: {from: number, tokens: number[]}}} how `taken`: what the reader
      took instead of what was typed, from some word on */
  d2l.goOn = ({ model, tgt_vocab: vocab }, text, how) => {
    const { off, taken = { from: TYPED, tokens: [] } } = how;
    const typed = elided(engine.tokenize(text), vocab);
    const words = typed.slice(0, Math.min(TYPED, taken.from));
    const begun = upTo([vocab.bos, ...vocab.encode(words), ...taken.tokens],
      vocab.eos, how.ends);
    const rule = { ...how, eos: vocab.eos, max_len: LONGEST };
    const written = write(model, begun, rule, off);
    const { tokens, logits } = written;
    const all = tokens.slice(1).map((token, i) =>
      words[i] ?? vocab.words[token]);
    return { ...written, ...split(all), words, all, given: begun.length - 1,
      cut: typed.length > TYPED && TYPED,
      ended: tokens.filter((token) => token === vocab.eos).length >= how.ends,
      candidatesAt: (i) => candidates(logits[i], tokens[i + 1], rule),
      probs: logits.map((row, i) => engine.probabilities(row)[tokens[i + 1]]),
      unknown: new Set(
        [...words.keys()].filter((i) => !vocab.has(words[i]))) };
  };
  d2l.language = language;
})();
