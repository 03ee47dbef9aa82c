/* Attention by scaled dot products, in several heads: chapters 2 and 5. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  const engine = (d2l.engine = d2l.engine || {});
  if (engine.MultiHeadAttention) return;
  const { dot, linear, maskedSoftmax, mix } = engine;

  /** How a reader looks at a model, and what was changed in it. In `weights`,
      if there, each attention leaves its weights (H, Q, K) under its path, one
      entry a call, as `record_attention` does. `off` has the heads, counted
      from 0, that say nothing. `positions` is false where no token is to know
      where it stands. Keep to one look as long as one state lasts.
      @typedef {{weights?: {[path: string]: Rows[][]},
                 off?: {[path: string]: number[]}, positions?: boolean}} Look */

  /** How many keys each query may see: those up to its own place, where the
      last query stands at the last key. @returns {number[]} (Q,) */
  const causalLens = (Q, K) =>
    Array.from({ length: Q }, (_, i) => K - Q + 1 + i);

  /** softmax(q kᵀ / √d) @param {Rows} q (Q, d) @param {Rows} k (K, d)
      @param {number[]} lens (Q,) @returns {Rows} (Q, K) */
  function attentionWeights(q, k, lens) {
    const scale = Math.sqrt(k[0].length);
    return q.map((query, i) =>
      maskedSoftmax(k.map((key) => dot(query, key) / scale), lens[i]));
  }

  /** Cut each vector into one piece a head.
      @param {Rows} X (n, D) @returns {Rows[]} (H, n, d) */
  function split(X, num_heads) {
    const d = X[0].length / num_heads;
    return Array.from({ length: num_heads }, (_, h) =>
      X.map((x) => x.subarray(h * d, (h + 1) * d)));
  }

  /** Put the pieces together again.
      @param {Rows[]} heads (H, Q, d) @returns {Rows} (Q, D) */
  function join(heads) {
    const d = heads[0][0].length;
    return heads[0].map((_, i) => {
      const x = new Float32Array(heads.length * d);
      heads.forEach((head, h) => x.set(head[i], h * d));
      return x;
    });
  }

  class MultiHeadAttention {
    /** @param {{W_q: Linear, W_k: Linear, W_v: Linear, W_o: Linear}} layers
        @param {string} path @param {{num_heads: number}} sizes */
    constructor(layers, path, { num_heads }, causal = false) {
      Object.assign(this, layers, { path, num_heads, causal });
    }

    /** @param {Rows} X (K, D) @returns {Rows[][]} two of (H, K, d) */
    project(X) {
      return [this.W_k, this.W_v].map((W) => split(linear(X, W), this.num_heads));
    }

    /** @param {Rows} X (Q, D) @param {Rows[]} k (H, K, d)
        @param {Rows[]} v (H, K, d) @param {Look} look @returns {Rows} (Q, D) */
    attend(X, k, v, look) {
      const q = split(linear(X, this.W_q), this.num_heads); // (H, Q, d)
      const Q = X.length, K = k[0].length;
      const lens = this.causal ? causalLens(Q, K) : Array(Q).fill(K);
      const weights = // (H, Q, K)
        q.map((head, h) => attentionWeights(head, k[h], lens));
      if (look.weights) (look.weights[this.path] ??= []).push(weights);
      const off = look.off?.[this.path] ?? [];
      const heads = weights.map((shares, h) => off.includes(h)
        ? q[h].map((query) => new Float32Array(query.length))
        : mix(shares, v[h])); // (H, Q, K), (H, K, d) -> (H, Q, d)
      return linear(join(heads), this.W_o); // (H, Q, d) -> (Q, D)
    }

    /** @param {Rows} X (n, D) @param {Look} look @returns {Rows} (n, D) */
    forward(X, look) {
      return this.attend(X, ...this.project(X), look);
    }
  }

  Object.assign(engine, { MultiHeadAttention, causalLens });
})();
