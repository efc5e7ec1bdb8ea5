/**
 * Where a value comes from: its formula, the formula with its numbers, its terms, and the
 * elements it was computed from.
 *
 * @typedef {import("./symbols.js").Part} Part
 * @typedef {import("./values.js").Source} Source
 * @typedef {{kind: "product"|"value"|"bias"|"rest", label: string, text: string,
 *   value: number, printed: string, exact: boolean, sources: Source[]}} Row
 *   `text` is the term's own arithmetic ("1.45 × 0.83", "" for a plain value) and `printed`
 *   its value; write "=" between them if `exact`, else "≈".
 * @typedef {{title: string, symbol: Part[], formula: Part[], numbers: Part[], terms: Row[],
 *   zeros: number, sum: {label: string, text: string, value: number, sign: "="|"≈"}|null,
 *   result: {label: string, text: string, value: number, sign: "="|"≈"},
 *   note: string, exact: boolean, sources: Source[]}} Explanation
 *   `sum` is null if the result is the sum itself; `result.label` is what follows the sum,
 *   "σ(sum)", or else the element's own symbol. `zeros` counts the terms left out because
 *   they are zero. `note` is a sentence for what is no arithmetic (an input, a forced gate).
 */
import { adding, factorText, multiplying, powering, precise, summing } from "./digits.js";
import { derive } from "./derive.js";
import { elementParts, placeText, plainName, plainText, say, visibleToken } from "./symbols.js";

const MOST_ROWS = 6;
const sign = (exact) => (exact ? "=" : "≈");

/** "Forget gate, unit 2": the tensor's own words, or its role's; an answer by its token. */
function titleOf(model, name, index, words) {
  const own = words?.[`tensor.${plainName(model.tensor(name))}`];
  const called = own ?? say(words, `role.${model.tensor(name).role}`);
  const { classes, prediction } = model.answering(name);
  if (name === prediction && classes?.length === model.shape(name)[0]) {
    return say(words, "inspector.title_token", { name: called, token: visibleToken(classes[index]) });
  }
  const place = placeText(model.shape(name), index);
  return place ? say(words, "inspector.title", { name: called, unit: place }) : called;
}

const byKind = { product: 0, value: 0, rest: 1, bias: 2 };
const size = (x) => (Number.isNaN(x) ? Infinity : Math.abs(x));

/** Zero terms left out, largest first, beyond `limit` in one row, the bias last. */
function chooseTerms(terms, limit, words) {
  const shown = terms.filter(({ kind, value }) => kind === "bias" || value !== 0);
  const bias = shown.filter(({ kind }) => kind === "bias");
  const ordered = shown.filter(({ kind }) => kind !== "bias")
    .sort((a, b) => size(b.value) - size(a.value));
  const cut = ordered.length > limit ? limit - 1 : ordered.length;
  const rows = ordered.slice(0, cut);
  if (cut < ordered.length) rows.push(merged("rest", ordered.slice(cut), words));
  if (bias.length > 0) rows.push(bias.length > 1 ? merged("bias", bias, words) : named(bias[0], words));
  return { rows: rows.sort((a, b) => byKind[a.kind] - byKind[b.kind]), zeros: terms.length - shown.length };
}

function named(bias, words) {
  return { ...bias, label: say(words, "inspector.bias") };
}

function merged(kind, terms, words) {
  return {
    kind,
    label: kind === "bias" ? say(words, "inspector.bias") : say(words, "inspector.more", { n: terms.length }),
    value: terms.reduce((sum, { value }) => sum + value, 0),
    factors: [],
    parts: kind === "bias" ? terms.map(({ value }) => value) : [],
    sources: terms.flatMap(({ sources }) => sources),
  };
}

/** The arithmetic inside a row, as "1.45 × 0.83", "0.21 + 0.33" or "e^0.96". */
function rowArithmetic({ kind, factors, parts, power, value }, decimals, printed) {
  if (power !== undefined) {
    const { texts: [raised], exact } = powering(power, value, decimals, printed);
    return { text: raised.includes("×") ? `e^(${raised})` : `e^${raised}`, exact };
  }
  if (kind === "product" && factors.length > 1) {
    const { texts, exact } = multiplying(factors, value, decimals, printed);
    return { text: texts.join(" × "), exact };
  }
  if (parts?.length > 1) {
    const { texts, exact } = summing(parts, value, decimals, printed);
    return { text: joinSigned(texts), exact };
  }
  return { text: "", exact: true };
}

/** ["1.45", "−0.64"] → "1.45 − 0.64". */
function joinSigned(texts) {
  return texts.map((text, k) => {
    if (k === 0) return text;
    return text.startsWith("−") ? ` − ${text.slice(1)}` : ` + ${text}`;
  }).join("");
}

function rowsOf(chosen, sums) {
  return chosen.map((term, k) => ({
    kind: term.kind,
    label: term.label,
    ...rowArithmetic(term, sums.decimals, sums.texts[k]),
    value: term.value,
    printed: sums.texts[k],
    sources: term.sources,
  }));
}

/** Every source once. */
function distinct(sources) {
  const seen = new Map(sources.map((source) => [`${source.name}/${source.t}/${source.index}`, source]));
  return [...seen.values()];
}

/** Rows that add up, then the function of their sum. */
function explainSum(derived, name, value, limit, words) {
  const { rows, zeros } = chooseTerms(derived.terms, limit, words);
  const sum = derived.terms.reduce((total, term) => total + term.value, 0);
  const { finish } = derived;
  const target = precise(value);
  const agrees = (onPaper, decimals) => !finish || precise(finish.apply(onPaper, decimals)) === target;
  const values = rows.map((row) => row.value);
  const strict = adding(values, sum, agrees);
  const sums = strict.exact ? strict : adding(values, sum);
  const total = { label: say(words, "inspector.sum"), text: sums.sum, value: sum, sign: sign(sums.exact) };
  const close = agrees(sums.printedSum, sums.decimals);
  const result = finish
    ? { label: finish.wrap(total.label, sums.decimals), text: precise(value), value, sign: sign(close) }
    : { ...total, label: name };
  const terms = rowsOf(rows, sums);
  return { terms, zeros, sum: finish ? total : null, result, exact: sums.exact && close, decimals: sums.decimals };
}

function sumNumbers({ terms, sum, result, decimals }, finish) {
  if (terms.length === 0 && !sum) return result.text;
  const added = joinSigned(terms.map(({ printed }) => printed));
  if (!sum) return terms.length === 1 ? productNumbers(terms[0], result) : `${added} ${result.sign} ${result.text}`;
  const inside = terms.length > 1 ? `${finish.wrap(added, decimals)} ${sum.sign} ` : "";
  return `${inside}${finish.wrap(sum.text, decimals)} ${result.sign} ${result.text}`;
}

function productNumbers(row, result) {
  return row.text ? `${row.text} ${sign(row.exact)} ${result.text}` : result.text;
}

/**
 * @param {import("./values.js").Model} model
 * @param {string} name
 * @param {number} t  0-based
 * @param {number} index  flat, in the value at this step
 * @param {Record<string, string>} words
 * @param {{limit?: number}} options  how many rows at most, the bias apart
 * @returns {Explanation}
 */
export function explain(model, name, t, index, words, { limit = MOST_ROWS } = {}) {
  const at = model.stepped(name) ? t : 0;
  const value = model.number(name, at, index);
  const derived = derive(model, name, at, index, words);
  const symbol = elementParts(model, name, index);
  const made = derived.terms.length > 0
    ? explainSum(derived, plainText(symbol), value, limit, words)
    : { terms: [], zeros: 0, sum: null, exact: true, result: { label: plainText(symbol), text: precise(value), value, sign: "=" } };
  const numbers = derived.terms.length > 0
    ? (derived.numbers?.(made) ?? sumNumbers(made, derived.finish))
    : factorText(value);
  const equals = { text: " = " };
  return {
    title: titleOf(model, name, index, words),
    symbol,
    formula: derived.formula.length > 0 ? [...symbol, equals, ...derived.formula] : symbol,
    numbers: [...symbol, { text: " = " }, { text: numbers }],
    ...made,
    note: derived.note ?? "",
    sources: distinct(derived.terms.flatMap(({ sources }) => sources).concat(derived.sources ?? [])),
  };
}
