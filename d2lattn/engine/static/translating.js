/* From a text to all that a figure shows of its translation. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.translate) return;
  const { engine } = d2l;
  const LONGEST = 40; // words; the model has seen no more than 14

  const isMark = (word) => /^[^\p{L}\p{N}]+$/u.test(word);

  /** A sentence ends with one mark, and with one that the model knows.
      @param {string[]} words */
  function ended(words, vocab) {
    const end = words.findLastIndex((word) => !isMark(word)) + 1;
    const [mark] = words[end] ?? "."; // of a run of marks, the first
    return words.length
      ? [...words.slice(0, end), vocab.has(mark) ? mark : "."] : words;
  }

  /** What the reader asks for, and all that follows from it.
      @param {object} it a model and its vocabularies
      @param {string} text @param {{beam_size: number, off: object,
      positions: boolean}} how */
  d2l.translate = (it, text, { beam_size, off, positions }) => {
    const { model, src_vocab, tgt_vocab } = it;
    const typed = engine.tokenize(text);
    const words = ended(typed.slice(0, LONGEST), src_vocab);
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
    return { words, cut: typed.length > LONGEST && LONGEST, steps, best, written, candidates, weights: look.weights,
      read: [...words, "<eos>"],
      french: written.map((token) => tgt_vocab.words[token]),
      unknown: new Set(
        [...words.keys()].filter((i) => !src_vocab.has(words[i]))) };
  };
})();
