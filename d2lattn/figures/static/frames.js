/* The packed frames of an explorer: base64, deflate, typed arrays, leaves.
   The writer of this format is d2lattn/figures/packing.py. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.frames) return;

  const ARRAYS =
    { 8: Uint8Array, 16: Uint16Array, 32: Float32Array, 64: Float64Array };

  /** Frame files call d2lattn.deliver(key, part) when they have loaded. */
  const delivered = new Map();
  d2l.deliver = (key, part) => delivered.set(key, part);

  /** @type {Map<string, Promise<void>>} one load per script */
  const scripts = new Map();

  /** A script element and not fetch: fetch is refused on pages from disk.
      @param {string} src @returns {Promise<void>} */
  d2l.loadScript = (src) => {
    if (!scripts.has(src)) {
      scripts.set(src, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = src;
        script.onload = () => resolve();
        script.onerror = () => reject(new Error("could not load " + src));
        document.head.append(script);
      }));
    }
    return scripts.get(src);
  };

  /** @param {string} text base64 of a deflated stream
      @returns {Promise<ArrayBuffer>} */
  d2l.inflate = (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream()
      .pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).arrayBuffer();
  };

  /** @param {object} spec with `moving` and `frames`, or a file that has them
      @returns {Promise<{moving: object[], buffer: ArrayBuffer}>} */
  async function read(spec) {
    if (spec.src) await d2l.loadScript(spec.src);
    const { moving, frames } = spec.src ? delivered.get(spec.key) : spec;
    return { moving, buffer: await d2l.inflate(frames) };
  }

  const size = (shape) => shape.reduce((a, b) => a * b, 1);

  /** Where frame k of a leaf begins, counted in numbers, and its shape. */
  function place(spec, k) {
    if (spec.shape) return [k * size(spec.shape), spec.shape];
    let start = 0;
    for (let i = 0; i < k; i++) start += size(spec.shapes[i]);
    return [start, spec.shapes[k]];
  }

  /** Flat numbers as rows (of rows …), the form Plotly takes. */
  function nest(flat, shape) {
    if (shape.length < 2) return flat;
    const width = size(shape.slice(1));
    return Array.from({ length: shape[0] }, (_, i) =>
      nest(flat.slice(i * width, (i + 1) * width), shape.slice(1)));
  }

  /** The codes of frame k of a leaf, and their shape. */
  function codesOf(buffer, spec, k) {
    const [start, shape] = place(spec, k);
    const TypedArray = ARRAYS[spec.bits];
    const at = spec.offset + start * TypedArray.BYTES_PER_ELEMENT;
    return [new TypedArray(buffer, at, size(shape)), shape];
  }

  /** Frame k of one moving leaf.
      @param {ArrayBuffer} buffer @param {object} spec @param {number} k */
  function leaf(buffer, spec, k) {
    if (spec.choices) return spec.choices[spec.pick[k]];
    const [codes, shape] = codesOf(buffer, spec, k);
    const gap = 2 ** spec.bits - 1;
    let flat = spec.bits > 16 ? codes : Float64Array.from(codes, (code) =>
      code === gap ? NaN : (code + spec.start) * spec.step);
    if (spec.list) flat = Array.from(flat, (it) => Number.isNaN(it) ? null : it);
    return nest(flat, shape);
  }

  /** Whether a leaf is the same in two frames. */
  function same(buffer, spec, k, other) {
    if (spec.choices) return spec.pick[k] === spec.pick[other];
    const [one, shape] = codesOf(buffer, spec, k);
    const [two, otherShape] = codesOf(buffer, spec, other);
    return String(shape) === String(otherShape) &&
      one.every((code, i) => Object.is(code, two[i]));
  }

  /** Put frame k into a figure that holds another frame, or none yet.
      @param {object} figure @param {object[]} moving
      @returns {(string | number)[][]} the paths of the leaves that moved */
  function apply(figure, moving, buffer, k, other) {
    const moved = moving.filter((spec) =>
      other === undefined || !same(buffer, spec, k, other));
    for (const spec of moved) {
      const last = spec.path.length - 1;
      let part = figure;
      for (const key of spec.path.slice(0, last)) part = part[key];
      part[spec.path[last]] = leaf(buffer, spec, k);
    }
    return moved.map((spec) => spec.path);
  }

  d2l.frames = { read, apply };
})();
