/* What a search for words holds and does in one step, whatever the model: the
   rules of d2lattn/beams.py, for one sentence. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  const engine = (d2l.engine = d2l.engine || {});
  if (engine.nextBeam) return;

  /** The beginning of a sentence, or a whole one. Its tokens have <bos> first,
      and <eos> last where it is finished. From one that is alive the search
      goes on, with `state`. `parent` is the place of what it grew from in the
      beam before, or its own place there if it did not grow.
      @typedef {{tokens: number[], log_prob: number, score: number,
                 finished: boolean, alive: boolean, parent: number,
                 state?: object}} Hypothesis */

  /** A hypothesis with one more token, and that token's own probability.
      @typedef {{parent: number, token: number, prob: number,
                 log_prob: number}} Proposal */

  /** @typedef {{eos: number, beam_size: number, length_penalty?: number,
                 max_len: number}} Rules */

  /** What the log-probability of so many tokens is divided by. */
  const penalty = (length, length_penalty) =>
    ((5 + length) / (5 + 1)) ** length_penalty;

  /** The places of the largest; of equals, the first.
      @param {ArrayLike<number>} scores (V,) @returns {number[]} (C,) */
  const bestFirst = (scores, number) =>
    Array.from(scores, (_, i) => i)
      .sort((i, j) => scores[j] - scores[i]).slice(0, number);

  /** Let each hypothesis that is alive name its most probable next tokens.
      @param {Hypothesis[]} beam @param {(Float64Array | null)[]} log_probs of
      the next token (V,), none for those that are not alive
      @returns {Proposal[][]} (W, C) */
  const propose = (beam, log_probs, number) => beam.map(({ log_prob }, parent) =>
    log_probs[parent] ? bestFirst(log_probs[parent], number).map((token) => ({
      parent,
      token,
      prob: Math.exp(log_probs[parent][token]),
      log_prob: log_prob + log_probs[parent][token],
    })) : []);

  /** Keep the best proposals. One that has ended keeps its place, so that the
      beam of the others narrows. A sentence is done when all of its hypotheses
      have ended, or none that is alive can come to the first rank.
      @param {Hypothesis[]} beam @param {Proposal[][]} proposals (W, C)
      @param {Rules} rules @returns {Hypothesis[]} */
  function nextBeam(beam, proposals, rules) {
    const { eos, beam_size, length_penalty = 0, max_len } = rules;
    const ended = beam.map((hypothesis, parent) => ({ ...hypothesis, parent }))
      .filter(({ alive }) => !alive);
    const grown = proposals.flat()
      .sort((one, other) => other.log_prob - one.log_prob)
      .slice(0, Math.max(0, beam_size - ended.length))
      .map(({ parent, token, log_prob }) => {
        const tokens = [...beam[parent].tokens, token];
        const length = tokens.length - 1; // without <bos>
        return {
          tokens,
          log_prob,
          score: log_prob / penalty(length, length_penalty),
          finished: token === eos,
          alive: token !== eos && length < max_len,
          parent,
        };
      });
    const after = [...ended, ...grown];
    // Can the most probable one still beat the best that is finished?
    const top = (numbers) => Math.max(-Infinity, ...numbers);
    const best = top(after.filter((it) => it.finished).map((it) => it.score));
    const hope = top(after.filter((it) => it.alive).map((it) => it.log_prob));
    const hopeful = hope / penalty(max_len, length_penalty) > best;
    return after.map((it) => ({ ...it, alive: it.alive && hopeful }));
  }

  /** What is in a beam, the finished ones first, the best of them before.
      @param {Hypothesis[]} beam @returns {Hypothesis[]} */
  const ranked = (beam) => [...beam].sort((one, other) =>
    other.finished - one.finished || other.score - one.score);

  Object.assign(engine, { bestFirst, nextBeam, penalty, propose, ranked });
})();
