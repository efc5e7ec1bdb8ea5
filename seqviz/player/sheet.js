// One sheet of the picture: its caption, its cells, its tokens, and what the cursor does to it.
import { svgNode, setAttribute, setHidden, symbolSpans } from "./svg.js";
import { fillBoxes, makeBoxes, makeHeat, paintHeat } from "./sheetcells.js";
import { axisNames, drawLabels, drawScale, drawSums, makeColumnLabels, makeRowLabels, makeScale, makeSums, placeLabels } from "./sheetlabels.js";
import { wordWidth } from "./strips.js";
import { makeClosed } from "./sheetclosed.js";
import { cellVisible, cursorCell, findCell, headOf, placeCell, rowTokens, shownName } from "./sheetfacts.js";

const CAPTION = { symbol: 28, word: 12 };

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
  drawn.columnLabels = placed.closed ? [] : makeColumnLabels(ctx, placed);
  drawn.sums = sheet.node.sum && !placed.closed ? makeSums(placed) : null;
  drawn.veils = [];
  drawn.under = svgNode("g");
  drawn.token = [0, 1].map(() => svgNode("rect", { class: "sheet-token", rx: 3 }));
  drawn.frame = svgNode("rect", { class: "sheet-frame", rx: 4 });
  drawn.cursor = svgNode("rect", { class: "sheet-cursor", rx: 3 });
  drawn.over = svgNode("g");
  drawn.symbol = svgNode("text", { class: "sheet-symbol", x: placed.x, y: placed.y - CAPTION.symbol });
  drawn.scale = placed.closed ? null : makeScale(ctx, placed);
  drawn.row = placed.closed ? makeClosed(ctx, placed, drawn.symbol) : null;
  const around = drawn.row ? drawn.row.nodes
    : [drawn.symbol, captionWord(ctx, placed), drawn.scale, joinNode(placed), ...axisNames(ctx, placed)];
  drawn.group = svgNode(
    "g",
    { class: `sheet${placed.closed ? " closed" : ""}`, "data-sheet": sheet.node.id },
    drawn.row?.hit ?? svgNode("rect", { class: "sheet-hit", x: placed.x, y: placed.y, width: placed.width, height: placed.height }),
    ...around, drawn.cells?.group, drawn.sums?.group, drawn.under,
    ...drawn.rowLabels.map(({ text }) => text), ...drawn.columnLabels.map(({ text }) => text),
    ...drawn.token, drawn.frame, drawn.cursor, drawn.over,
  );
  return drawn;
}

function captionWord(ctx, { sheet, x, y }) {
  return svgNode("text", { class: "sheet-word", x, y: y - CAPTION.word }, ctx.word(sheet.node.label));
}

/** The operation that leads here: over an arrow before the cells, or in the gutter of a line. */
function joinNode({ join, x, y, left, labels, labelled, height, first }) {
  if (!join) return null;
  const to = first ? x - 12 : x - (labelled ? labels : 0) - 6;
  const from = first ? 0 : Math.max(left + 4, to - wordWidth(join) - 8);
  const at = first ? y - CAPTION.symbol + 7 : y + height / 2;
  return svgNode(
    "g",
    { class: "sheet-join" },
    svgNode("text", { x: first ? 0 : (from + to) / 2, y: at - 7, "text-anchor": first ? "start" : "middle" }, ...symbolSpans(join)),
    svgNode("path", { d: `M${from} ${at}H${to}m-4 -3.5l4 3.5l-4 3.5` }),
  );
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
  const part = `${view.row} ${view.column} ${view.line} ${view.cell}`;
  if (drawn.part !== part) placeLabels(drawn);
  drawn.part = part;
  const look = `${name} ${headOf(ctx)} ${ctx.generation} ${ctx.state.level} ${part}`;
  if (drawn.painted !== look) {
    drawn.painted = look;
    nameSheet(ctx, drawn, ctx.model.tensor(name));
    drawScale(ctx, drawn);
    if (drawn.cells) fillBoxes(ctx, sheet, drawn.cells);
    else paintHeat(ctx, sheet, drawn.heat, view);
  }
  drawSheetStage(ctx, drawn);
  drawSheetCursor(ctx, drawn);
  drawLabels(ctx, drawn);
  drawSums(ctx, drawn, name);
  drawSheetMarks(ctx, drawn, name);
}

function nameSheet(ctx, drawn, { name, symbol, role }) {
  if (drawn.named === name) return;
  drawn.named = name;
  drawn.symbol.replaceChildren(...symbolSpans(symbol));
  drawn.symbol.style.fill = ctx.palette.text(role);
}

function drawSheetStage(ctx, drawn) {
  const { substep, t, future } = ctx.state;
  const { sheet } = drawn;
  const when = substep === null ? "whole" : sheet.stage < substep ? "past" : sheet.stage === substep ? "now" : "later";
  setAttribute(drawn.group, "data-when", when);
  if (drawn.heat) drawn.heat.canvas.dataset.when = when;
  drawVeils(drawn, sheet.rows === "query" ? queryVeils(ctx, drawn, t, future === "hidden") : wholeVeil(ctx, sheet));
}

/** Rows that are not the subject step back; rows that the reader is to predict are closed. */
function queryVeils(ctx, { sheet }, t, hidden) {
  const name = shownName(ctx, sheet);
  const asked = ctx.marked.filter(({ kind }) => kind !== "pinned").map((mark) => placeCell(sheet, name, mark)?.row);
  const lit = new Set([t, ...asked.filter((row) => row !== undefined)]);
  const veils = [];
  for (let row = 0; row < sheet.height; row += 1) {
    const closed = hidden && !cellVisible(ctx, sheet, row);
    if (!closed && lit.has(row)) continue;
    const before = veils[veils.length - 1];
    if (before && before.row + before.rows === row && before.closed === closed) before.rows += 1;
    else veils.push({ row, rows: 1, closed });
  }
  return veils;
}

/** Keys and values are closed with the stage that makes them. */
function wholeVeil(ctx, sheet) {
  return cellVisible(ctx, sheet, 0) ? [] : [{ row: 0, rows: sheet.height, closed: true }];
}

function drawVeils(drawn, veils) {
  while (drawn.veils.length < veils.length) {
    drawn.veils.push(svgNode("rect"));
    drawn.under.append(drawn.veils[drawn.veils.length - 1]);
  }
  drawn.veils.forEach((node, k) => {
    const veil = veils[k];
    showRect(node, veil ? cellRect(drawn, veil.row, 0, veil.rows, drawn.sheet.width) : null, 0.5);
    if (veil) setAttribute(node, "class", veil.closed ? "sheet-veil closed" : "sheet-veil");
  });
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
