// Numbers that fit their cells: as many decimals as a whole sheet has room for, and no two touch.
import { fixed } from "./digits.js";
import { cellText } from "./strips.js";

/** Widths of what numbers are made of, in font sizes: those of a wide face, so that others fit. */
const GLYPHS = { "−": 0.84, ".": 0.32, "-": 0.37, "+": 0.84, e: 0.62 };
const DIGIT = 0.64;
const APART = 2;
const NARROW_BELOW = 35;
const LARGE = 99.95;
const POWERS = 9999.5;
export const CELL_FONTS = { roomy: { size: 11, spacing: 0 }, narrow: { size: 9.5, spacing: -0.2 } };

/** Whether numbers in cells of this width are set narrow. */
export const isNarrow = (cell) => cell < NARROW_BELOW;

/** Whether a printed number leaves a gap to its neighbours. */
function fits(text, cell) {
  const { size, spacing } = isNarrow(cell) ? CELL_FONTS.narrow : CELL_FONTS.roomy;
  const width = [...text].reduce((sum, letter) => sum + size * (GLYPHS[letter] ?? DIGIT) + spacing, 0);
  return width + APART <= cell;
}

/** How many decimals all numbers of a sheet have room for; shares of a whole have no minus. */
export function decimalsFor(scale, cell) {
  return fits(scale === "unit" ? "0.00" : "−0.00", cell) ? 2 : 1;
}

/** A number in a cell, shorter where it is large; "" where no form of it fits. */
export function numberIn(value, cell, decimals) {
  const size = Math.abs(value);
  const forms = decimals === 2 || !(size < LARGE) ? [cellText(value)] : [fixed(value, 1)];
  if (size < POWERS) forms.push(fixed(value, 1), fixed(value, 0));
  return forms.find((text) => fits(text, cell)) ?? "";
}
