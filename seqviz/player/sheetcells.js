// The cells of a sheet: as little boxes with numbers, or as heat on a canvas.
import { svgNode, htmlNode, setAttribute, setHidden, setText } from "./svg.js";
import { penOf, scratchCanvas } from "./canvas.js";
import { CELL_FONTS, decimalsFor, isNarrow, numberIn } from "./cellnumbers.js";
import { parseColour } from "./colour.js";
import { ghostRow, hatchOf, rowValues, sheetRange, shownName } from "./sheetfacts.js";

const NUMBER_LEAST = { cell: 28, line: 14 };
const GAP_LEAST = 6;
const GHOST_CORNER = 9;
const GHOST_LEAST = 0.005;
const RAMP = 128;
const pixelRamps = new WeakMap();

/** A colour as one pixel of a canvas. */
function pixelOf(fill, alpha = 255) {
  const [r, g, b] = parseColour(fill).map((part) => Math.round(255 * part));
  return new Uint32Array(new Uint8Array([r, g, b, alpha]).buffer)[0];
}

/** The shades of a role as pixels: the positive ones, then the negative. */
function pixelRamp(palette, role) {
  if (!pixelRamps.has(palette)) pixelRamps.set(palette, new Map());
  const ramps = pixelRamps.get(palette);
  if (!ramps.has(role)) {
    const of = (sign) => Array.from({ length: RAMP }, (_, k) =>
      pixelOf(palette.shade(role, "unit", 1, (sign * k) / (RAMP - 1)).fill));
    ramps.set(role, Uint32Array.from([...of(1), ...of(-1)]));
  }
  return ramps.get(role);
}

/** Boxes with numbers. @param {import("./sheetgrid.js").Placed} placed */
export function makeBoxes(placed, hatchFill) {
  const { sheet, cell, line } = placed;
  const group = svgNode("g", { class: "sheet-cells" });
  const boxes = [];
  for (let row = 0; row < sheet.height; row += 1) {
    for (let column = 0; column < sheet.width; column += 1) {
      const x = placed.x + column * cell;
      const y = placed.y + row * line;
      const rect = svgNode("rect", {
        class: "cell", x: x + 0.75, y: y + 0.75, width: cell - 1.5, height: line - 1.5, rx: 3,
        "data-row": row, "data-column": column,
      });
      const text = svgNode("text", {
        class: `cell-number${isNarrow(cell) ? " narrow" : ""}`, x: x + cell / 2, y: y + line / 2 + 4,
      });
      const corner = `M${x + cell - 0.75} ${y + line - GHOST_CORNER}v${GHOST_CORNER - 0.75}h-${GHOST_CORNER - 0.75}z`;
      const ghost = svgNode("path", { class: "sheet-ghost", d: corner, hidden: "" });
      boxes.push({ rect, text, ghost, fill: "" });
      group.append(rect, ghost, text);
    }
  }
  return { group, boxes, hatchFill, cell };
}

/** Writes the numbers of the tensor that is shown into the boxes. */
export function fillBoxes(ctx, sheet, { boxes, hatchFill, cell }) {
  const name = shownName(ctx, sheet);
  const { role, scale } = ctx.model.tensor(name);
  const range = sheetRange(ctx, sheet);
  const decimals = decimalsFor(scale, cell);
  for (let row = 0; row < sheet.height; row += 1) {
    const values = rowValues(ctx, sheet, name, row);
    const allowed = hatchOf(ctx, sheet, row);
    const before = ghostRow(ctx, name, row);
    for (let column = 0; column < sheet.width; column += 1) {
      const box = boxes[row * sheet.width + column];
      const value = values[column];
      const hatched = allowed !== null && allowed[column] === 0;
      const broken = !hatched && !Number.isFinite(value);
      const shade = hatched || broken ? null : ctx.palette.shade(role, scale, range, value);
      const fill = hatched ? hatchFill : broken ? ctx.brokenFill : shade.fill;
      if (box.fill !== fill) box.rect.setAttribute("fill", fill);
      box.fill = fill;
      setText(box.text, hatched ? "" : numberIn(value, cell, decimals));
      setAttribute(box.text, "fill", shade ? shade.ink : ctx.palette.ink);
      const changed = before !== null && Math.abs(before[column] - value) > GHOST_LEAST;
      setHidden(box.ghost, !changed);
      if (changed) setAttribute(box.ghost, "fill", ctx.palette.shade(role, scale, range, before[column]).fill);
    }
  }
}

/** A canvas for heat, as large as the cells it stands under. */
export function makeHeat({ x, y, width, height }) {
  const canvas = htmlNode("canvas", { class: "sheet-heat" });
  Object.assign(canvas.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
  return { canvas, wide: width, tall: height };
}

/**
 * Paints the part of a sheet that is in view.
 * @param {{row: number, column: number, line: number, cell: number}} view  the first row and
 *   column in view, and how large a cell is
 */
export function paintHeat(ctx, sheet, { canvas, wide, tall }, view) {
  const name = shownName(ctx, sheet);
  const pen = penOf(canvas, wide, tall, Math.min(2, globalThis.devicePixelRatio || 1));
  const fine = Math.min(view.line, view.cell) < GAP_LEAST;
  const last = { width: wide, height: tall, row: Math.min(sheet.height, Math.ceil(view.row + tall / view.line)), column: Math.min(sheet.width, Math.ceil(view.column + wide / view.cell)) };
  if (fine && sheet.width > 1) paintFine(ctx, sheet, name, pen, view, last);
  else paintCoarse(ctx, sheet, name, pen, view, last);
}

/** Small cells: one pixel a cell, drawn larger without smoothing. */
function paintFine(ctx, sheet, name, pen, view, last) {
  const image = heatImage(ctx, name, {
    width: sheet.width,
    height: last.row - Math.floor(view.row),
    range: sheetRange(ctx, sheet),
    values: (row) => rowValues(ctx, sheet, name, row + Math.floor(view.row)),
    allowed: (row) => hatchOf(ctx, sheet, row + Math.floor(view.row)),
  });
  if (sheet.node.hatch) paintHatch(ctx, pen, { x: 0, y: 0, w: last.width, h: last.height });
  pen.imageSmoothingEnabled = false;
  const y = (Math.floor(view.row) - view.row) * view.line;
  pen.drawImage(image, -view.column * view.cell, y, sheet.width * view.cell, image.height * view.line);
}

/** One pixel a number, to be drawn at once; what may not be seen stays empty. */
export function heatImage(ctx, name, { width, height, range, values, allowed }) {
  const { role, scale } = ctx.model.tensor(name);
  const image = scratchCanvas(width, height);
  const pen = image.getContext("2d");
  const data = pen.createImageData(width, height);
  const pixels = new Uint32Array(data.data.buffer);
  const ramp = pixelRamp(ctx.palette, role);
  const broken = pixelOf(ctx.palette.ink);
  const unit = scale === "unit" ? 1 : 1 / (range || 1);
  for (let row = 0; row < height; row += 1) {
    const numbers = values(row);
    const seen = allowed(row);
    for (let column = 0; column < width; column += 1) {
      if (seen !== null && seen[column] === 0) continue;
      const value = numbers[column];
      const size = Math.round(Math.min(1, Math.abs(value) * unit) * (RAMP - 1));
      const place = value < 0 ? RAMP + size : size;
      pixels[row * width + column] = Number.isFinite(value) ? ramp[place] : broken;
    }
  }
  pen.putImageData(data, 0, 0);
  return image;
}

function paintCoarse(ctx, sheet, name, pen, view, last) {
  const { role, scale } = ctx.model.tensor(name);
  const range = sheetRange(ctx, sheet);
  const printed = ctx.state.level !== "flow" && view.cell >= NUMBER_LEAST.cell && view.line >= NUMBER_LEAST.line;
  const decimals = decimalsFor(scale, view.cell);
  const numberOf = (value) => (printed ? numberIn(value, view.cell, decimals) : null);
  const { size, spacing } = isNarrow(view.cell) ? CELL_FONTS.narrow : CELL_FONTS.roomy;
  pen.font = `${size}px ${getComputedStyle(pen.canvas).fontFamily}`;
  pen.letterSpacing = `${spacing}px`;
  pen.textAlign = "center";
  for (let row = Math.floor(view.row); row < last.row; row += 1) {
    const values = rowValues(ctx, sheet, name, row);
    const allowed = hatchOf(ctx, sheet, row);
    for (let column = Math.floor(view.column); column < last.column; column += 1) {
      const box = { x: (column - view.column) * view.cell, y: (row - view.row) * view.line, w: view.cell - 1, h: view.line - 1 };
      if (allowed !== null && allowed[column] === 0) paintHatch(ctx, pen, box);
      else paintValue(pen, box, values[column], ctx.palette, { role, scale, range }, numberOf(values[column]));
    }
  }
}

function paintValue(pen, { x, y, w, h }, value, palette, { role, scale, range }, text) {
  const shade = Number.isFinite(value) ? palette.shade(role, scale, range, value) : null;
  pen.fillStyle = shade ? shade.fill : palette.ink;
  pen.fillRect(x, y, w, h);
  pen.fillStyle = shade ? shade.ink : palette.paper;
  if (text !== null) pen.fillText(text, x + w / 2, y + h / 2 + 4);
  else if (value < 0 && w >= 5 && h >= 4) {
    pen.globalAlpha = 0.65;
    pen.fillRect(x + w / 2 - Math.min(6, w - 3) / 2, y + h / 2 - 0.5, Math.min(6, w - 3), 1);
    pen.globalAlpha = 1;
  }
}

/** Slanted lines: this may not be seen. */
export function paintHatch(ctx, pen, { x, y, w, h }) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, w, h);
  pen.clip();
  pen.strokeStyle = ctx.palette.ink;
  pen.globalAlpha = 0.22;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let k = -h; k < w; k += 5) {
    pen.moveTo(x + k, y + h);
    pen.lineTo(x + k + h, y);
  }
  pen.stroke();
  pen.restore();
}
