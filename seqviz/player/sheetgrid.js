// Where the sheets stand: cell sizes and lines, from the numbers of rows and columns and the width.
import { wordWidth } from "./strips.js";
import { CLOSED_HEIGHT, inHalves, isCompact, openStage, placeClosed } from "./sheetclosed.js";
import { visibleToken } from "./symbols.js";
import { columnTokens, rowTokens } from "./sheetfacts.js";

export const SHEET_PRINTED = 8;
const CELL = { widest: 36, decimals: 31, narrow: 29, height: 22, low: 18 };
const HEAT = { tall: 248, feature: 100, least: 3.5, most: 16, featureMost: 12, featureLeast: 72 };
/**
 * From roomy to tight. Where even narrow numbers take many lines, wide features become colour;
 * where the weights would still stand below the second line, numbers move closer together,
 * unless that cost them a decimal.
 */
const LOOKS = [
  ...[1, 0.94, 0.88, 0.82].map((factor) => ({ factor, feature: null, least: CELL.narrow })),
  ...[12, 11, 10, 9].map((feature) => ({ factor: 0.8, feature, least: CELL.narrow })),
  ...[27, 26, 25, 24.5].map((least) => ({ factor: 0.68, feature: 9, least })),
];
const LINES_ENOUGH = 2;
const FEATURES_FEW = 4;
const TOP = 42;
const BOTTOM = 16;
const SHEET_GAP = 26;
const JOIN_ROOM = 12;
const SUM = 38;
const WORD_MOST = 150;
const LINE_GAP = 10;
const CAPTION_GAP = 10;
const LABEL_AGAIN = 700;
const SHEET_LETTER = 1.12;
const LABEL_ROOM_LEFT = 10;
const AXIS_LEAST_WIDTH = { query: 60, key: 52, class: 72 };
const LABEL_MOST = { wide: 84, small: 60 };
const SLANT = { most: 58, rise: 0.82 };

/**
 * @typedef {{sheet: import("./sheetfacts.js").Sheet, x: number, y: number, left: number,
 *   cell: number, line: number, width: number, height: number, printed: boolean,
 *   labelled: boolean, labels: number, slanted: boolean, join: string, closed?: boolean}} Placed
 *   x, y: the corner of the cells; left: where the sheet with its join begins; closed: one row
 * @typedef {{placed: Placed[], width: number, height: number}} SheetGrid
 */

/** Whether tokens that stand beside one another under their columns would touch. */
function crowded(columns, cell) {
  const widths = columns.map((token) => wordWidth(visibleToken(token)) * SHEET_LETTER);
  return widths.some((width, k) => width > cell + 6 || (k > 0 && (widths[k - 1] + width) / 2 + 3 > cell));
}

/** How wide the tokens of a list are, at most `most`. */
function tokensWidth(tokens, most) {
  return Math.min(most, Math.max(0, ...tokens.map((token) => wordWidth(visibleToken(token)) * SHEET_LETTER)) + LABEL_ROOM_LEFT);
}

/** Cell sizes of one sheet at a factor. */
function sizeSheet(ctx, sheet, look, line) {
  const { factor, feature } = look;
  const colour = feature !== null && sheet.columns === "feature" && sheet.width > FEATURES_FEW;
  const printed = !colour && sheet.height <= SHEET_PRINTED && sheet.width <= SHEET_PRINTED;
  const widest = numberWidth(look);
  if (printed) return { printed, cell: widest };
  const { keys } = ctx.sheets;
  if (sheet.columns === "key") {
    const cell = keys.length <= SHEET_PRINTED ? widest : Math.max(HEAT.least, Math.min(18, HEAT.tall / keys.length));
    return { printed, cell: cell * (keys.length <= SHEET_PRINTED ? 1 : factor) };
  }
  const cell = Math.max(2, Math.min(feature ?? HEAT.featureMost, HEAT.feature / sheet.width));
  return { printed, cell: Math.max(cell, sheet.width * cell < HEAT.featureLeast ? Math.min(18, HEAT.featureLeast / sheet.width) : 0), line };
}

function lineOf({ sheets }, { factor, feature }) {
  const rows = Math.max(...sheets.filter(({ rows }) => rows !== "none").map(({ height }) => height), 1);
  if (rows <= SHEET_PRINTED) return feature === null ? CELL.height : CELL.low;
  return Math.max(HEAT.least, Math.min(HEAT.most, HEAT.tall / rows)) * factor;
}

/** The places of all sheets in lines no wider than `width`. @returns {SheetGrid} */
export function placeSheets(ctx, width, joinText, wordOf) {
  let best = null;
  for (const look of LOOKS) {
    if (best && isEnough(best, look)) break;
    const found = { ...inLines(ctx, width, look, joinText, wordOf), cell: numberWidth(look) };
    if (!best || isBetter(found, best)) best = found;
  }
  return best;
}

/** Fewer lines are better, or weights in an earlier one where that costs no decimal. */
function isBetter(found, best) {
  if (found.lines !== best.lines) return found.lines < best.lines;
  return found.weights < best.weights && (found.cell > CELL.decimals || best.cell <= CELL.decimals);
}

/** Whether the lines are few enough not to try a tighter look. */
function isEnough({ lines, weights, cell }, { feature, least }) {
  if (feature !== null && lines <= LINES_ENOUGH) return true;
  return least < CELL.narrow && (weights <= LINES_ENOUGH || cell > CELL.decimals);
}

/** How wide the cell of a printed number is. */
const numberWidth = ({ factor, least }) => Math.max(least, CELL.widest * factor);

function inLines(ctx, width, look, joinText, wordOf) {
  const line = lineOf(ctx.sheets, look);
  const labelMost = width < 480 ? LABEL_MOST.small : LABEL_MOST.wide;
  const sized = ctx.sheets.sheets.map((sheet) => measureSheet(ctx, sheet, { look, line, labelMost, join: joinText(sheet) }));
  const gutter = Math.max(0, ...sized.map(({ labels }) => labels));
  const placed = [];
  let [x, y, lines, weights, tallest, named, labelEnd, caption] = [0, 0, 1, 0, 0, "", 0, 0];
  const open = isCompact(width) ? openStage(ctx) : null;
  let halved = false;
  for (const one of sized) {
    if (open !== null && one.sheet.stage !== open) {
      if (x > 0) [x, y, tallest, named, labelEnd, caption] = [0, y + tallest, 0, "", 0, 0];
      const half = inHalves(sized.length) ? Number(halved) : null;
      placed.push(placeClosed(one, half ? y - CLOSED_HEIGHT : y, width, half));
      if (!half) y += CLOSED_HEIGHT;
      halved = half === 0;
      continue;
    }
    halved = false;
    const fitted = fitWidth(one, width - gutter);
    const again = named !== one.tokens || x - labelEnd > LABEL_AGAIN;
    const beside = (one.join ? wordWidth(one.join) + JOIN_ROOM : SHEET_GAP) + (one.tokens && again ? one.labels : 0);
    const cells = fitted.width + (one.sheet.node.sum ? SUM : 0);
    const word = Math.min(wordOf(one.sheet), WORD_MOST);
    const next = Math.max(x + beside, caption);
    const first = x === 0 || next + Math.max(cells, word) > width;
    if (x > 0 && first) [x, y, lines, tallest] = [0, y + tallest, lines + 1, 0];
    if (one.sheet.node.sum) weights = lines;
    const labelled = Boolean(one.tokens) && (first || again);
    const at = first ? gutter : next;
    placed.push({ ...fitted, left: x, x: at, y: y + TOP, labelled, first });
    tallest = Math.max(tallest, TOP + one.height + one.below + LINE_GAP);
    [x, caption] = [at + cells + 8, at + word + CAPTION_GAP];
    if (labelled) [named, labelEnd] = [one.tokens, at];
  }
  return { placed, lines, weights, width, height: y + tallest };
}

/** What does not depend on where a sheet stands. */
function measureSheet(ctx, sheet, { look, line, labelMost, join }) {
  const { printed, cell } = sizeSheet(ctx, sheet, look, line);
  const rows = rowTokens(ctx, sheet);
  const columns = columnTokens(ctx, sheet);
  const slanted = Boolean(columns) && crowded(columns, cell);
  return {
    sheet, printed, cell, line, join, slanted,
    tokens: rows ? rows.join("\n") : "",
    labels: rows ? Math.max(AXIS_LEAST_WIDTH[sheet.columns === "class" ? "class" : sheet.rows], tokensWidth(rows, labelMost)) : 0,
    below: columns ? (slanted ? columnRise(columns) : BOTTOM) : 4,
    width: cell * sheet.width,
    height: line * sheet.height,
  };
}

/** A sheet that is wider than a line takes narrower cells. */
function fitWidth(one, room) {
  const width = Math.min(one.width, room - (one.sheet.node.sum ? SUM : 0));
  return { ...one, width, cell: width / one.sheet.width };
}

/** How far slanted labels reach below the cells. */
function columnRise(columns) {
  return tokensWidth(columns, SLANT.most) * SLANT.rise + 12;
}
