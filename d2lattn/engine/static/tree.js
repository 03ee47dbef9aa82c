/* The hypotheses of a beam as a tree: where two of them part, it branches. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.tree) return;
  const { make, percent } = d2l;

  /** @typedef {{token: number, log_prob: number, children: Node_[],
                 best?: boolean, finished?: boolean}} Node_ */

  /** Every hypothesis that was kept in some step, by its words.
      @param {BeamStep[]} steps @param {Hypothesis} best @returns {Node_} */
  function grow(steps, best) {
    const root = { children: [] };
    for (const { after } of steps) {
      for (const { tokens, log_prob, finished } of after) {
        let node = root;
        tokens.slice(1).forEach((token, i) => {
          let next = node.children.find((child) => child.token === token);
          if (!next) node.children.push(next = { token, children: [] });
          next.best ||= tokens.slice(1, i + 2)
            .every((it, j) => it === best.tokens[j + 1]);
          node = next;
        });
        Object.assign(node, { log_prob, finished });
      }
    }
    return root;
  }

  /** Words that nothing parts stand on one line.
      @param {Node_} node @param {string[]} words @returns {HTMLElement} */
  function branch(node, words) {
    const line = [];
    let last = node;
    for (let it = node; it; it = it.children.length === 1 && it.children[0]) {
      line.push(words[it.token]);
      last = it;
    }
    const text = make(node.best ? "strong" : "span", { lang: "fr" },
      line.join(" "));
    const total = ` ${percent(Math.exp(last.log_prob))}`;
    const end = last.finished || last.children.length ? "" : " …";
    const item = make("li", { class: node.best ? "d2l-best" : "" }, text,
      make("small", {}, total + end));
    if (last.children.length)
      item.append(make("ul", {}, ...ordered(last).map((it) => branch(it, words))));
    return item;
  }

  /** The most probable first, as they were found. @param {Node_} node */
  const ordered = ({ children }) => [...children]
    .sort((one, other) => other.log_prob - one.log_prob);

  /** @param {BeamStep[]} steps @param {Hypothesis} best
      @param {string[]} words of the vocabulary @returns {HTMLElement} */
  d2l.tree = (steps, best, words) => make("ul", { class: "d2l-tree" },
    ...ordered(grow(steps, best)).map((node) => branch(node, words)));
})();
