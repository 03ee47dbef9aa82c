/* Elements of a page. Text goes in as text, and never as markup. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.make) return;

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes))
      if (value !== undefined) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  /** @param {string} tag @param {{[name: string]: any}} attributes
      @param {...(Node | string)} children @returns {HTMLElement} */
  d2l.make = (tag, attributes = {}, ...children) =>
    fill(document.createElement(tag), attributes, children);

  /** The same for a part of a drawing. @returns {SVGElement} */
  d2l.draw = (tag, attributes = {}, ...children) => fill(
    document.createElementNS("http://www.w3.org/2000/svg", tag),
    attributes, children);

  /** A share as people write it. @param {number} share */
  d2l.percent = (share) =>
    share > 0 && share < 0.005 ? "<1%" : `${Math.round(100 * share)}%`;
})();
