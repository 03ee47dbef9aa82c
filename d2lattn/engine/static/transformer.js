/* The Transformer of chapter 6, for one sentence: a state is a value. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  const engine = (d2l.engine = d2l.engine || {});
  if (engine.TransformerEncoder) return;
  const { AddNorm, MultiHeadAttention, embed, layerNorm, linear } = engine;
  const { positionWise } = engine;

  /** What a decoder block has projected so far, cut into heads: `k` and `v`
      (H, t, d) of the tokens, `enc_k` and `enc_v` (H, K, d) of the source, if
      there is one. @typedef {{k: Rows[], v: Rows[], enc_k?: Rows[],
                               enc_v?: Rows[]}} BlockCache */

  /** @typedef {{num_heads: number, norm_first: boolean}} Sizes */

  class TransformerEncoderBlock {
    constructor(part, path, sizes) {
      this.attention =
        new MultiHeadAttention(part.attention, `${path}.attention`, sizes);
      this.addnorm1 = new AddNorm(part.addnorm1, sizes);
      this.ffn = part.ffn;
      this.addnorm2 = new AddNorm(part.addnorm2, sizes);
    }

    /** @param {Rows} X (K, D) @returns {Rows} (K, D) */
    forward(X, look) {
      let Z = this.addnorm1.before(X);
      X = this.addnorm1.forward(X, this.attention.forward(Z, look));
      Z = this.addnorm2.before(X);
      return this.addnorm2.forward(X, positionWise(this.ffn, Z));
    }
  }

  class TransformerEncoder {
    /** @param {object} part @param {string} path @param {Sizes} sizes */
    constructor(part, path, sizes) {
      Object.assign(this, part);
      this.blks = part.blks.map((blk, i) =>
        new TransformerEncoderBlock(blk, `${path}blks.${i}`, sizes));
    }

    /** @param {number[]} tokens (K,) @returns {Rows} (K, D) */
    forward(tokens, look = {}) {
      let X = embed(tokens, this.embedding, 0, look); // (K,) -> (K, D)
      for (const blk of this.blks) X = blk.forward(X, look);
      return this.ln ? layerNorm(X, this.ln) : X;
    }
  }

  /** Without `attention2` it is a block of a decoder that has no source. */
  class TransformerDecoderBlock {
    constructor(part, path, sizes) {
      const name = part.attention1 ? "attention1" : "attention";
      this.attention1 =
        new MultiHeadAttention(part[name], `${path}.${name}`, sizes, true);
      this.attention2 = part.attention2 &&
        new MultiHeadAttention(part.attention2, `${path}.attention2`, sizes);
      this.ffn = part.ffn;
      for (const name of ["addnorm1", "addnorm2", "addnorm3"])
        if (part[name]) this[name] = new AddNorm(part[name], sizes);
    }

    /** @param {Rows} [enc_outputs] (K, D) @returns {BlockCache} */
    initCache(enc_outputs) {
      const nothing = Array(this.attention1.num_heads).fill([]); // (H, 0, d)
      const cache = { k: nothing, v: nothing };
      if (!this.attention2) return cache;
      const [enc_k, enc_v] = this.attention2.project(enc_outputs);
      return { ...cache, enc_k, enc_v };
    }

    /** @param {Rows} X (T, D) @param {BlockCache} cache
        @returns {[Rows, BlockCache]} */
    forward(X, cache, look) {
      // Look back: at all that came before X, and in X up to oneself.
      let Z = this.addnorm1.before(X);
      const [k, v] = this.attention1.project(Z).map((heads, i) => // (H, T, d)
        [cache.k, cache.v][i].map((past, h) => [...past, ...heads[h]]));
      X = this.addnorm1.forward(X, this.attention1.attend(Z, k, v, look));
      let addnorm = this.addnorm2;
      if (this.attention2) { // Look across: from target to source.
        Z = addnorm.before(X);
        const { enc_k, enc_v } = cache;
        X = addnorm.forward(X, this.attention2.attend(Z, enc_k, enc_v, look));
        addnorm = this.addnorm3;
      }
      Z = addnorm.before(X);
      X = addnorm.forward(X, positionWise(this.ffn, Z));
      return [X, { ...cache, k, v }];
    }
  }

  class TransformerDecoder {
    /** @param {object} part @param {string} path @param {Sizes} sizes */
    constructor(part, path, sizes) {
      Object.assign(this, part);
      this.dense = { weight: part.embedding.weight, ...part.dense }; // tied?
      this.blks = part.blks.map((blk, i) =>
        new TransformerDecoderBlock(blk, `${path}blks.${i}`, sizes));
    }

    /** @param {Rows} [enc_outputs] (K, D) @returns {BlockCache[]} */
    initState(enc_outputs) {
      return this.blks.map((blk) => blk.initCache(enc_outputs));
    }

    /** @param {number[]} tokens (T,) @param {BlockCache[]} state
        @returns {[Rows, BlockCache[]]} logits (T, V), and the next state */
    forward(tokens, state, look = {}) {
      const offset = state[0].k[0].length;
      let X = embed(tokens, this.embedding, offset, look); // (T,) -> (T, D)
      const caches = this.blks.map((blk, i) => {
        const [output, cache] = blk.forward(X, state[i], look); // (T, D)
        X = output;
        return cache;
      });
      if (this.ln) X = layerNorm(X, this.ln);
      return [linear(X, this.dense), caches]; // (T, D) -> (T, V)
    }
  }

  /** Join both. @param {number[]} src (K,) @param {number[]} tgt (T,) */
  class EncoderDecoder {
    constructor({ encoder, decoder }, sizes) {
      this.encoder = new TransformerEncoder(encoder, "encoder.", sizes);
      this.decoder = new TransformerDecoder(decoder, "decoder.", sizes);
    }

    /** @returns {Rows} logits (T, V) */
    forward(src, tgt, look = {}) {
      const state = this.decoder.initState(this.encoder.forward(src, look));
      return this.decoder.forward(tgt, state, look)[0];
    }
  }

  Object.assign(engine,
    { EncoderDecoder, TransformerDecoder, TransformerEncoder });
})();
