/* From the logits of a language model to words that are drawn, by the rules of
   d2lattn/sampling.py. What is cut has a logit of -Infinity. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  const engine = (d2l.engine = d2l.engine || {});
  if (engine.generate) return;
  const { bestFirst, logSoftmax } = engine;

  /** How a word is chosen: the most probable one if `greedy`; otherwise drawn,
      at a temperature, from the `k` most probable words, and of those from as
      many as reach `p` together. `seed` names the numbers that chance brings.
      @typedef {{greedy?: boolean, temperature?: number, k?: number, p?: number,
                 seed?: number}} Rule */

  /** @param {ArrayLike<number>} logits (V,) @returns {Float64Array} (V,) */
  const withTemperature = (logits, temperature) =>
    Float64Array.from(logits, (logit) => logit / temperature);

  /** Cut all but the k largest, and what is equal to the last of those. */
  function topK(logits, k) {
    const sorted = Float64Array.from(logits).sort(); // the smallest first
    const least = sorted[Math.max(0, sorted.length - k)];
    return Float64Array.from(logits, (it) => it < least ? -Infinity : it);
  }

  /** Cut a word if those more probable have p together. */
  function topP(logits, p) {
    const kept = Float64Array.from(logits);
    if (p >= 1) return kept;
    const probs = probabilities(logits);
    let before = 0;
    for (const i of bestFirst(logits, logits.length)) {
      if (before >= p) kept[i] = -Infinity;
      before += probs[i];
    }
    return kept;
  }

  /** @param {ArrayLike<number>} logits (V,) @returns {Float64Array} (V,) */
  const probabilities = (logits) => logSoftmax(logits).map(Math.exp);

  /** What words are drawn from. @param {Rule} rule
      @returns {Float64Array} probabilities (V,), 0 for what is cut */
  function drawnFrom(logits, { greedy, temperature = 1, k = Infinity, p = 1 }) {
    return probabilities(greedy ? logits
      : topP(topK(withTemperature(logits, temperature), k), p));
  }

  /** The first word at which the sum of probabilities exceeds u.
      @param {Float64Array} probs (V,) @param {number} u from 0 up to 1 */
  function draw(probs, u) {
    const sums = [];
    let sum = 0;
    for (const prob of probs) sums.push(sum += prob);
    return sums.findIndex((it) => it > u * sum); // it is 1 but for rounding
  }

  /** A number from 0 up to 1 that looks drawn by chance, and is always the same
      for a seed and a place. Each place has its own, so that what stands there
      changes nothing for the words after it. */
  function random(seed, place) {
    let bits = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(place + 1, 0x85ebca6b);
    for (const factor of [0x7feb352d, 0x846ca68b, 0x9e3779b1]) {
      bits = Math.imul(bits ^ (bits >>> 16), factor);
      bits ^= bits >>> 15;
    }
    return (bits >>> 0) / 2 ** 32;
  }

  /** The word for a place. @param {Row} logits (V,) @param {Rule} rule */
  const choose = (logits, rule, place) => rule.greedy ? bestFirst(logits, 1)[0]
    : draw(drawnFrom(logits, rule), random(rule.seed ?? 0, place));

  /** Go on with a text, word by word. The model reads what there is in one
      call, then each new word; its state has the keys and values of the rest.
      @param {TransformerDecoder} model one without a source
      @param {number[]} tokens (T,) @param {Rule & {eos: number, ends: number,
      max_len: number}} rule `ends`: at which <eos> of the text it stops, which
      has at most `max_len` tokens @param {Look} look
      @returns {Generator<{tokens: number[], logits: Rows, state: BlockCache[]}>}
      the text with one token more, and what came of reading those before */
  function* generate(model, tokens, rule, look = {}) {
    const { eos, ends, max_len } = rule;
    let state = model.initState(), unread = tokens;
    let left = ends - tokens.filter((token) => token === eos).length;
    while (left > 0 && tokens.length < max_len) {
      const [logits, next] = model.forward(unread, state, look);
      const token = choose(logits.at(-1), rule, tokens.length);
      [tokens, state, unread] = [[...tokens, token], next, [token]];
      if (token === eos) left -= 1;
      yield { tokens, logits, state };
    }
  }

  /** How many numbers a state keeps. @param {BlockCache[]} state */
  const kept = (state) => state.flatMap(({ k, v }) => [...k, ...v]).flat()
    .reduce((sum, row) => sum + row.length, 0);

  Object.assign(engine, { draw, drawnFrom, generate, kept, probabilities, random,
    topK, topP, withTemperature });
})();
