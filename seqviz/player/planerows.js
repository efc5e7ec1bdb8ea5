// Points of a plane as rows of a tensor, and what the rows are called.
import { visibleToken } from "./symbols.js";
import { subscript } from "./digits.js";

/** The rows (x, y) of a tensor's value. */
export function rowsOfPoints(model, name) {
  const values = model.value(name, 0);
  return Array.from({ length: values.length / 2 }, (_, row) => [values[2 * row], values[2 * row + 1]]);
}

/** How a row is called: by the reader's word for the key, else by symbol and number. */
export function rowLabel(model, name, row) {
  const given = model.scene.facts.keys?.[row];
  const { symbol, role } = model.tensor(name);
  if (role === "query") return visibleToken(model.scene.sequence.inputs[0]);
  return given === undefined ? `${symbol}${subscript(row + 1)}` : visibleToken(given);
}
