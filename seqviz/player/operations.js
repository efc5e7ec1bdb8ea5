/**
 * The closed table of operations: how a value follows from its operands, and its terms.
 *
 * Elements are counted flat, row by row, in the value at one step.
 *
 * @typedef {import("./values.js").Taken} Taken
 * @typedef {{taken: Taken, index: number, value: number}} Factor
 * @typedef {{kind: "product"|"value"|"bias", factors: Factor[], value: number}} Term
 */
import { WHOLE } from "./whole.js";

export const FUNCTIONS = {
  sigmoid: { symbol: "σ", apply: (a) => 1 / (1 + Math.exp(-a)) },
  tanh: { symbol: "tanh", apply: Math.tanh },
  relu: { symbol: "ReLU", apply: (a) => Math.max(a, 0) },
  identity: { symbol: "", apply: (a) => a },
};

const last = (shape) => shape[shape.length - 1];
const elementCount = (shape) => shape.reduce((product, length) => product * length, 1);

/** Where element `index` of `shape` reads an operand of (broadcast) shape `inner`. */
function readAt(index, shape, inner) {
  let stride = 1;
  let position = 0;
  let rest = index;
  for (let back = 1; back <= inner.length; back += 1) {
    const along = rest % shape[shape.length - back];
    rest = Math.floor(rest / shape[shape.length - back]);
    const length = inner[inner.length - back];
    if (length > 1) position += along * stride;
    stride *= length;
  }
  return position;
}

function factor(taken, index) {
  return { taken, index, value: taken.values[index] };
}

function product(...factors) {
  return { kind: "product", factors, value: factors.reduce((all, { value }) => all * value, 1) };
}

function single(taken, index, kind = "value") {
  return { kind, factors: [factor(taken, index)], value: taken.values[index] };
}

function total(terms) {
  return terms.reduce((sum, { value }) => sum + value, 0);
}

function pick(taken, shape, index) {
  return factor(taken, readAt(index, shape, taken.shape));
}

function rowTerms(taken, index) {
  const width = last(taken.shape);
  return Array.from({ length: width }, (_, k) => single(taken, index * width + k));
}

function rowStart(taken, index) {
  return index - (index % last(taken.shape));
}

/** Every entry of the row in which the element stands. */
function entriesOfRow([a], _, shape, index) {
  const start = rowStart(a, index);
  return Array.from({ length: last(a.shape) }, (_k, k) => single(a, start + k));
}

function affineTerms([W, v, b], _, shape, index) {
  const [rows, columns] = W.shape;
  const row = index % rows;
  const start = ((index - row) / rows) * columns;
  const terms = Array.from({ length: columns }, (_k, k) =>
    product(factor(W, row * columns + k), factor(v, start + k)));
  return b ? [...terms, single(b, row, "bias")] : terms;
}

function matmulTerms([A, B], { transpose }, shape, index) {
  const n = last(A.shape);
  const columns = B.shape.length === 1 ? 1 : B.shape[transpose ? 0 : 1];
  const column = index % columns;
  const row = (index - column) / columns;
  return Array.from({ length: n }, (_, k) =>
    product(factor(A, row * n + k), factor(B, transpose ? column * n + k : k * columns + column)));
}

function subTerms([a, b], { constant }, shape, index) {
  const first = pick(a, shape, index);
  const negative = ({ taken, index: at, value }) =>
    ({ kind: "value", factors: [factor(taken, at)], value: -value });
  if (!b) return [{ kind: "value", factors: [], value: constant ?? 1 }, negative(first)];
  return [single(first.taken, first.index), negative(pick(b, shape, index))];
}

function standardised([a], { eps }, shape, index) {
  const start = rowStart(a, index);
  const row = a.values.subarray(start, start + last(a.shape));
  const mean = row.reduce((sum, x) => sum + x, 0) / row.length;
  const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
  return (a.values[index] - mean) / Math.sqrt(variance + eps);
}

function joined(operands, { axis }, shape, index) {
  return axis === 0 ? stacked(operands, index) : sideBySide(operands, shape, index);
}

/** One below the other: row by row they simply follow one another. */
function stacked(operands, index) {
  let along = index;
  for (const taken of operands) {
    if (along < taken.values.length) return [single(taken, along)];
    along -= taken.values.length;
  }
  return [];
}

function sideBySide(operands, shape, index) {
  let along = index % last(shape);
  const row = Math.floor(index / last(shape));
  for (const taken of operands) {
    const width = last(taken.shape);
    if (along < width) return [single(taken, row * width + along)];
    along -= width;
  }
  return [];
}

function sliced([a], { block: [start, stop] }, shape, index) {
  const width = stop - start;
  return [single(a, Math.floor(index / width) * last(a.shape) + start + (index % width))];
}

const elementwise = (operands, _, shape, index) =>
  operands.map((taken) => single(taken, readAt(index, shape, taken.shape)));

const isForced = ([, mask], shape, index) => pick(mask, shape, index).value !== 0;

/**
 * Each entry: `terms(operands, operation, shape, index)` and, where the value is neither
 * their sum nor computed as a WHOLE, `value(operands, operation, shape, index)`.
 */
export const OPERATIONS = {
  given: { terms: () => [] },
  lookup: {
    terms: ([E, ids], _, shape, index) => {
      const width = last(E.shape);
      const id = factor(ids, Math.floor(index / width));
      const entry = single(E, id.value * width + (index % width));
      return [{ ...entry, factors: [...entry.factors, id] }];
    },
  },
  affine: { terms: affineTerms },
  add: { terms: elementwise },
  sub: { terms: subTerms },
  multiply: {
    terms: (operands, _, shape, index) =>
      [product(...operands.map((taken) => pick(taken, shape, index)))],
  },
  activation: {
    terms: elementwise,
    value: ([a], operation, shape, index) => FUNCTIONS[operation.function].apply(a.values[index]),
  },
  force: {
    terms: (operands, _, shape, index) => {
      const { taken, index: at } = pick(operands[isForced(operands, shape, index) ? 2 : 0], shape, index);
      return [single(taken, at)];
    },
  },
  matmul: { terms: matmulTerms },
  scale: { terms: elementwise },
  mask: {
    terms: ([a], _, shape, index) => [single(a, index)],
    value: ([a, allowed], _, shape, index) =>
      pick(allowed, shape, index).value === 0 ? -Infinity : a.values[index],
  },
  softmax: { terms: entriesOfRow },
  mean: {
    terms: ([a], _, shape, index) => rowTerms(a, index),
    value: ([a], _, shape, index) => total(rowTerms(a, index)) / last(a.shape),
  },
  standardise: { terms: entriesOfRow, value: standardised },
  concat: { terms: joined },
  slice: { terms: sliced },
  sum: { terms: ([a], _, shape, index) => rowTerms(a, index) },
  norm: {
    terms: ([a], _, shape, index) => {
      const width = last(a.shape);
      return Array.from({ length: width }, (_k, k) =>
        product(factor(a, index * width + k), factor(a, index * width + k)));
    },
    value: ([a], _, shape, index) => {
      const width = last(a.shape);
      return Math.hypot(...a.values.subarray(index * width, (index + 1) * width));
    },
  },
};

function entryOf(tensor) {
  const entry = OPERATIONS[tensor.operation.name];
  if (!entry) throw new Error(`"${tensor.name}": no operation is called "${tensor.operation.name}"`);
  return entry;
}

/** The operands of a tensor as they are read at step t. */
export function operandsOf(model, tensor, t) {
  return tensor.operation.operands.map((operand) => model.operand(operand, t));
}

/** The value of a tensor at step t, from its operands. */
export function compute(model, tensor, t) {
  const { name, operation } = tensor;
  if (operation.name === "given") throw new Error(`"${name}" is given, but no value was sent`);
  const { terms, value } = entryOf(tensor);
  const operands = operandsOf(model, tensor, t);
  const shape = model.shape(name);
  const made = WHOLE[operation.name]?.(new Float64Array(elementCount(shape)), operands, operation);
  if (made) return made;
  const element = value ?? ((...read) => total(terms(...read)));
  return Float64Array.from({ length: elementCount(shape) }, (_, index) =>
    element(operands, operation, shape, index));
}

/** Of the operations that take rows one by one: which operands are rows; the others are whole. */
const ROW_OPERANDS = {
  lookup: [1], affine: [1], matmul: [0], softmax: [0], scale: [0], mask: [0, 1], add: "all", concat: "all",
};

/**
 * The values of a tensor at all steps at once, one after the other; null where a step needs more
 * than the same step of its operands and what never changes.
 */
export function computeAll(model, { name, operation }) {
  const rows = ROW_OPERANDS[operation.name];
  if (!rows || !model.stepped(name) || operation.axis === 0 || model.shape(name).length > 1) return null;
  const isRow = (k) => rows === "all" || rows.includes(k);
  const fits = operation.operands.every(({ tensor, shift, block }, k) =>
    (isRow(k) ? model.stepped(tensor) && !shift && !block && model.shape(tensor).length < 2 : !model.stepped(tensor)));
  if (!fits) return null;
  const operands = operation.operands.map((read, k) => (isRow(k)
    ? { values: model.allSteps(read.tensor), shape: [model.steps, ...model.shape(read.tensor)] }
    : model.operand(read, 0)));
  const out = new Float64Array(model.steps * elementCount(model.shape(name)));
  return WHOLE[operation.name](out, operands, operation);
}

/** What one element is made of: the terms of its sum, or the values it is a function of. */
export function termsOf(model, tensor, t, index) {
  const operands = operandsOf(model, tensor, t);
  return entryOf(tensor).terms(operands, tensor.operation, model.shape(tensor.name), index);
}
