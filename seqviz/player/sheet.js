// One sheet of the picture: its caption, its cells, its tokens, and what the cursor does to it.
import { svgNode, setAttribute, setHidden, setText, symbolSpans } from "./svg.js";
import { fixed } from "./digits.js";
import { fillBoxes, makeBoxes, makeHeat, paintHeat } from "./sheetcells.js";
import { visibleToken } from "./symbols.js";
import { wordWidth } from "./strips.js";
import {
  cellVisible, columnTokens, cursorCell, findCell, headOf, placeCell, rowTokens, rowValues, shownName,
} from "./sheetfacts.js";

const LABEL_LINE = 12;
const LABEL_COLUMN = 13;
const CAPTION = { symbol: 30, word: 13 };
const SLANT_DEGREES = -55;

/**
 * @param {import("./sheetgrid.js").Placed} placed
 * @param {string} hatchFill  the fill of what may not be seen
 */
export function makeSheet(ctx, placed, hatchFill) {
  const { sheet } = placed;
  const drawn = { ...placed, painted: "", marks: [] };
  drawn.cells = placed.printed ? makeBoxes(placed, hatchFill) : null;
  drawn.heat = placed.printed ? null : makeHeat(placed);
  drawn.rowLabels = placed.labelled ? makeRowLabels(ctx, placed) : [];
  drawn.columnLabels = makeColumnLabels(ctx, placed);
  drawn.sums = sheet.node.sum ? makeSums(placed) : null;
  drawn.veils = [0, 1].map(() => svgNode("rect", { class: "sheet-veil", x: placed.x - 1, width: placed.width + 2 }));
  drawn.token = [0, 1].map(() => svgNode("rect", { class: "sheet-token", rx: 3 }));
  drawn.frame = svgNode("rect", { class: "sheet-frame", rx: 4 });
  drawn.cursor = svgNode("rect", { class: "sheet-cursor", rx: 3 });
  drawn.over = svgNode("g");
  drawn.symbol = svgNode("text", { class: "sheet-symbol", x: placed.x, y: placed.y - CAPTION.symbol });
  drawn.group = svgNode(
    "g",
    { class: "sheet", "data-sheet": sheet.node.id },
    svgNode("rect", { class: "sheet-hit", x: placed.x, y: placed.y, width: placed.width, height: placed.height }),
    drawn.symbol, captionWord(ctx, placed), joinNode(placed), ...axisNames(ctx, placed),
    drawn.cells?.group, drawn.sums?.group, ...drawn.veils,
    ...drawn.rowLabels.map(({ text }) => text), ...drawn.columnLabels.map(({ text }) => text),
    ...drawn.token, drawn.frame, drawn.cursor, drawn.over,
  );
  return drawn;
}

function captionWord(ctx, { sheet, x, y }) {
  return svgNode("text", { class: "sheet-word", x, y: y - CAPTION.word }, ctx.word(sheet.node.label));
}

/** What the rows and the columns are, in the gutter of the row labels. */
function axisNames(ctx, { sheet, x, y, height, labelled }) {
  if (!labelled) return [];
  const name = (key, at) => svgNode("text", { class: "sheet-axis", x: x - 7, y: at, "text-anchor": "end" }, ctx.word(key));
  const rows = name(sheet.rows === "query" ? "sheet.axis_query" : "sheet.axis_keys", y - 7);
  return sheet.columns === "key" ? [rows, name("sheet.axis_key", y + height + 14)] : [rows];
}

/** The operation that leads here, over an arrow at the middle of the cells. */
function joinNode({ join, x, y, left, labels, labelled, height }) {
  if (!join) return null;
  const to = x - (labelled ? labels : 0) - 5;
  const from = Math.max(left + 4, to - wordWidth(join) - 8);
  const middle = y + height / 2;
  return svgNode(
    "g",
    { class: "sheet-join" },
    svgNode("text", { x: (from + to) / 2, y: middle - 7, "text-anchor": "middle" }, ...symbolSpans(join)),
    svgNode("path", { d: `M${from} ${middle}H${to}m-4 -3.5l4 3.5l-4 3.5` }),
  );
}

function makeRowLabels(ctx, { sheet, x, y, line, labels }) {
  const most = Math.floor((labels - 4) / 6.4);
  return rowTokens(ctx, sheet).map((token, row) => ({
    row,
    text: svgNode(
      "text",
      { class: "sheet-label", x: x - 7, y: y + (row + 0.5) * line + 4, "text-anchor": "end", "data-label": `${sheet.rows} ${row}` },
      shortToken(token, most),
    ),
  }));
}

function makeColumnLabels(ctx, { sheet, x, y, cell, height, slanted }) {
  const tokens = columnTokens(ctx, sheet) ?? [];
  return tokens.slice(0, sheet.width).map((token, column) => ({
    column,
    slanted,
    text: svgNode("text", {
      class: "sheet-label",
      "text-anchor": slanted ? "end" : "middle",
      "data-label": `${sheet.columns} ${column}`,
      ...(slanted ? {} : { x: x + (column + 0.5) * cell, y: y + height + 14 }),
    }, shortToken(token, slanted ? 9 : 12)),
  }));
}

/** A token in at most so many letters' width. */
function shortToken(token, most) {
  const text = visibleToken(token);
  if (wordWidth(text) <= most * 6.3) return text;
  let kept = "";
  for (const letter of text) {
    if (wordWidth(`${kept}${letter}…`) > most * 6.3) break;
    kept += letter;
  }
  return `${kept}…`;
}

function makeSums({ sheet, x, y, width, line, printed }) {
  const texts = Array.from({ length: sheet.height }, (_, row) =>
    svgNode("text", { class: "sheet-sum", x: x + width + 8, y: y + (row + 0.5) * line + 4 }));
  const head = svgNode("text", { class: "sheet-sum head", x: x + width + 8, y: y - 6 }, "Σ");
  return { group: svgNode("g", {}, head, ...texts), texts, printed };
}

/** The rectangle of cells from (row, column), in pixels, cut to what is in view; null outside. */
export function cellRect(drawn, row, column, rows = 1, columns = 1) {
  const { view, x, y, width, height } = drawn;
  const left = Math.max(0, (column - view.column) * view.cell);
  const top = Math.max(0, (row - view.row) * view.line);
  const right = Math.min(width, (column + columns - view.column) * view.cell);
  const bottom = Math.min(height, (row + rows - view.row) * view.line);
  return right - left < 0.5 || bottom - top < 0.5 ? null : { x: x + left, y: y + top, width: right - left, height: bottom - top };
}

/** The row and column under a point of the picture, or null. */
export function cellUnder(drawn, { x, y }) {
  const { view, sheet } = drawn;
  const inside = x >= drawn.x && x < drawn.x + drawn.width && y >= drawn.y && y < drawn.y + drawn.height;
  if (!inside) return null;
  const row = Math.floor((y - drawn.y) / view.line + view.row);
  const column = Math.floor((x - drawn.x) / view.cell + view.column);
  return row < sheet.height && column < sheet.width ? { row, column } : null;
}

function showRect(node, rect, grow = 0) {
  setHidden(node, !rect);
  if (!rect) return;
  setAttribute(node, "x", rect.x - grow);
  setAttribute(node, "y", rect.y - grow);
  setAttribute(node, "width", rect.width + 2 * grow);
  setAttribute(node, "height", rect.height + 2 * grow);
}

/** Draws a sheet as it is at this step; the cells only when what they show has changed. */
export function drawSheet(ctx, drawn) {
  const { sheet, view } = drawn;
  const name = shownName(ctx, sheet);
  const look = `${name} ${headOf(ctx)} ${ctx.generation} ${view.row} ${view.column} ${view.line} ${view.cell}`;
  if (drawn.painted !== look) {
    drawn.painted = look;
    drawn.symbol.replaceChildren(...symbolSpans(ctx.model.tensor(name).symbol));
    drawn.symbol.style.fill = ctx.palette.text(ctx.model.tensor(name).role);
    if (drawn.cells) fillBoxes(ctx, sheet, drawn.cells);
    else paintHeat(ctx, sheet, drawn.heat, view);
    placeLabels(drawn);
  }
  drawSheetStage(ctx, drawn);
  drawSheetCursor(ctx, drawn);
  drawLabels(ctx, drawn);
  drawSums(ctx, drawn, name);
  drawSheetMarks(ctx, drawn, name);
}

function drawSheetStage(ctx, drawn) {
  const { substep, t, future } = ctx.state;
  const { sheet } = drawn;
  const when = substep === null ? "whole" : sheet.stage < substep ? "past" : sheet.stage === substep ? "now" : "later";
  setAttribute(drawn.group, "data-when", when);
  if (drawn.heat) drawn.heat.canvas.dataset.when = when;
  const hidden = future === "hidden";
  const all = hidden && !cellVisible(ctx, sheet, sheet.rows === "query" ? 0 : t) && (sheet.rows !== "query" || t === 0);
  const [above, below] = drawn.veils;
  if (sheet.rows !== "query") {
    showRect(above, all ? cellRect(drawn, 0, 0, sheet.height, sheet.width) : null, 1);
    setHidden(below, true);
    return;
  }
  const own = hidden && !cellVisible(ctx, sheet, t) ? 0 : 1;
  showRect(above, t > 0 ? cellRect(drawn, 0, 0, t, sheet.width) : null, 0.5);
  showRect(below, t + own < sheet.height ? cellRect(drawn, t + own, 0, sheet.height - t - own, sheet.width) : null, 0.5);
  below.classList.toggle("closed", hidden);
}

/** The row of the query, the key's row and column, and the token the reader highlights. */
function drawSheetCursor(ctx, drawn) {
  const { sheet } = drawn;
  const { row, column } = cursorCell(ctx, sheet);
  const isQuery = sheet.rows === "query";
  showRect(drawn.frame, isQuery || sheet.rows === "key" ? cellRect(drawn, row, 0, 1, sheet.width) : null, isQuery ? 1 : 0.5);
  drawn.frame.classList.toggle("key", !isQuery);
  showRect(drawn.cursor, sheet.columns === "key" && isQuery ? cellRect(drawn, row, column) : null);
  const token = ctx.hoveredToken ?? ctx.state.token;
  const own = token !== null && (ctx.sheets.same || !isQuery || ctx.tokenSide === "query");
  const inRows = own && rowTokens(ctx, sheet) && token < sheet.height && (ctx.sheets.same || sheet.rows === ctx.tokenSide);
  const inColumns = token !== null && sheet.columns === "key" && token < sheet.width && (ctx.sheets.same || ctx.tokenSide === "key");
  showRect(drawn.token[0], inRows ? cellRect(drawn, token, 0, 1, sheet.width) : null);
  showRect(drawn.token[1], inColumns ? cellRect(drawn, 0, token, sheet.height, 1) : null);
}

/** Labels stand where their rows and columns are in view now, as many as there is room for. */
function placeLabels(drawn) {
  const { view, x, y, width, height, sheet } = drawn;
  drawn.rowEvery = Math.max(1, Math.ceil(LABEL_LINE / view.line));
  drawn.columnEvery = Math.max(1, Math.ceil((drawn.slanted ? LABEL_COLUMN : 1) / view.cell));
  for (const { row, text } of drawn.rowLabels) {
    const at = (row + 0.5 - view.row) * view.line;
    setAttribute(text, "y", y + at + 4);
    text.dataset.out = String(at < 0 || at > height);
  }
  for (const { column, slanted, text } of drawn.columnLabels) {
    const at = (column + 0.5 - view.column) * view.cell;
    text.dataset.out = String(at < 0 || at > width);
    if (slanted) setAttribute(text, "transform", `translate(${x + at + 4} ${y + height + 10}) rotate(${SLANT_DEGREES})`);
    else setAttribute(text, "x", x + at);
  }
  drawn.shape = `${sheet.height}×${sheet.width}`;
}

function drawLabels(ctx, drawn) {
  const { sheet, rowEvery, columnEvery } = drawn;
  const at = cursorCell(ctx, sheet);
  const token = ctx.hoveredToken ?? ctx.state.token;
  const state = (text, place, own, every) => {
    const now = place === own;
    const near = Math.abs(place - own) < every && !now;
    setAttribute(text, "class", `sheet-label${now ? " now" : ""}${place === token ? " lit" : ""}`);
    setHidden(text, text.dataset.out === "true" || (!now && (place % every !== 0 || near)));
  };
  for (const { row, text } of drawn.rowLabels) state(text, row, at.row, rowEvery);
  for (const { column, text } of drawn.columnLabels) state(text, column, at.column, columnEvery);
}

/** Σ = 1.00 at the end of a row of weights. */
function drawSums(ctx, drawn, name) {
  if (!drawn.sums) return;
  const { t } = ctx.state;
  drawn.sums.texts.forEach((text, row) => {
    const shown = (drawn.sums.printed || row === t) && cellVisible(ctx, drawn.sheet, row) && cellRect(drawn, row, 0);
    setHidden(text, !shown);
    if (!shown) return;
    const rect = cellRect(drawn, row, 0);
    setAttribute(text, "y", rect.y + rect.height / 2 + 4);
    setText(text, fixed(rowValues(ctx, drawn.sheet, name, row).reduce((sum, value) => sum + value, 0)));
    setAttribute(text, "class", `sheet-sum${row === t ? " now" : ""}`);
  });
}

/** The explained cell, its sources (a block of them as one frame) and the pins. */
function drawSheetMarks(ctx, drawn, name) {
  const { sheet } = drawn;
  const kinds = { pinned: [], source: [], looked: [] };
  for (const mark of ctx.marked) {
    const cell = placeCell(sheet, name, mark);
    if (cell) kinds[mark.kind].push(cell);
  }
  const rects = [
    ...kinds.pinned.map((cell) => ["pinned", cellRect(drawn, cell.row, cell.column)]),
    ...blocksOf(kinds.source).map((block) => ["source", cellRect(drawn, block.row, block.column, block.rows, block.columns)]),
    ...kinds.looked.map((cell) => ["looked", cellRect(drawn, cell.row, cell.column)]),
  ].filter(([, rect]) => rect);
  while (drawn.marks.length < rects.length) {
    drawn.marks.push(svgNode("rect", { rx: 3 }));
    drawn.over.append(drawn.marks[drawn.marks.length - 1]);
  }
  drawn.marks.forEach((node, k) => {
    setHidden(node, !rects[k]);
    if (!rects[k]) return;
    setAttribute(node, "class", `sheet-mark ${rects[k][0]}`);
    showRect(node, rects[k][1], rects[k][0] === "pinned" ? -1 : 0.5);
  });
}

/** Cells that fill a rectangle, as that rectangle; others one by one. */
function blocksOf(cells) {
  if (cells.length === 0) return [];
  const [rows, columns] = [cells.map(({ row }) => row), cells.map(({ column }) => column)];
  const [row, column] = [Math.min(...rows), Math.min(...columns)];
  const block = { row, column, rows: Math.max(...rows) - row + 1, columns: Math.max(...columns) - column + 1 };
  if (block.rows * block.columns === cells.length) return [block];
  return cells.map((cell) => ({ ...cell, rows: 1, columns: 1 }));
}

/** Where a place stands in the picture, or null. */
export function rectOf(ctx, drawnSheets, place) {
  const found = findCell(ctx, place);
  const drawn = found && drawnSheets.find(({ sheet }) => sheet === found.sheet);
  return drawn ? cellRect(drawn, found.row, found.column) : null;
}
