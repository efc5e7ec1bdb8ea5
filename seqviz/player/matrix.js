// A matrix of one step as a grid of cells: heat, and numbers where there is room for them.
import { svgNode, setAttribute, setText, setHidden, symbolSpans } from "./svg.js";
import { cellText, lowerOf, shownPlace } from "./strips.js";

const GRID_LINE = 19;
const GRID_COLUMN = 38;
const GRID_PRINT_LEAST = 27;
const GRID_NARROW = 33;
const GRID_HEAT = 152;
const GRID_PRINTED = 8;
const GRID_ROOM = 2;

/** One matrix of the layout; `place.room` is the width of one column of the layout. */
export function makeMatrix(ctx, node, place) {
  const [rows, columns] = ctx.model.shape(node.tensor);
  const few = rows <= GRID_PRINTED;
  const line = few ? GRID_LINE : GRID_HEAT / rows;
  const most = few && columns <= GRID_PRINTED / 2 ? GRID_COLUMN : line;
  const column = Math.min(most, (GRID_ROOM * place.room) / columns);
  const box = {
    x: place.x - (column * columns) / 2,
    y: place.y - (line * rows) / 2,
    width: column * columns,
    height: line * rows,
  };
  const matrix = { node, rows, columns, line, column, box, cells: [], marks: [] };
  const cells = svgNode("g", { class: "cells" });
  for (let k = 0; k < rows * columns; k += 1) cells.append(makeMatrixCell(matrix, k));
  const back = { x: box.x - 2, y: box.y - 2, width: box.width + 4, height: box.height + 4, rx: 4 };
  matrix.over = svgNode("g");
  const halves = ctx.model.scene.facts?.joint ? halvesOf(box) : "";
  matrix.group = svgNode(
    "g",
    { class: "strip matrix", "data-node": node.id },
    svgNode("rect", { class: "strip-back", ...back }),
    cells,
    svgNode("path", { d: halves, stroke: ctx.palette.ink, "stroke-opacity": 0.45, fill: "none" }),
    matrixLabel(ctx, matrix, place),
    matrix.over,
  );
  return matrix;
}

/** Lines between the two states that a joint matrix holds one beside the other. */
function halvesOf({ x, y, width, height }) {
  return `M${x + width / 2 - 0.5} ${y - 3}v${height + 5}M${x - 3} ${y + height / 2 - 0.5}h${width + 5}`;
}

function cellBox({ box, line, column, columns }, k) {
  const row = Math.floor(k / columns);
  const gap = Math.min(line, column) > 6 ? 1 : 0;
  return {
    x: box.x + (k % columns) * column,
    y: box.y + row * line,
    width: column - gap,
    height: line - gap,
  };
}

function makeMatrixCell(matrix, k) {
  const at = cellBox(matrix, k);
  const rect = svgNode("rect", { class: "cell", ...at, "data-unit": k });
  const cell = { rect, text: null, fill: "" };
  matrix.cells.push(cell);
  if (matrix.column < GRID_PRINT_LEAST || matrix.rows > GRID_PRINTED) return rect;
  const narrow = matrix.column < GRID_NARROW ? " narrow" : "";
  cell.text = svgNode(
    "text",
    { class: `cell-number${narrow}`, x: at.x + at.width / 2, y: at.y + at.height / 2 + 4 },
  );
  return svgNode("g", {}, rect, cell.text);
}

function matrixLabel(ctx, { node, box, rows, columns }, { roomy }) {
  const { role, symbol } = ctx.model.tensor(node.tensor);
  const y = box.y - 10;
  const name = svgNode("text", { class: "strip-symbol", x: box.x, y });
  name.style.fill = ctx.palette.text(role);
  name.append(...symbolSpans(symbol, lowerOf(ctx, node)));
  if (!roomy) return svgNode("g", {}, name);
  const size = svgNode(
    "text",
    { class: "strip-word", x: box.x + box.width, y, "text-anchor": "end" },
    `(${rows}×${columns})`,
  );
  return svgNode("g", {}, name, size);
}

/** Fills the cells with the values at the step of the cursor; blank where there are none. */
export function drawMatrix(ctx, matrix) {
  const place = shownPlace(ctx, matrix.node);
  matrix.place = place;
  const values = place ? ctx.model.value(place.name, place.t ?? 0) : null;
  const { role, scale } = ctx.model.tensor(matrix.node.tensor);
  const range = ctx.model.range(matrix.node.tensor);
  matrix.cells.forEach((cell, k) => {
    const value = values ? values[k] : 0;
    const broken = !Number.isFinite(value);
    const shade = broken ? null : ctx.palette.shade(role, scale, range, value);
    const fill = broken ? ctx.brokenFill : shade.fill;
    if (cell.fill !== fill) cell.rect.setAttribute("fill", fill);
    cell.fill = fill;
    if (!cell.text) return;
    setText(cell.text, values ? cellText(value, true) : "");
    setAttribute(cell.text, "fill", broken ? ctx.palette.ink : shade.ink);
  });
  drawMatrixMarks(ctx, matrix);
}

function drawMatrixMarks(ctx, matrix) {
  const { place } = matrix;
  const here = ({ name, t }) => place && name === place.name && t === place.t;
  const marked = ctx.marked.filter(here);
  while (matrix.marks.length < marked.length) {
    const frame = svgNode("rect", { rx: 3 });
    const group = svgNode("g", {}, frame);
    matrix.marks.push({ group, frame });
    matrix.over.append(group);
  }
  matrix.marks.forEach(({ group, frame }, k) => {
    const mark = marked[k];
    setHidden(group, !mark);
    if (!mark) return;
    setAttribute(group, "class", `mark ${mark.kind}`);
    for (const [name, value] of Object.entries(cellBox(matrix, mark.index))) {
      setAttribute(frame, name, value);
    }
  });
}
