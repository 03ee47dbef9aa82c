/* The weights of a model, unpacked: base64, deflate, numbers, and each under
   its name. The writer of this format is d2lattn/engine/packing.py. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  const engine = (d2l.engine = d2l.engine || {});
  if (engine.unpack) return;

  /** A model as it travels. Its buffer has `floats` numbers in 32 bits, those
      of vectors and the scale of each row of matrices, in the order of
      `tensors`; then the whole numbers of all matrices, their low bytes
      before their high ones if they have 16 bits.
      @typedef {{num_heads: number, norm_first: boolean, bits: 8 | 16,
                 floats: number, tensors: [string, number[]][],
                 weights: string, src_vocab?: string[],
                 tgt_vocab: string[]}} Packed */

  /** Put a thing where its name says: "blks.0.ln.bias" into a list of blks.
      @param {object} root @param {string} name */
  function place(root, name, thing) {
    const keys = name.split("."), last = keys.pop();
    let part = root;
    keys.forEach((key, i) => {
      const next = keys[i + 1] ?? last;
      part = part[key] ??= /^\d+$/.test(next) ? [] : {};
    });
    part[last] = thing;
  }

  /** @param {ArrayBuffer} bytes @param {8 | 16} bits of each number */
  function wholeNumbers(bytes, bits) {
    if (bits === 8) return new Int8Array(bytes);
    const half = bytes.byteLength / 2;
    const low = new Uint8Array(bytes, 0, half);
    const high = new Int8Array(bytes, half);
    return Int16Array.from(low, (byte, i) => 256 * high[i] + byte);
  }

  /** @param {Packed} packed @returns {Promise<object>} the parts of a model */
  async function unpack({ bits, floats, tensors, weights }) {
    const buffer = await d2l.inflate(weights);
    const codes = wholeNumbers(buffer.slice(4 * floats), bits);
    let number = 0, code = 0; // how many of both have been taken
    const take = (size) =>
      new Float32Array(buffer, 4 * ((number += size) - size), size);
    const takeRow = (size, scale) =>
      Float32Array.from(codes.subarray(code, code += size), (it) => it * scale);
    const root = {};
    for (const [name, [rows, columns]] of tensors) {
      const numbers = take(rows); // of a vector, or the scales of a matrix
      place(root, name, columns === undefined ? numbers
        : Array.from(numbers, (scale) => takeRow(columns, scale)));
    }
    return root;
  }

  /** A model that is ready to run, and its vocabularies.
      @param {Packed} packed */
  async function load(packed) {
    const parts = await unpack(packed);
    const { src_vocab, tgt_vocab } = packed;
    return {
      model: parts.encoder
        ? new engine.EncoderDecoder(parts, packed)
        : new engine.TransformerDecoder(parts, "", packed),
      src_vocab: src_vocab && new engine.Vocab(src_vocab),
      tgt_vocab: new engine.Vocab(tgt_vocab),
    };
  }

  /** A file with a model calls deliver(key, packed) when it has loaded.
      @type {Map<string, Packed>} */
  const delivered = new Map();
  const deliver = (key, packed) => delivered.set(key, packed);

  /** @param {string} src the address of the file @param {string} key */
  async function loadFrom(src, key) {
    await d2l.loadScript(src);
    return load(delivered.get(key));
  }

  Object.assign(engine, { deliver, load, loadFrom, unpack });
})();
