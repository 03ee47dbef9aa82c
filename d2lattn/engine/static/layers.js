/* What stands around attention in a Transformer: chapters 4 and 6. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  const engine = (d2l.engine = d2l.engine || {});
  if (engine.AddNorm) return;
  const { add, layerNorm, linear, relu } = engine;

  class AddNorm {
    constructor({ ln }, { norm_first }) {
      Object.assign(this, { ln, norm_first });
    }

    before(X) {
      return this.norm_first ? layerNorm(X, this.ln) : X;
    }

    forward(X, Y) {
      const sum = add(X, Y);
      return this.norm_first ? sum : layerNorm(sum, this.ln);
    }
  }

  /** @param {Rows} X (n, D) @returns {Rows} (n, D) */
  const positionWise = (ffn, X) =>
    linear(relu(linear(X, ffn.dense1)), ffn.dense2);

  /** The sines and cosines of a position. @returns {Row} (D,) */
  const position = (i, D) => Float32Array.from({ length: D }, (_, j) => {
    const angle = i / 10000 ** ((j - (j % 2)) / D);
    return j % 2 ? Math.cos(angle) : Math.sin(angle);
  });

  /** @param {number[]} tokens (n,) @param {Look} look @returns {Rows} (n, D) */
  const embed = (tokens, { weight }, offset, look) => tokens.map((token, n) => {
    const D = weight[0].length;
    const P = look.positions === false
      ? new Float32Array(D) : position(offset + n, D);
    return weight[token].map((number, i) => number * Math.sqrt(D) + P[i]);
  });

  Object.assign(engine, { AddNorm, embed, positionWise });
})();
