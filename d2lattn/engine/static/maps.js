/* The weights of every head as small maps: rows are queries, columns keys. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.maps) return;
  const { draw, make } = d2l;

  const SHADES = 20; // that are told apart

  /** The kinds of attention, and what stands for each in a path: the three of
      a translator, and the one of a model without a source. */
  const KINDS = {
    "encoder.blks.#.attention": "Encoder: English looks at English",
    "decoder.blks.#.attention1": "Decoder: French looks back at French",
    "decoder.blks.#.attention2": "Across: French looks at English",
    "blks.#.attention": "Each word looks back",
  };
  const kindOf = (path) => path.replace(/\d+/, "#");

  /** What a map is called. @param {{path: string, head: number | "mean"}} map */
  const nameOf = ({ path, head }) =>
    `${KINDS[kindOf(path)]}, block ${Number(path.match(/\d+/)[0]) + 1}, ` +
    (head === "mean" ? "mean of the heads" : `head ${head + 1}`);

  /** The mean of the heads. @param {Rows[]} heads (H, Q, K)
      @returns {number[][]} (Q, K) */
  const mean = (heads) => heads[0].map((row, q) => Array.from(row, (_, k) =>
    heads.reduce((sum, head) => sum + head[q][k], 0) / heads.length));

  /** Colours are the page's, so that a map follows light, dark and paper.
      @param {number[][]} weights (Q, K) @param {number} [row] one to frame
      @param {[number, number][]} gold links, of a key and a query each */
  function map(weights, row, gold) {
    const Q = weights.length, K = weights[0].length;
    /** @type {{[shade: string]: string}} all cells of a shade, as one path */
    const shades = {};
    weights.forEach((shares, q) => shares.forEach((share, k) => {
      const shade = (Math.round(SHADES * share) / SHADES).toFixed(2);
      shades[shade] = `${shades[shade] ?? ""}M${k} ${q}h1v1h-1z`;
    }));
    const cells = Object.entries(shades).map(([shade, d]) =>
      draw("path", { d, "fill-opacity": shade }));
    const frame = row === undefined || row >= Q ? []
      : [draw("rect", { class: "d2l-row", x: 0, y: row, width: K, height: 1 })];
    const links = gold.map(([k, q]) => draw("rect", { class: "d2l-gold",
      x: k + 0.1, y: q + 0.1, width: 0.8, height: 0.8 }));
    return draw("svg", { viewBox: `-0.2 -0.2 ${K + 0.4} ${Q + 0.4}`,
      preserveAspectRatio: "none", "aria-hidden": "true" },
    ...cells, ...links, ...frame);
  }

  /** All maps, with a button to choose one and a box to switch its head off.
      @param {{[path: string]: Rows[][]}} weights as a look leaves them
      @param {{chosen: {path: string, head: number | "mean"},
               off: {[path: string]: number[]},
               rows: {[kind: string]: number | undefined},
               gold: [number, number][]}} view `gold` lies over what looks
      across
      @returns {HTMLElement[]} a group a kind */
  function groups(weights, { chosen, off, rows, gold }) {
    const cell = (path, heads, head) => {
      const words = head === "mean" ? "mean" : `head ${head + 1}`;
      const said = nameOf({ path, head });
      const shown = head === "mean" ? mean(heads) : heads[head];
      const silent = (off[path] ?? []).includes(head);
      const button = make("button", { type: "button", "data-path": path,
        "data-head": head, "aria-label": said, title: said,
        "aria-pressed": chosen.path === path && chosen.head === head },
      map(shown, rows[kindOf(path)], path.endsWith("2") ? gold : []));
      const box = make("input", { type: "checkbox", "data-path": path,
        "data-head": head, "aria-label": `${said}: on`,
        ...(silent ? {} : { checked: "" }) });
      return make("div", { class: silent ? "d2l-map d2l-silent" : "d2l-map" },
        button, head === "mean" ? make("span", {}, words)
          : make("label", {}, box, words));
    };
    return Object.entries(KINDS).flatMap(([kind, title]) => {
      const blocks = Object.keys(weights).filter((it) => kindOf(it) === kind);
      if (!blocks.length) return [];
      return make("fieldset", {}, make("legend", {}, title),
        ...blocks.map((path, i) => {
          const heads = weights[path].at(-1); // (H, Q, K)
          return make("div", { class: "d2l-block", role: "group",
            "aria-label": `block ${i + 1}` },
          make("span", { class: "d2l-name" }, `block ${i + 1}`),
          ...["mean", ...heads.keys()].map((head) =>
            cell(path, heads, head)));
        }));
    });
  }

  /** What one map says of one row. @returns {number[]} (K,) */
  function sharesOf(weights, { path, head }, row) {
    const heads = weights[path].at(-1);
    return Array.from((head === "mean" ? mean(heads) : heads[head])[row] ?? []);
  }

  d2l.maps = { KINDS, groups, kindOf, nameOf, sharesOf };
})();
