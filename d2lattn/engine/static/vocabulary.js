/* Text becomes words, and words numbers, as d2lattn.corpora has it; and what
   to say of a word that nobody taught the model. */
(function () {
  "use strict";
  const d2l = (window.d2lattn = window.d2lattn || {});
  const engine = (d2l.engine = d2l.engine || {});
  if (engine.Vocab) return;

  const W = String.raw`[\p{L}\p{N}_]`; // Python's \w
  const CLITIC = "-(?:t-)?(?:je|tu|ils?|elles?|on|nous|vous|ce|moi|toi|lui|" +
    "leur|les?|la|y|en|ci|là)";
  const END = `(?:s|m|re|ve|ll|d)(?!${W})`;
  const LAST = `(?!${W}|-)`; // no part of a word comes after it
  const WORD = new RegExp([
    String.raw`(?:[\p{L}\p{Nl}\p{No}]\.){2,}`, // p.m.
    String.raw`[$€]\p{Nd}+(?:[.,:]\p{Nd}+)*`, // $5
    String.raw`\p{Nd}+(?:[.,:]\p{Nd}+)+`, // 10,000  2:30
    String.raw`\.{2,}|[?!]{2,}`, // ...  ?!
    "aujourd'hui|quelqu'une?|o'clock", // words of one piece
    `${W}+(?=n't(?!${W}))|n't(?!${W})`, // do n't
    `'${END}`, // it 's
    `${CLITIC}(?=(?:${CLITIC})*${LAST})`, // as -tu, dis -le -moi
    `${W}+(?:(?!(?:${CLITIC})+${LAST})-${W}+)*(?:'(?!${END})(?=${W}))?`, // l'
    ".", // , « 50 %
  ].join("|"), "gsu");
  const SPACES = /(?:[^\S\ufeff]|[\x1c-\x1f\x85])+/u; // what Python splits at
  /** What the phrasebook never shortens. @type {{[word: string]: string}} */
  const SHORT = { __proto__: null,
    "n't": "not", "'m": "am", "'re": "are", "'ll": "will", wo: "will" };
  const CAPITALS = { __proto__: null,
    i: "I", paul: "Paul", louis: "Louis", marie: "Marie", anne: "Anne" };

  /** @param {string} text @returns {string[]} words, in small letters */
  function tokenize(text) {
    const one = text.replace(/[\xad\u200b]/g, "").replace(/[‘’]/g, "'");
    const pieces = one.normalize("NFC").toLowerCase().split(SPACES);
    const words = pieces.flatMap((piece) => piece.match(WORD) ?? [])
      .map((word) => SHORT[word] ?? word);
    return words.join(" ").replaceAll("est -ce", "est-ce")
      .split(" ").filter(Boolean);
  }

  /** @param {string[]} words @param {"fr" | "en"} language
      @returns {string} as a person would write it */
  function detokenize(words, language = "fr") {
    let text = words.map((word) => CAPITALS[word] ?? word).join(" ")
      .replace(RegExp(`(?<=${W}') (?=${W})|(?<=[(/]) `, "gu"), "")
      .replace(RegExp(` (?=[.,)%…/']|-${W}|n't(?!${W}))`, "gu"), "")
      .replace(/" (.*?) "/g, '"$1"');
    if (language === "en") text = text.replace(/ (?=[?!:;])/g, "");
    text = text.replaceAll(" ?", "\xa0?");
    return text.slice(0, 1).toUpperCase() + text.slice(1);
  }

  /** How many letters to add, to drop, to change or to swap with the next, to
      make one word of the other. @param {string} one @param {string} other */
  function editDistance(one, other) {
    const rows = [Array.from({ length: other.length + 1 }, (_, j) => j)];
    for (let i = 1; i <= one.length; i++) {
      rows.push([i]);
      for (let j = 1; j <= other.length; j++) {
        const differs = Number(one[i - 1] !== other[j - 1]);
        const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] &&
          one[i - 2] === other[j - 1];
        rows[i].push(Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1,
          rows[i - 1][j - 1] + differs,
          swapped ? rows[i - 2][j - 2] + 1 : Infinity));
      }
    }
    return rows[one.length][other.length];
  }

  const [PAD, BOS, EOS, UNK] = [0, 1, 2, 3];

  class Vocab {
    /** @param {string[]} words the specials, then the most frequent first */
    constructor(words) {
      Object.assign(this, { words, pad: PAD, bos: BOS, eos: EOS, unk: UNK });
      this.numbers = new Map(words.map((word, number) => [word, number]));
    }

    has(word) {
      return this.numbers.has(word);
    }

    /** @param {string[]} words @returns {number[]} */
    encode(words) {
      return words.map((word) => this.numbers.get(word) ?? UNK);
    }

    /** @param {number[]} tokens @returns {string[]} up to the first <eos> */
    decode(tokens) {
      const end = tokens.indexOf(EOS);
      return tokens.slice(0, end < 0 ? undefined : end)
        .filter((token) => token !== PAD && token !== BOS)
        .map((token) => this.words[token]);
    }

    /** Words that begin so, the most frequent first.
        @param {string} prefix @returns {string[]} */
    complete(prefix, number = 5) {
      return this.words.slice(UNK + 1)
        .filter((word) => word.startsWith(prefix)).slice(0, number);
    }

    /** Words that are spelt nearly so, the nearest first and of those the most
        frequent: of three letters, at most one is another.
        @param {string} word @returns {string[]} */
    near(word, number = 3) {
      return this.words.slice(UNK + 1)
        .map((other) => ({ other, distance: editDistance(word, other) }))
        .filter(({ distance }) => distance < word.length &&
          distance <= Math.max(1, word.length / 3))
        .sort((one, two) => one.distance - two.distance)
        .slice(0, number).map(({ other }) => other);
    }
  }

  Object.assign(engine, { Vocab, detokenize, editDistance, tokenize });
})();
