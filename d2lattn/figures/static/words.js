/* The words of a plot that move while a control does: its title, an
   annotation, the labels of ticks. Like redraw.js, for one Plotly alone. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  if (d2l.drawWords) return;

  /** Text of lines, in which parts may be bold or slanted, as Plotly sets it.
      @param {SVGTextElement} element @param {string} text
      @param {boolean} [grows] whether it may have more lines, or fewer
      @returns {boolean} whether it could be written */
  function write(element, text, grows = false) {
    if (element.dataset.unformatted === text) return true;
    const lines = [...element.querySelectorAll("tspan.line")];
    if (!lines.length && !/[<&$]/.test(text)) {
      element.textContent = text;
      element.setAttribute("data-unformatted", text);
      return true;
    }
    const { body } = new DOMParser().parseFromString(String(text), "text/html");
    if (body.querySelector(":not(b, i, br)") || body.querySelector("b *, i *"))
      return false;
    const wanted = [[]];
    for (const part of body.childNodes)
      if (part.nodeName === "BR") wanted.push([]);
      else wanted.at(-1).push(part);
    const many = Math.max(lines.length, 1);
    if (/\$/.test(text) || wanted.length !== many && !(grows && lines.length))
      return false;
    for (const line of lines.splice(wanted.length)) line.remove();
    while (lines.length && lines.length < wanted.length) {
      const line = lines[0].cloneNode();
      line.setAttribute("dy", `${lines.length * 1.3}em`);
      lines.push(element.appendChild(line));
    }
    wanted.forEach((parts, i) => {
      (lines[i] ?? element).replaceChildren(...parts.map((part) => {
        const words = part.textContent;
        if (part.nodeName === "#text") return words;
        const span = document.createElementNS(element.namespaceURI, "tspan");
        span.setAttribute("style", part.nodeName === "B"
          ? "font-weight:bold" : "font-style:italic");
        span.textContent = words;
        return span;
      }));
    });
    element.setAttribute("data-unformatted", text);
    return true;
  }

  d2l.write = write;

  /** The words of ticks that stay where they are. */
  function drawTicks(plot, name, texts) {
    const axis = plot._fullLayout[name];
    const ticks = [...plot.querySelectorAll(`.${axis._id}tick text`)];
    const title = plot.querySelector(`.g-${axis._id}title text`);
    // Words of another width would move a title, the margins or each other.
    if (axis._id[0] === "x" || title || axis.automargin) return false;
    return ticks.length === texts.length &&
      ticks.every((tick, i) => write(tick, texts[i]));
  }

  /** The words of an annotation that only they are seen of, and whose place
      does not depend on their width. */
  function drawAnnotation(plot, i) {
    const { xanchor, yanchor, align, width, height, showarrow, textangle,
      bgcolor, bordercolor, text } = plot._fullLayout.annotations[i];
    const words = plot.querySelector(
      `.annotation[data-index="${i}"] .annotation-text`);
    const seen = [bgcolor, bordercolor].some((it) => !/, ?0\)$/.test(it));
    return Boolean(words) && !seen && !showarrow && !width && !height &&
      !Number(textangle) && xanchor === "left" && align === "left" &&
      write(words, text, yanchor === "top");
  }

  /** Draw what moved at a path of the layout.
      @returns {boolean} whether it could be */
  d2l.drawWords = (plot, path, value) => {
    const [kind, ...rest] = path.slice(1);
    if (kind === "meta") return true;
    if (kind === "title" && rest[0] === "text") {
      const title = plot.querySelector(".gtitle");
      plot._fullLayout.title.text = value;
      const { yanchor } = plot._fullLayout.title;
      return Boolean(title) && write(title, value, yanchor === "top");
    }
    if (/^[xy]axis\d*$/.test(kind) && rest[0] === "ticktext") {
      plot._fullLayout[kind].ticktext = value;
      return drawTicks(plot, kind, value);
    }
    if (kind !== "annotations" || rest[1] !== "text") return false;
    plot._fullLayout.annotations[rest[0]].text = value;
    return drawAnnotation(plot, rest[0]);
  };
})();
