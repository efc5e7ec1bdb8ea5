// On a small screen a stage that is not open is one line: its name, whose row it is, that row.
import { svgNode, setText } from "./svg.js";
import { visibleToken } from "./symbols.js";
import { wordWidth } from "./strips.js";
import { cursorCell, rowTokens } from "./sheetfacts.js";

export const CLOSED_HEIGHT = 36;
const COMPACT_BELOW = 536;
const CLOSED_STRIP = { share: 0.34, most: 150, height: 16 };
const CLOSED_AT = { mark: 2, symbol: 16, word: 78, apart: 10, end: 3 };
const IN_HALVES = { more: 11, gap: 14, word: 50 };
const LETTERS_SHOWN = 5;

/** The stage that is open where only one is: the cursor's, or the weights' of the whole picture. */
export function openStage({ state, sheets }) {
  return state.substep ?? (sheets.weights ?? sheets.sheets[sheets.sheets.length - 1]).stage;
}

/** Whether a picture of this width shows one stage at a time. */
export const isCompact = (width) => width < COMPACT_BELOW;

/** Whether closed sheets are so many that two of them share a line. */
export const inHalves = (sheets) => sheets > IN_HALVES.more;

/** Where the line of a closed sheet stands, or its half (0, 1); its cells are one row of the sheet. */
export function placeClosed(measured, y, width, half = null) {
  const across = half === null ? width : (width - IN_HALVES.gap) / 2;
  const left = half ? across + IN_HALVES.gap : 0;
  const strip = Math.min(CLOSED_STRIP.most, Math.round(across * CLOSED_STRIP.share));
  const { sheet } = measured;
  return {
    ...measured, closed: true, printed: false, labelled: false, slanted: false, first: true, join: "",
    left, x: left + across - strip - CLOSED_AT.end, y: y + (CLOSED_HEIGHT - CLOSED_STRIP.height) / 2, width: strip, height: CLOSED_STRIP.height,
    cell: strip / sheet.width, line: CLOSED_STRIP.height, across, word: half === null ? CLOSED_AT.word : IN_HALVES.word,
  };
}

/** What stands around that row: a line that is pressed to open the stage. */
export function makeClosed(ctx, { sheet, left, x, y, across, word: at }, symbol) {
  const top = y - (CLOSED_HEIGHT - CLOSED_STRIP.height) / 2;
  const base = top + CLOSED_HEIGHT / 2 + 4.5;
  for (const [name, value] of Object.entries({ x: left + CLOSED_AT.symbol, y: base })) symbol.setAttribute(name, value);
  const word = ctx.word(sheet.node.label);
  const token = svgNode("text", { class: "sheet-whose", x: x - CLOSED_AT.apart + 3, y: base, "text-anchor": "end" });
  const room = x - left - at - CLOSED_AT.apart - wordWidth(word);
  return {
    nodes: [
      svgNode("path", { class: "sheet-rule", d: `M${left} ${top + CLOSED_HEIGHT}h${across}` }),
      svgNode("path", { class: "sheet-mark-open", d: `M${left + CLOSED_AT.mark} ${base - 9}l5 5l-5 5` }),
      symbol,
      svgNode("text", { class: "sheet-word", x: left + at, y: base }, room < -CLOSED_AT.apart ? "" : word),
      token,
    ],
    hit: svgNode("rect", { class: "sheet-hit", "data-open": sheet.stage, x: left, y: top, width: across, height: CLOSED_HEIGHT }),
    token,
    room: room - CLOSED_AT.apart,
  };
}

/** The row of the cursor is in view, and said to be whose. */
export function drawClosed(ctx, { sheet, cell, line, row }) {
  const own = sheet.node.stage === "x" && ctx.sheets.same;
  const at = own ? ctx.state.t : cursorCell(ctx, sheet).row;
  const whose = visibleToken(rowTokens(ctx, sheet)?.[at] ?? "");
  const short = [...whose].length > LETTERS_SHOWN + 1 ? `${[...whose].slice(0, LETTERS_SHOWN).join("")}…` : whose;
  setText(row.token, wordWidth(short) < row.room ? short : "");
  return { row: at, column: 0, line, cell };
}
