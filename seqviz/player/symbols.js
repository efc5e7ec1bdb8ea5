/**
 * How tensors and their elements are called: as parts with sub- and superscripts, for
 * drawing, and as plain text, for lists and speech.
 *
 * @typedef {{text: string, sub?: string, sup?: string, role?: string}} Part
 */
import { subscript } from "./digits.js";

const INVISIBLE = { " ": "␣", "\n": "↵", "\r": "↵", "\t": "⇥", "": "∅" };

/** A token as it can be seen: a space becomes ␣. */
export function visibleToken(token) {
  const text = String(token);
  return INVISIBLE[text] ?? text;
}

/** Fills {name} in the words of a key; a key without words shows itself. */
export function say(words, key, values = {}) {
  const template = words?.[key] ?? key;
  return template.replace(/\{(\w+)\}/g, (whole, name) =>
    Object.hasOwn(values, name) ? String(values[name]) : whole);
}

const parsedSymbols = new Map();

/** "W_f·x" as parts: a letter with its subscript, then the rest. */
export function parseSymbol(symbol, role) {
  const key = `${role ?? ""} ${symbol}`;
  if (!parsedSymbols.has(key)) parsedSymbols.set(key, symbolPieces(symbol, role));
  return parsedSymbols.get(key);
}

function symbolPieces(symbol, role) {
  const pieces = [...symbol.matchAll(/([^_]+)(?:_(?:\{([^}]*)\}|([\p{L}\p{N}]+)))?/gu)];
  return pieces.map(([, text, braced, plain]) => {
    const sub = braced ?? plain;
    return { text, ...(sub ? { sub } : {}), ...(role ? { role } : {}) };
  });
}

/** The letter of a model: group "a" is A, the difference of a and b is A−B. */
export function groupLetter(group) {
  return [...(group ?? "")].map((letter) => letter.toUpperCase()).join("−");
}

/** A tensor's name within its model: "h" of "a_h". */
export function plainName({ name, group }) {
  return group ? name.slice(group.length + 1) : name;
}

/** Read by another model's tensor, a symbol wears the letter of its own. */
function withLetter(parts, tensor, reader) {
  if (!reader || !tensor.group || tensor.group === reader.group) return parts;
  const end = parts[parts.length - 1];
  return [...parts.slice(0, -1), { ...end, sup: groupLetter(tensor.group) }];
}

/** Puts one more subscript on a symbol; a compound one, like f⊙c, is put in brackets. */
function withSub(parts, more) {
  const end = parts[parts.length - 1];
  const compound = parts.length > 1 || /[⊙·/−+]/u.test(end.text);
  if (!compound || /[)‖]$/u.test(end.text)) {
    return [...parts.slice(0, -1), { ...end, sub: end.sub ? `${end.sub},${more}` : more }];
  }
  return [{ text: "(" }, ...parts, { text: ")", sub: more }];
}

/**
 * The symbol of an operand as `reader` reads it. One gate's rows of a stacked matrix take the
 * gate's letter, as in PyTorch's documentation: W_ih read by f_x is W_if.
 */
function operandSymbol(operand, tensor, reader) {
  const stacked = operand.block && /^(.*_[ih])h$/.exec(tensor.symbol);
  return stacked && reader ? `${stacked[1]}${plainName(reader).split("_")[0]}` : tensor.symbol;
}

const SHIFTED = { "-1": "t−1", 1: "t+1" };

/** A whole operand: h_{t−1}, W_if. */
export function operandParts(model, operand, reader) {
  const tensor = model.tensor(operand.tensor);
  const symbol = parseSymbol(operandSymbol(operand, tensor, reader), tensor.role);
  const parts = withLetter(symbol, tensor, reader);
  const shift = shiftOf(model, operand);
  return shift ? withSub(parts, SHIFTED[shift]) : parts;
}

/** The shift at which an operand is read, also through a what-if that overrides it. */
function shiftOf(model, operand) {
  const { name, operands } = model.tensor(operand.tensor).operation;
  return operand.shift || (name === "force" && operands[0].shift) || 0;
}

/** The 1-based place of an element: "2", or "2,3" in a matrix; empty for a single number. */
export function placeText(shape, index) {
  if (shape.length === 0 || (shape.length === 1 && shape[0] === 1)) return "";
  const places = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    places.unshift((rest % shape[axis]) + 1);
    rest = Math.floor(rest / shape[axis]);
  }
  return places.join(",");
}

/** An element's own symbol, where the field counts elements otherwise than from 1; or null. */
function ownSymbol(model, name, index) {
  return model.scene.facts?.elements?.[name]?.[index] ?? null;
}

/** One element of a tensor: f with subscript 2. */
export function elementParts(model, name, index) {
  const { symbol, role } = model.tensor(name);
  const own = ownSymbol(model, name, index);
  if (own) return parseSymbol(own, role);
  const place = placeText(model.shape(name), index);
  const parts = parseSymbol(symbol, role);
  return place ? withSub(parts, place) : parts;
}

/** One element of an operand: c with subscript 2,t−1. */
export function readParts(model, taken, index, reader) {
  const { operand } = taken;
  const tensor = model.tensor(operand.tensor);
  const own = ownSymbol(model, operand.tensor, index);
  if (own) return parseSymbol(own, tensor.role);
  const symbol = parseSymbol(operandSymbol(operand, tensor, reader), tensor.role);
  const parts = withLetter(symbol, tensor, reader);
  const below = [placeText(taken.shape, index), SHIFTED[shiftOf(model, operand)]].filter(Boolean).join(",");
  return below ? withSub(parts, below) : parts;
}

/** The word of one element along the last axis: the token, if the axis has tokens. */
function tokenOf(model, taken, index) {
  const { sequence } = model.scene;
  if (!sequence) return null;
  const { classes } = model.answering(taken.tensor.name);
  const { axes } = taken.tensor;
  const keys = axes.length === 2 && axes[1] === "key" && taken.shape.length === 1 ? model.scene.facts?.keys : null;
  if (keys) return keys[index] ?? null;
  if (taken.tensor.role === "prediction" && classes) return classes[index] ?? null;
  const input = taken.tensor.role === "given" && taken.t !== null && taken.shape.length === 1;
  if (!input || !sequence.inputs || !isOneHot(taken.values) || taken.values[index] !== 1) return null;
  return sequence.inputs[taken.t] ?? null;
}

function isOneHot(values) {
  return values.length > 1 && values.every((x) => x === 0 || x === 1)
    && values.reduce((sum, x) => sum + x, 0) === 1;
}

/** One element of an operand in a list, as `reader` reads it: “h₂(t−1)”, “x “l””. */
export function elementLabel(model, taken, index, reader) {
  const token = tokenOf(model, taken, index);
  const tensor = model.tensor(taken.operand.tensor);
  const symbol = withLetter(parseSymbol(tensor.symbol), tensor, reader);
  if (token !== null) return `${plainText(symbol)} “${visibleToken(token)}”`;
  const own = ownSymbol(model, taken.operand.tensor, index);
  if (own) return own;
  const place = placeText(taken.shape, index);
  const shift = SHIFTED[shiftOf(model, taken.operand)];
  return `${plainText(place ? withSub(symbol, place) : symbol)}${shift ? `(${shift})` : ""}`;
}

/** Parts as one line of plain text, for speech and titles. */
export function plainText(parts) {
  return parts.map(({ text, sub, sup }) => {
    const below = /^\d+$/.test(sub ?? "") ? subscript(sub) : sub ? `_${sub}` : "";
    return `${text}${below}${sup ?? ""}`;
  }).join("");
}
