/* From a model to its words, step by step: greedy search is a beam of one. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  const engine = (d2l.engine = d2l.engine || {});
  if (engine.beamSteps) return;
  const { bestFirst, logSoftmax, nextBeam, propose, ranked } = engine;

  /** A step of a search: the beam before it, the log-probability of each word
      that may come next (V,), none for what is not alive, the proposals, and
      the beam after it. A hypothesis leads to its parent, which is a tree.
      @typedef {{before: Hypothesis[], log_probs: (Float64Array | null)[],
                 proposals: Proposal[][], after: Hypothesis[]}} BeamStep */

  /** Take the steps of a search, each when it is asked for.
      @param {object} model with an encoder; or a decoder that has no source,
      which goes on with `prefix`
      @param {number[] | undefined} src (K,) with <eos>
      @param {Rules & {bos: number, prefix?: number[]}} rules
      @param {Look} look one that is not kept up: see `forward` for weights
      @returns {Generator<BeamStep>} */
  function* beamSteps(model, src, rules, look = {}) {
    const decoder = model.decoder ?? model;
    const tokens = [rules.bos, ...(rules.prefix ?? [])];
    const start = decoder.initState(model.encoder?.forward(src, look));
    let beam = [{ tokens, log_prob: 0, score: 0, finished: false, alive: true,
      parent: 0, state: start }];
    while (beam.some(({ alive }) => alive)) {
      const before = beam;
      const read = before.map(({ alive, tokens, state }) => {
        if (!alive) return [null, null];
        const new_tokens = state === start ? tokens : tokens.slice(-1);
        const [logits, next] = decoder.forward(new_tokens, state, look);
        return [logSoftmax(logits.at(-1)), next]; // (V,)
      });
      const log_probs = read.map(([log_prob]) => log_prob);
      const proposals = propose(before, log_probs, rules.beam_size);
      beam = nextBeam(before, proposals, rules)
        .map((it) => ({ ...it, state: read[it.parent][1] }));
      yield { before, log_probs, proposals, after: beam };
    }
  }

  /** @returns {Hypothesis[]} the best first; see `beamSteps` */
  function beamSearch(model, src, rules, look) {
    let beam = [];
    for (const { after } of beamSteps(model, src, rules, look)) beam = after;
    return ranked(beam);
  }

  /** The most probable words after a step, for one hypothesis of its beam.
      @param {BeamStep} step @returns {{token: number, prob: number}[]} */
  const candidates = ({ log_probs }, place, number) =>
    bestFirst(log_probs[place], number)
      .map((token) => ({ token, prob: Math.exp(log_probs[place][token]) }));

  Object.assign(engine, { beamSearch, beamSteps, candidates });
})();
