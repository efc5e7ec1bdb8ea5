// What stands around the cells of a sheet: the tokens of its rows and columns, and its sums.
import { svgNode, setAttribute, setHidden, setText } from "./svg.js";
import { fixed } from "./digits.js";
import { say, visibleToken } from "./symbols.js";
import { wordWidth } from "./strips.js";
import { cellVisible, columnTokens, cursorCell, isScores, rowTokens, rowValues, sheetRange } from "./sheetfacts.js";

const SCALE_ABOVE = 28;
const LABEL_LINE = 12;
const LABEL_COLUMN = 13;
const SLANT_DEGREES = -55;

/** What the rows and the columns are, in the gutter of the row labels; candidates have it always. */
export function axisNames(ctx, { sheet, x, y, height, labelled, join }) {
  const name = (key, at) => svgNode("text", { class: "sheet-axis", x: x - 7, y: at, "text-anchor": "end" }, ctx.word(key));
  const along = { key: "sheet.axis_key", class: "sheet.axis_class" }[sheet.columns];
  const columns = along && (labelled || (join && sheet.columns === "class")) ? [name(along, y + height + 14)] : [];
  if (!labelled) return columns;
  const both = ctx.sheets.same && sheet.node.row;
  return [name(both ? "sheet.axis_tokens" : sheet.rows === "query" ? "sheet.axis_query" : "sheet.axis_keys", y - 7), ...columns];
}

/** Where it is said what full colour stands for: over scores that are colour alone. */
export function makeScale(ctx, { sheet, x, y, width, printed }) {
  if (printed || !isScores(ctx, sheet)) return null;
  return svgNode("text", { class: "sheet-axis", x: x + width, y: y - SCALE_ABOVE, "text-anchor": "end" });
}

/** "full ink ±24.8" */
export function drawScale(ctx, { sheet, scale }) {
  if (!scale) return;
  const end = sheetRange(ctx, sheet);
  setText(scale, say(ctx.words, "sheet.ink", { x: end < 100 ? end.toPrecision(3) : end.toFixed(0) }));
}

export function makeRowLabels(ctx, { sheet, x, y, line, labels }) {
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

export function makeColumnLabels(ctx, { sheet, x, y, cell, height, slanted }) {
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

export function makeSums({ sheet, x, y, width, line, printed }) {
  const texts = Array.from({ length: sheet.height }, (_, row) =>
    svgNode("text", { class: "sheet-sum", x: x + width + 8, y: y + (row + 0.5) * line + 4 }));
  const head = svgNode("text", { class: "sheet-sum head", x: x + width + 8, y: y - 6 }, "Σ");
  return { group: svgNode("g", {}, head, ...texts), texts, printed };
}

/** Whether a row with its middle `at` is in view, and not cut by what stands below. */
function inView(at, size, length) {
  return at > 0 && at < length - size / 2 + 0.5;
}

/** Labels stand where their rows and columns are in view now, as many as there is room for. */
export function placeLabels(drawn) {
  const { view, x, y, width, height, sheet } = drawn;
  drawn.rowEvery = Math.max(1, Math.ceil(LABEL_LINE / view.line));
  drawn.columnEvery = Math.max(1, Math.ceil((drawn.slanted ? LABEL_COLUMN : 1) / view.cell));
  for (const { row, text } of drawn.rowLabels) {
    const at = (row + 0.5 - view.row) * view.line;
    setAttribute(text, "y", y + at + 4);
    text.dataset.out = String(!inView(at, view.line, height));
  }
  for (const { column, slanted, text } of drawn.columnLabels) {
    const at = (column + 0.5 - view.column) * view.cell;
    text.dataset.out = String(at < 0 || at > width);
    if (slanted) setAttribute(text, "transform", `translate(${x + at + 4} ${y + height + 10}) rotate(${SLANT_DEGREES})`);
    else setAttribute(text, "x", x + at);
  }
  drawn.shape = `${sheet.height}×${sheet.width}`;
}

export function drawLabels(ctx, drawn) {
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
export function drawSums(ctx, drawn, name) {
  if (!drawn.sums) return;
  const { t } = ctx.state;
  drawn.sums.texts.forEach((text, row) => {
    const at = (row + 0.5 - drawn.view.row) * drawn.view.line;
    const roomy = drawn.sums.printed || drawn.view.line >= LABEL_LINE;
    const shown = (roomy || row === t) && cellVisible(ctx, drawn.sheet, row) && inView(at, drawn.view.line, drawn.height);
    setHidden(text, !shown);
    if (!shown) return;
    setAttribute(text, "y", drawn.y + at + 4);
    setText(text, fixed(rowValues(ctx, drawn.sheet, name, row).reduce((sum, value) => sum + value, 0)));
    setAttribute(text, "class", `sheet-sum${row === t ? " now" : ""}`);
  });
}
