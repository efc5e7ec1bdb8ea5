// What the picture needs to know of a scene of sheets: which numbers stand in which row and column.
import { visibleToken, say } from "./symbols.js";

/**
 * @typedef {{node: object, stage: number, names: string[], rows: "query"|"key"|"none",
 *   columns: string, height: number, width: number, stepped: boolean}} Sheet
 *   one matrix of the picture; `names` are its tensors, one a head where it differs by head
 * @typedef {{sheets: Sheet[], keys: string[], queries: string[], heads: number, same: boolean,
 *   weights: Sheet|null, maps: {tensors: string[], mean: string|null}|null}} SheetFacts
 */

/** The sheets of a scene, or null where it has none. @returns {SheetFacts|null} */
export function openSheets(model) {
  const { layout, substeps, facts, sequence } = model.scene;
  const nodes = layout.nodes.filter(({ kind }) => kind === "sheet");
  if (nodes.length === 0) return null;
  const stages = new Map(substeps.map(({ name }, k) => [name, k]));
  const sheets = nodes.map((node) => makeFacts(model, node, stages.get(node.stage) ?? 0));
  return {
    sheets,
    keys: facts?.keys ?? sequence.inputs,
    queries: sequence.inputs,
    heads: Math.max(1, ...sheets.map(({ names }) => names.length)),
    same: facts?.self ?? true,
    weights: sheets.find(({ node }) => node.sum) ?? null,
    maps: facts?.maps ?? null,
    ranges: new Map(),
  };
}

function makeFacts(model, node, stage) {
  const shape = model.shape(node.tensor);
  const stepped = model.stepped(node.tensor);
  const width = shape[shape.length - 1] ?? 1;
  const height = stepped ? model.steps : shape.length > 1 ? shape[0] : 1;
  const rows = node.rows ?? (stepped ? "query" : "none");
  return { node, stage, names: node.heads ?? [node.tensor], rows, columns: node.columns, height, width, stepped };
}

/** The head that is shown: the one the reader points at, else the chosen one. */
export const headOf = (ctx) => ctx.preview ?? ctx.state.head;

/** The tensor that a sheet shows now. */
export function shownName(ctx, sheet) {
  return sheet.names[Math.min(headOf(ctx), sheet.names.length - 1)];
}

/** One row of a sheet's numbers. */
export function rowValues(ctx, sheet, name, row) {
  if (sheet.stepped) return ctx.model.value(name, row);
  return ctx.model.value(name, 0).subarray(row * sheet.width, (row + 1) * sheet.width);
}

/** The place of a cell, as the inspector and the cursor know it. */
export function cellPlace(sheet, name, row, column) {
  if (sheet.stepped) return { name, t: row, index: column };
  return { name, t: null, index: row * sheet.width + column };
}

/** Where a place stands in a sheet, or null; a row of a whole sheet may have a name of its own. */
export function placeCell(sheet, shown, { name, t, index }) {
  if (name === shown) {
    if (sheet.stepped) return { row: t, column: index };
    return { row: Math.floor(index / sheet.width), column: index % sheet.width };
  }
  return name === sheet.node.row && t !== null ? { row: t, column: index } : null;
}

/** Which keys a query may not look at: true where a cell is hatched; null where none is. */
export function hatchOf(ctx, sheet, row, head = headOf(ctx)) {
  const { hatch, hatches } = sheet.node;
  const name = hatches?.[head] ?? hatch;
  return name && ctx.model.has(name) ? ctx.model.value(name, ctx.model.stepped(name) ? row : 0) : null;
}

const onPairs = ({ rows, columns }) => rows === "query" && columns === "key";

/** Whether a sheet holds scores: signed numbers of pairs of a query and a key. */
export function isScores({ model }, sheet) {
  return onPairs(sheet) && model.tensor(sheet.node.tensor).scale === "signed";
}

/** The end of a sheet's scale: one for all heads; a mask changes no number, so it keeps the scale. */
export function sheetRange(ctx, sheet) {
  const { ranges, sheets } = ctx.sheets;
  const masked = ctx.model.tensor(sheet.node.tensor).operation.name === "mask";
  const { node, names } = masked ? sheets[sheets.indexOf(sheet) - 1] : sheet;
  if (!ranges.has(node.id)) ranges.set(node.id, Math.max(...names.map(ctx.model.range)));
  return ranges.get(node.id);
}

/** The tokens along the columns of a sheet, or null where columns are features. */
export function columnTokens(ctx, sheet) {
  if (sheet.columns === "key") return ctx.sheets.keys;
  const { classes } = ctx.model.scene.sequence;
  return sheet.columns === "class" && classes?.length === sheet.width ? classes : null;
}

/** The tokens along the rows of a sheet, or null where rows are neither queries nor keys. */
export function rowTokens(ctx, sheet) {
  return { query: ctx.sheets.queries, key: ctx.sheets.keys }[sheet.rows] ?? null;
}

/** The column of the keys that the cursor stands at: the largest weight until one is chosen. */
export function keyAt(ctx) {
  const { unit, t, chosen } = ctx.state;
  const { weights, keys } = ctx.sheets;
  if (chosen || !weights) return Math.min(unit, keys.length - 1);
  const row = rowValues(ctx, weights, shownName(ctx, weights), t);
  return row.reduce((best, value, k) => (value > row[best] ? k : best), 0);
}

/** The cell of a sheet that the cursor stands at. */
export function cursorCell(ctx, sheet) {
  const { unit, t, chosen } = ctx.state;
  const row = sheet.rows === "query" ? t : sheet.rows === "key" ? Math.min(keyAt(ctx), sheet.height - 1) : 0;
  if (sheet.columns === "key") return { row, column: Math.min(keyAt(ctx), sheet.width - 1) };
  if (sheet.columns === "class" && !chosen) {
    const values = rowValues(ctx, sheet, shownName(ctx, sheet), row);
    return { row, column: values.reduce((best, value, k) => (value > values[best] ? k : best), 0) };
  }
  return { row, column: chosen ? Math.min(unit, sheet.width - 1) : 0 };
}

/** What is explained before the reader asks: the cursor's cell of this stage, else its weight. */
export function sheetSubject(ctx) {
  const { substep } = ctx.state;
  const { sheets, weights } = ctx.sheets;
  const ofStage = sheets.filter(({ stage }) => stage === substep);
  const sheet = ofStage[0] ?? (substep === null && weights ? weights : sheets[sheets.length - 1]);
  const { row, column } = cursorCell(ctx, sheet);
  return cellPlace(sheet, shownName(ctx, sheet), row, column);
}

/** The sheet in which a place stands, with its cell, or null. */
export function findCell(ctx, place) {
  for (const sheet of ctx.sheets.sheets) {
    const cell = placeCell(sheet, shownName(ctx, sheet), place);
    if (cell) return { sheet, ...cell };
    const other = sheet.names.find((name) => name === place.name);
    if (other) return { sheet, ...placeCell(sheet, other, place) };
  }
  return null;
}

/** "weight of “sat” for “cat”", "query of “sat”, 3": what a cell is called. */
export function cellTitle(ctx, place) {
  const found = findCell(ctx, place);
  if (!found) return null;
  const { sheet, row, column } = found;
  const rows = rowTokens(ctx, sheet);
  const columns = columnTokens(ctx, sheet);
  const name = ctx.word(sheet.node.label.replace(/^sheet\./u, "cell."));
  const of = rows ? visibleToken(rows[row] ?? "") : "";
  if (columns) return say(ctx.words, "cell.pair", { name, row: of, column: visibleToken(columns[column] ?? "") });
  return say(ctx.words, rows ? "cell.feature" : "cell.plain", { name, row: of, n: column + 1 });
}

/** The numbers of a row before a change, or null where nothing was changed. */
export function ghostRow(ctx, name, row) {
  const before = ctx.model.scene.ghost[name];
  return before && ctx.model.stepped(before) ? ctx.model.value(before, row) : null;
}

/** Whether a cell may be seen: of what the reader hides to predict first, nothing. */
export function cellVisible(ctx, sheet, row) {
  const { future, t, substep } = ctx.state;
  if (future !== "hidden") return true;
  const later = substep !== null && sheet.stage > substep;
  if (sheet.rows !== "query") return !later;
  return later ? row < t : row <= t;
}

/** "query 3, key 2": where a cell stands, and of which head it is. */
export function cellWhere(ctx, place) {
  const found = findCell(ctx, place);
  if (!found) return null;
  const { sheet, row, column } = found;
  const head = sheet.names.length > 1 ? [say(ctx.words, "maps.head", { n: sheet.names.indexOf(place.name) + 1 })] : [];
  const rows = sheet.rows === "none" ? [] : [say(ctx.words, `where.${sheet.rows}`, { n: row + 1 })];
  const along = { key: "where.key", class: "where.class" }[sheet.columns] ?? "where.column";
  return [...head, ...rows, say(ctx.words, along, { n: column + 1 })].join(" · ");
}
