/**
 * What an element is made of, before it is printed: formula, terms, and the function that
 * makes the value out of their sum.
 *
 * @typedef {import("./symbols.js").Part} Part
 * @typedef {import("./values.js").Source} Source
 * @typedef {{kind: "product"|"value"|"bias", label: string, factors: number[], value: number,
 *   power?: number, sources: Source[]}} Derived  a `power` stands for e^power
 * @typedef {{apply: (sum: number, decimals: number) => number,
 *   wrap: (sum: string, decimals: number) => string}} Finish  what follows the sum, as a
 *   number and in print; `sum` is a number, a printed sum ("1.45 − 0.64"), or its word
 * @typedef {{formula: Part[], terms: Derived[], finish?: Finish, note?: string,
 *   sources?: Source[]}} Derivation
 */
import { factorText, fixed } from "./digits.js";
import { FUNCTIONS, operandsOf, termsOf } from "./operations.js";
import { elementLabel, operandParts, parseSymbol, readParts, say } from "./symbols.js";

const text = (words) => ({ text: words });
const PLUS = text(" + ");
const MINUS_SIGN = text(" − ");
const SPACE = text(" ");

function interleave(lists, between) {
  return lists.flatMap((list, k) => (k === 0 ? list : [between, ...list]));
}

/** A term with its labels and sources: of a product, the label is the last factor that varies. */
function labelled(model, { kind, factors, value }, reader) {
  const varying = factors.filter(({ taken }) => taken.t !== null || taken.tensor.role !== "weight");
  const named = varying.length > 0 ? varying : factors;
  return {
    kind,
    label: named.map(({ taken, index }) => elementLabel(model, taken, index, reader)).join(" × "),
    factors: factors.map((factor) => factor.value),
    value,
    sources: factors.map(({ taken, index }) => taken.source(index)),
  };
}

function elementTerms(model, name, t, index) {
  return termsOf(model, model.tensor(name), t, index).map((term) => labelled(model, term));
}

const isPlain = ({ shift, block }) => !shift && !block;
const SUMS = ["affine", "add"];

/** Is this operand a sum that is only a step on the way, read nowhere else? */
function isPureSum(model, operand) {
  const { operation } = model.tensor(operand.tensor);
  return isPlain(operand) && SUMS.includes(operation.name) && model.readersOf(operand.tensor) === 1;
}

function affineFormula(model, tensor) {
  const [W, v, b] = tensor.operation.operands.map((operand) => operandParts(model, operand, tensor));
  return b ? [...W, SPACE, ...v, PLUS, ...b] : [...W, SPACE, ...v];
}

/** An element as a sum, seen through the sums that it is made of. */
function expandSum(model, name, t, index, through) {
  const tensor = model.tensor(name);
  if (tensor.operation.name === "affine") {
    return { formula: affineFormula(model, tensor), terms: elementTerms(model, name, t, index) };
  }
  const elements = termsOf(model, tensor, t, index);
  const parts = tensor.operation.operands.map((operand, k) => {
    const [{ taken, index: at }] = elements[k].factors;
    if (through && isPureSum(model, operand)) return expandSum(model, operand.tensor, t, at, through);
    return isPlain(operand) && model.tensor(operand.tensor).operation.name === "multiply"
      ? expandProduct(model, operand.tensor, t, at)
      : { formula: readParts(model, taken, at, tensor), terms: [labelled(model, elements[k])] };
  });
  return { formula: interleave(parts.map(({ formula }) => formula), PLUS), terms: parts.flatMap(({ terms }) => terms) };
}

function expandProduct(model, name, t, index) {
  const tensor = model.tensor(name);
  const [term] = termsOf(model, tensor, t, index);
  const formula = interleave(
    term.factors.map(({ taken, index: at }) => readParts(model, taken, at, tensor)), text(" × "));
  return { formula, terms: [labelled(model, term)] };
}

function functionOf(symbol) {
  return { wrap: (sum) => (symbol ? `${symbol}(${sum})` : sum) };
}

function deriveActivation(model, tensor, t, index) {
  const [operand] = tensor.operation.operands;
  const { symbol, apply } = FUNCTIONS[tensor.operation.function];
  const pre = isPureSum(model, operand)
    ? expandSum(model, operand.tensor, t, index, true)
    : plain(model, tensor, t, index);
  const formula = symbol ? [text(`${symbol}(`), ...pre.formula, text(")")] : pre.formula;
  return { formula, terms: pre.terms, finish: symbol ? { apply, ...functionOf(symbol) } : undefined };
}

/** The operands as they stand, element by element. */
function plain(model, tensor, t, index) {
  const elements = termsOf(model, tensor, t, index);
  const formula = interleave(
    elements.map(({ factors: [{ taken, index: at }] }) => readParts(model, taken, at, tensor)), PLUS);
  return { formula, terms: elements.map((term) => labelled(model, term)) };
}

function deriveAdd(model, tensor, t, index) {
  const through = tensor.operation.operands.every((operand) => isPureSum(model, operand));
  return expandSum(model, tensor.name, t, index, through);
}

function deriveSub(model, tensor, t, index) {
  const elements = termsOf(model, tensor, t, index);
  const formula = interleave(elements.map(({ factors: [factor], value }) =>
    (factor ? readParts(model, factor.taken, factor.index, tensor) : [text(factorText(value))])), MINUS_SIGN);
  return { formula, terms: elements.map((term) => labelled(model, term, tensor)) };
}

function deriveForce(model, tensor, t, index, words) {
  const [free, mask, forced] = operandsOf(model, tensor, t);
  const [{ factors: [chosen], value }] = termsOf(model, tensor, t, index);
  if (chosen.taken === free || chosen.taken.operand === free.operand) {
    return derive(model, free.tensor.name, free.t ?? t, chosen.index, words);
  }
  return {
    formula: [],
    terms: [],
    note: say(words, "inspector.forced", { value: factorText(value) }),
    sources: [forced.source(chosen.index), mask.source(Math.min(index, mask.values.length - 1))],
  };
}

function deriveScale(model, tensor, t, index) {
  const { formula, terms: [term] } = plain(model, tensor, t, index);
  const { factor } = tensor.operation;
  return {
    formula: [text(`${factorText(factor, 4)} × `), ...formula],
    terms: [{ ...term, kind: "product", factors: [factor, term.value], value: factor * term.value }],
  };
}

const bracketed = (sum) => (sum.includes(" ") ? `(${sum})` : sum);

/** exp(a) of every entry of the row, and this element's share of their sum. */
function deriveSoftmax(model, tensor, t, index, words) {
  const [logits] = operandsOf(model, tensor, t);
  const elements = termsOf(model, tensor, t, index);
  const entries = elements.map(({ factors: [factor] }) => factor);
  const largest = Math.max(...entries.map(({ value }) => value));
  if (largest === -Infinity) return nothingSeen(elements, words);
  const shift = largest > 10 || largest < -10 ? largest : 0;
  const own = entries[index % entries.length];
  const z = operandParts(model, logits.operand, tensor);
  const terms = elements.map((term, k) => ({
    ...labelled(model, term),
    label: entryLabel(model, tensor, entries[k], k),
    power: entries[k].value - shift,
    value: Math.exp(entries[k].value - shift),
  }));
  const numerator = Math.exp(own.value - shift);
  return {
    formula: [text("exp("), ...readParts(model, own.taken, own.index, tensor), text(") / Σ exp("), ...z, text(")")],
    terms,
    note: shift === 0 ? "" : say(words, "inspector.shifted", { value: factorText(shift) }),
    finish: {
      apply: (sum, decimals) => Number(numerator.toFixed(decimals)) / sum,
      wrap: (sum, decimals) => `${fixed(numerator, decimals)} / ${bracketed(sum)}`,
    },
  };
}

/** A row in which everything is masked: no exponential is left, the weights are zero. */
function nothingSeen(elements, words) {
  const sources = elements.flatMap(({ factors }) => factors.map(({ taken, index }) => taken.source(index)));
  return { formula: [], terms: [], note: say(words, "inspector.nothing"), sources };
}

function entryLabel(model, tensor, { taken, index }, k) {
  const { classes, prediction } = model.answering(tensor.name);
  const isPrediction = tensor.name === prediction;
  return isPrediction && classes?.[k] !== undefined ? `“${classes[k]}”` : elementLabel(model, taken, index);
}

function deriveMatmul(model, tensor, t, index) {
  const [A, B] = tensor.operation.operands.map((operand) => operandParts(model, operand, tensor));
  const end = { ...B[B.length - 1], ...(tensor.operation.transpose ? { sup: "⊤" } : {}) };
  return { formula: [...A, SPACE, ...B.slice(0, -1), end], terms: elementTerms(model, tensor.name, t, index) };
}

/** A function of the whole row: its mean, its sum. */
function deriveRow(symbols, finish) {
  return (model, tensor, t, index) => {
    const [operand] = tensor.operation.operands;
    const elements = elementTerms(model, tensor.name, t, index);
    const formula = [text(symbols[0]), ...operandParts(model, operand, tensor), text(symbols[1])];
    return { formula, terms: elements, finish: finish(elements.length) };
  };
}

/** √(Σ a²): every term is an element times itself. */
function deriveNorm(model, tensor, t, index) {
  const [operand] = tensor.operation.operands;
  const terms = termsOf(model, tensor, t, index).map((term) => {
    const [{ taken, index: at }] = term.factors;
    return { ...labelled(model, term), label: `${elementLabel(model, taken, at)}²` };
  });
  const formula = [text("√(Σ "), ...operandParts(model, operand, tensor), text("²)")];
  return { formula, terms, finish: { apply: Math.sqrt, ...functionOf("√") } };
}

function meanOf(n) {
  return { apply: (sum) => sum / n, wrap: (sum) => `${bracketed(sum)} / ${n}` };
}

/** (a − mean) / √(variance + ε): the row gives mean and spread. */
function deriveStandardise(model, tensor, t, index) {
  const [taken] = operandsOf(model, tensor, t);
  const row = termsOf(model, tensor, t, index).map(({ factors: [{ value }] }) => value);
  const mean = row.reduce((sum, x) => sum + x, 0) / row.length;
  const spread = Math.sqrt(row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length + tensor.operation.eps);
  const own = { taken, index, value: taken.values[index] };
  const element = readParts(model, taken, index, tensor);
  return {
    formula: [text("("), ...element, text(" − mean) / √(variance + ε)")],
    terms: [
      labelled(model, { kind: "value", factors: [own], value: own.value }),
      { kind: "value", label: "−mean", factors: [-mean], value: -mean, sources: row.map((_, k) => taken.source(index - (index % row.length) + k)) },
    ],
    finish: { apply: (sum) => sum / spread, wrap: (sum) => `${bracketed(sum)} / ${factorText(spread)}` },
  };
}

function deriveMask(model, tensor, t, index, words) {
  const { formula, terms } = plain(model, tensor, t, index);
  if (model.number(tensor.name, t, index) !== -Infinity) return { formula, terms };
  return { formula: [text("−∞")], terms: [], note: say(words, "inspector.masked"), sources: terms[0].sources };
}

/** Nothing the player computes: the words for where it was made, and the formula of its block. */
function deriveGiven(model, { name, role, operation: { made, formula } }, t, index, words) {
  const shape = model.shape(name);
  let [found, inner] = [formula ?? "", shape.reduce((size, length) => size * length, 1)];
  for (let axis = 0; Array.isArray(found); axis += 1) {
    inner /= shape[axis];
    found = found[Math.floor(((Math.floor(index / inner) % shape[axis]) * found.length) / shape[axis])];
  }
  const why = made ? `made_${made}` : role === "weight" ? "weight" : "given";
  return { formula: found ? parseSymbol(found) : [], terms: [], note: say(words, `inspector.${why}`) };
}

const DERIVE = {
  given: deriveGiven,
  affine: (model, { name }, t, index) => expandSum(model, name, t, index, true),
  add: deriveAdd,
  sub: deriveSub,
  multiply: (model, { name }, t, index) => expandProduct(model, name, t, index),
  activation: deriveActivation,
  force: deriveForce,
  scale: deriveScale,
  softmax: deriveSoftmax,
  matmul: deriveMatmul,
  mask: deriveMask,
  mean: deriveRow(["mean(", ")"], meanOf),
  sum: deriveRow(["Σ ", ""], () => undefined),
  norm: deriveNorm,
  standardise: deriveStandardise,
  lookup: plain,
  concat: plain,
  slice: plain,
};

/** @returns {Derivation} */
export function derive(model, name, t, index, words) {
  const tensor = model.tensor(name);
  return DERIVE[tensor.operation.name](model, tensor, t, index, words);
}
