/* What the engine computes with. A matrix (n, D) is a list of n rows, each a
   Float32Array of D numbers. There is no batch: a sentence is one matrix.
   Sums are taken in 64 bits, so that they hold what PyTorch's hold. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  const engine = (d2l.engine = d2l.engine || {});
  if (engine.linear) return;

  /** @typedef {Float32Array} Row @typedef {Row[]} Rows */
  /** @typedef {{weight: Rows, bias?: Row}} Linear its weight is (out, in) */
  /** @typedef {{weight: Row, bias: Row}} LayerNorm */

  /** @param {Row} x @param {Row} y */
  function dot(x, y) {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
    return sum;
  }

  /** @param {Rows} X (n, in) @param {Linear} layer @returns {Rows} (n, out) */
  const linear = (X, { weight, bias }) => X.map((x) => {
    const y = new Float32Array(weight.length);
    for (let o = 0; o < y.length; o++)
      y[o] = dot(x, weight[o]) + (bias ? bias[o] : 0);
    return y;
  });

  /** The rows of V, mixed by each row of weights: a matrix product.
      @param {Rows} weights (Q, K) @param {Rows} V (K, d)
      @returns {Rows} (Q, d) */
  const mix = (weights, V) => weights.map((shares) => {
    const sums = new Float64Array(V[0].length);
    V.forEach((v, k) => {
      for (let i = 0; i < sums.length; i++) sums[i] += shares[k] * v[i];
    });
    return Float32Array.from(sums);
  });

  /** @param {Rows} X (n, D) @param {Rows} Y (n, D) @returns {Rows} (n, D) */
  const add = (X, Y) => X.map((x, n) => x.map((number, i) => number + Y[n][i]));

  /** @param {Rows} X @returns {Rows} */
  const relu = (X) => X.map((x) => x.map((number) => Math.max(0, number)));

  /** Each row with mean 0 and variance 1, then scaled and moved.
      @param {Rows} X (n, D) @param {LayerNorm} ln @returns {Rows} (n, D) */
  const layerNorm = (X, { weight, bias }) => X.map((x) => {
    const mean = x.reduce((sum, number) => sum + number, 0) / x.length;
    const squares = x.reduce((sum, number) => sum + (number - mean) ** 2, 0);
    const scale = 1 / Math.sqrt(squares / x.length + 1e-5);
    return x.map((number, i) => (number - mean) * scale * weight[i] + bias[i]);
  });

  /** @param {Row} logits (V,) @returns {Float64Array} (V,) */
  function logSoftmax(logits) {
    const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    let sum = 0;
    for (const logit of logits) sum += Math.exp(logit - largest);
    const log = largest + Math.log(sum);
    return Float64Array.from(logits, (logit) => logit - log);
  }

  /** Shares of one, for the first `valid` scores; the others get nothing.
      @param {ArrayLike<number>} scores (K,) @param {number} valid
      @returns {Row} (K,) */
  function maskedSoftmax(scores, valid) {
    const weights = new Float32Array(scores.length);
    weights.set(logSoftmax(scores.slice(0, valid)).map(Math.exp));
    return weights;
  }

  Object.assign(engine,
    { add, dot, layerNorm, linear, logSoftmax, maskedSoftmax, mix, relu });
})();
