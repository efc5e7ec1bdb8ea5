// Where the sheets stand: cell sizes and lines, from the numbers of rows and columns and the width.
import { wordWidth } from "./strips.js";
import { visibleToken } from "./symbols.js";
import { columnTokens, rowTokens } from "./sheetfacts.js";

export const SHEET_PRINTED = 8;
const CELL = { widest: 36, narrowest: 29, height: 22 };
const HEAT = { tall: 248, feature: 100, least: 3.5, most: 16, featureMost: 12 };
const FACTORS = [1, 0.94, 0.88, 0.82];
const TOP = 46;
const BOTTOM = 16;
const SHEET_GAP = 26;
const JOIN_ROOM = 24;
const SUM = 38;
const LABEL_AGAIN = 4;
const SHEET_LETTER = 1.12;
const LABEL_ROOM_LEFT = 10;
const AXIS_LEAST_WIDTH = { query: 54, key: 42 };
const LABEL_MOST = { wide: 84, small: 60 };
const SLANT = { most: 58, rise: 0.82 };

/**
 * @typedef {{sheet: import("./sheetfacts.js").Sheet, x: number, y: number, left: number,
 *   cell: number, line: number, width: number, height: number, printed: boolean,
 *   labelled: boolean, labels: number, slanted: boolean, join: string}} Placed
 *   x, y: the corner of the cells; left: where the sheet with its join begins
 * @typedef {{placed: Placed[], width: number, height: number}} SheetGrid
 */

/** How wide the tokens of a list are, at most `most`. */
function tokensWidth(tokens, most) {
  return Math.min(most, Math.max(0, ...tokens.map((token) => wordWidth(visibleToken(token)) * SHEET_LETTER)) + LABEL_ROOM_LEFT);
}

/** Cell sizes of one sheet at a factor. */
function sizeSheet(ctx, sheet, factor, line) {
  const printed = sheet.height <= SHEET_PRINTED && sheet.width <= SHEET_PRINTED;
  const widest = Math.max(CELL.narrowest, CELL.widest * factor);
  if (printed) return { printed, cell: widest };
  const { keys } = ctx.sheets;
  if (sheet.columns === "key") {
    const cell = keys.length <= SHEET_PRINTED ? widest : Math.max(HEAT.least, Math.min(18, HEAT.tall / keys.length));
    return { printed, cell: cell * (keys.length <= SHEET_PRINTED ? 1 : factor) };
  }
  const cell = Math.max(2, Math.min(HEAT.featureMost, HEAT.feature / sheet.width));
  return { printed, cell: Math.max(cell, sheet.width * cell < 44 ? 44 / sheet.width : 0), line };
}

function lineOf({ sheets }, factor) {
  const rows = Math.max(...sheets.filter(({ rows }) => rows !== "none").map(({ height }) => height), 1);
  if (rows <= SHEET_PRINTED) return CELL.height;
  return Math.max(HEAT.least, Math.min(HEAT.most, HEAT.tall / rows)) * factor;
}

/** The places of all sheets in lines no wider than `width`. @returns {SheetGrid} */
export function placeSheets(ctx, width, joinText, wordOf) {
  let best = null;
  for (const factor of FACTORS) {
    const found = inLines(ctx, width, factor, joinText, wordOf);
    if (!best || found.lines < best.lines) best = found;
  }
  return best;
}

function inLines(ctx, width, factor, joinText, wordOf) {
  const line = lineOf(ctx.sheets, factor);
  const labelMost = width < 480 ? LABEL_MOST.small : LABEL_MOST.wide;
  const placed = [];
  let [x, y, lines, tallest, before, named, since] = [0, 0, 1, 0, null, "", 0];
  for (const sheet of ctx.sheets.sheets) {
    const { printed, cell } = sizeSheet(ctx, sheet, factor, line);
    const join = joinText(sheet);
    const tokens = rowTokens(ctx, sheet);
    const labels = tokens ? Math.max(AXIS_LEAST_WIDTH[sheet.rows], tokensWidth(tokens, labelMost)) : 0;
    const columns = columnTokens(ctx, sheet);
    const slanted = Boolean(columns) && tokensWidth(columns, 400) > cell + 6;
    const one = { sheet, printed, cell, line, join, labels, slanted };
    one.width = Math.min(cell * sheet.width, width - labels - (sheet.node.sum ? SUM : 0));
    one.cell = one.width / sheet.width;
    one.height = line * sheet.height;
    const joined = join ? wordWidth(join) + JOIN_ROOM : before ? SHEET_GAP : 0;
    const measure = (first) => {
      const again = first || named !== tokens?.join("\n") || since >= LABEL_AGAIN;
      const labelled = Boolean(tokens) && again;
      const lead = (first ? Math.min(joined, width - one.width - labels - 4) : joined) + (labelled ? labels : 0);
      const slot = Math.max(one.width, Math.min(wordOf(sheet), 150, Math.max(one.width, width - lead)));
      return { labelled, lead, total: lead + slot + (sheet.node.sum ? SUM : 0) };
    };
    let { labelled, lead, total } = measure(x === 0);
    if (x > 0 && x + total > width) {
      [x, y, lines] = [0, y + tallest, lines + 1];
      tallest = 0;
      ({ labelled, lead, total } = measure(true));
    }
    Object.assign(one, { left: x, x: x + Math.max(0, lead), y: y + TOP, labelled });
    placed.push(one);
    const below = columns ? (slanted ? columnRise(columns) : BOTTOM) : 6;
    tallest = Math.max(tallest, TOP + one.height + below + 16);
    x += total + 8;
    before = sheet;
    [named, since] = labelled ? [tokens.join("\n"), 1] : [named, since + 1];
  }
  return { placed, lines, width, height: y + tallest };
}

/** How far slanted labels reach below the cells. */
function columnRise(columns) {
  return tokensWidth(columns, SLANT.most) * SLANT.rise + 12;
}
