// A strip: the numbers of one tensor at one step, as little cells or, above eight, a heat column.
import { sizeOf } from "./values.js";
import { svgNode, setAttribute, setText, setHidden, symbolSpans } from "./svg.js";

export const PRINTED_MOST = 8;
const CELL_HEIGHT = 19;
const CELL_WIDTH = 36;
const HEAT_HEIGHT = 152;
const HEAT_WIDTH = 26;
const GHOST_STEP = 0.005;
const WORD_WIDTH = 6.2;
const SIDE_GAP = 9;
const GHOST_WIDTH = 30;
const SYMBOL_MOST = 6;

/** A number as it is printed in a cell: short, with a true minus; a `fine` one is never just 0. */
export function cellText(value, fine = false) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const tiny = fine && size !== 0 && size < 0.005;
  const text = tiny || size >= 9999.5 ? size.toExponential(0).replace("+", "") : shortest(size);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

function shortest(size) {
  if (size >= 99.95) return size.toFixed(0);
  return size.toFixed(size >= 9.995 ? 1 : 2);
}

/**
 * @param {object} ctx the player's context
 * @param {object} node a node of the scene's layout
 * @param {{x: number, y: number, room: number, roomy: boolean}} place
 */
export function makeStrip(ctx, node, place) {
  const rows = sizeOf(ctx.model.shape(node.tensor));
  const printed = rows <= PRINTED_MOST;
  const width = printed ? Math.min(CELL_WIDTH, place.room) : Math.min(HEAT_WIDTH, place.room);
  const line = printed ? CELL_HEIGHT : HEAT_HEIGHT / rows;
  const box = { x: place.x - width / 2, y: place.y - (line * rows) / 2, width, height: line * rows };
  const strip = { node, rows, printed, line, box, cells: [], marks: [], shown: undefined };
  const cells = svgNode("g", { class: "cells" });
  for (let unit = 0; unit < rows; unit += 1) cells.append(makeCell(strip, unit));
  strip.minus = svgNode("path", { class: "minus" });
  strip.frame = svgNode(
    "rect",
    { class: "unit-frame", width: width + 1, height: Math.max(line, 3), rx: 3 },
  );
  strip.over = svgNode("g");
  strip.label = stripLabel(ctx, strip, place);
  const outline = svgNode("rect", { class: "strip-back", ...inset(box, -2), rx: 4 });
  strip.group = svgNode(
    "g",
    { class: "strip", "data-node": node.id },
    outline, cells, strip.minus, strip.frame, strip.label, strip.over,
  );
  return strip;
}

function inset({ x, y, width, height }, by) {
  return { x: x + by, y: y + by, width: width - 2 * by, height: height - 2 * by };
}

function makeCell(strip, unit) {
  const { box, line, printed } = strip;
  const y = box.y + unit * line;
  const gap = printed ? 2 : line > 4 ? 1 : 0;
  const rect = svgNode("rect", {
    class: "cell", x: box.x, y: y + gap / 2, width: box.width, height: line - gap, rx: printed ? 3 : 0,
    "data-unit": unit,
  });
  const cell = { rect, text: null, ghost: null, fill: "" };
  strip.cells.push(cell);
  if (!printed) return rect;
  const baseline = y + line / 2 + 4;
  const narrow = box.width < 33 ? " narrow" : "";
  cell.text = svgNode("text", { class: `cell-number${narrow}`, x: box.x + box.width / 2, y: baseline });
  cell.ghost = svgNode("text", { class: "cell-ghost", x: box.x + box.width + 5, y: baseline });
  return svgNode("g", {}, rect, cell.text, cell.ghost);
}

/**
 * Symbol, word and size: beside the strip where there is room, else above it. A single number has its
 * symbol over its middle; a long one at the far right leaves the body of the cell alone, and one that
 * has no room above on a phone stands below.
 */
function stripLabel(ctx, strip, place) {
  const { node, box } = strip;
  const { role, symbol } = ctx.model.tensor(node.tensor);
  const ghosts = strip.printed && Object.keys(ctx.model.scene.ghost).length ? GHOST_WIDTH : 0;
  const gaps = { left: place.gaps.left - ghosts, right: place.gaps.right - ghosts };
  const word = ctx.labelWord(node) === symbol ? "" : ctx.labelWord(node);
  const beside = place.roomy && node.side === "left" && symbol.length <= SYMBOL_MOST;
  const side = beside ? sideOf(word, gaps) : "top";
  const apart = SIDE_GAP + ghosts;
  const under = !place.roomy && symbol.length > SYMBOL_MOST;
  const lone = place.roomy && !ctx.model.shape(node.tensor).length;
  const outside = node.x > ctx.model.scene.layout.columns - 1 && symbol.length > 2;
  const ended = !lone && !outside && (place.roomy || (node.side === "left" && symbol.length > 2));
  const x = {
    left: box.x - SIDE_GAP,
    right: box.x + box.width + apart,
    top: box.x + (lone || under ? box.width / 2 : ended ? box.width / 2 - 3 : 0),
  }[side];
  const above = under ? box.y + box.height + 16 : box.y - 8;
  const y = side === "top" ? above : box.y + box.height / 2 - 4;
  const over = lone || under ? "middle" : ended ? "end" : "start";
  const anchor = { left: "end", right: "start", top: over }[side];
  strip.badgeLeft = side === "right";
  strip.symbol = svgNode("text", { class: "strip-symbol", x, y, "text-anchor": anchor });
  strip.symbol.style.fill = ctx.palette.text(role);
  const line = (dx, dy, end, text) => svgNode(
    "text",
    { class: "strip-word", x: x + dx, y: y + dy, "text-anchor": end },
    text,
  );
  const size = lone || outside ? "" : `(${strip.rows})`;
  if (!place.roomy) return svgNode("g", {}, strip.symbol);
  if (side === "top") return svgNode("g", {}, strip.symbol, line(8, 0, "start", size));
  const fits = wordWidth(word) <= gaps[side];
  return svgNode(
    "g",
    {},
    strip.symbol,
    line(0, 16, anchor, fits ? word : size),
    fits ? line(0, 30, anchor, size) : null,
  );
}

/** About how wide a word is: a Hangul syllable or a CJK character is as wide as two letters. */
export function wordWidth(word) {
  return [...word].reduce((width, letter) => width + (letter > "\u1100" ? 2 : 1) * WORD_WIDTH, 0);
}

/** Left unless the word only fits at the right. */
function sideOf(word, gaps) {
  const length = wordWidth(word);
  return length > gaps.left && length <= gaps.right ? "right" : "left";
}

/** Which tensor a strip shows now, at which step; null while it is not computed yet. */
export function shownPlace(ctx, node) {
  const name = shownTensor(ctx, node);
  if (name === null) return null;
  const t = ctx.state.t + (node.shift || 0);
  if (t >= 0 && t < ctx.model.steps) return { name, t: ctx.model.stepped(name) ? t : null };
  const edge = node.edge;
  return edge ? { name: edge, t: ctx.model.stepped(edge) ? ctx.state.t : null } : null;
}

function shownTensor(ctx, node) {
  const { substep } = ctx.state;
  if (substep === null || substep === undefined || node.shift) return node.tensor;
  let shown = ctx.later.has(node.tensor) ? null : node.tensor;
  for (const { name, tensors } of ctx.model.scene.substeps.slice(0, substep + 1)) {
    if (node.stages && node.stages[name]) shown = node.stages[name];
    if (tensors.includes(node.tensor)) shown = node.tensor;
  }
  return shown;
}

export function drawStrip(ctx, strip) {
  const place = shownPlace(ctx, strip.node);
  strip.place = place;
  drawSymbol(ctx, strip, place);
  if (place === null) blankStrip(ctx, strip);
  else drawValues(ctx, strip, place);
  const hidden = place === null || strip.rows !== ctx.hiddenSize || ctx.state.unit >= strip.rows;
  setHidden(strip.frame, hidden);
  if (!hidden) {
    setAttribute(strip.frame, "x", strip.box.x - 0.5);
    setAttribute(strip.frame, "y", strip.box.y + ctx.state.unit * strip.line);
  }
  drawStripMarks(ctx, strip);
}

function drawValues(ctx, strip, place) {
  const { role, scale } = ctx.model.tensor(place.name);
  const range = ctx.model.range(place.name);
  const values = ctx.model.value(place.name, place.t ?? 0);
  const before = place.t === null || strip.node.shift ? null : ctx.model.scene.ghost[place.name];
  const ghosts = before ? ctx.model.value(before, place.t) : null;
  let minus = "";
  strip.cells.forEach((cell, unit) => {
    const value = values[unit];
    const broken = !Number.isFinite(value);
    const shade = broken ? null : ctx.palette.shade(role, scale, range, value);
    fillCell(cell, broken ? ctx.brokenFill : shade.fill);
    if (cell.text) {
      setText(cell.text, cellText(value, role === "gradient"));
      setAttribute(cell.text, "fill", broken ? ctx.palette.ink : shade.ink);
      cell.text.classList.toggle("broken", broken);
      setText(cell.ghost, ghosts && differs(ghosts[unit], value) ? cellText(ghosts[unit]) : "");
    } else if (value < 0 && strip.line >= 4) {
      const y = strip.box.y + (unit + 0.5) * strip.line;
      minus += `M${strip.box.x + strip.box.width / 2 - 3} ${y}h6`;
    }
  });
  if (!strip.printed) setAttribute(strip.minus, "d", minus);
}

function differs(before, value) {
  return !(Math.abs(before - value) < GHOST_STEP);
}

function fillCell(cell, fill) {
  if (cell.fill === fill) return;
  cell.rect.setAttribute("fill", fill);
  cell.fill = fill;
}

function blankStrip(ctx, strip) {
  strip.cells.forEach((cell) => blankCell(ctx, cell));
  setAttribute(strip.minus, "d", "");
}

function blankCell(ctx, cell) {
  fillCell(cell, ctx.palette.shade("given", "unit", 1, 0).fill);
  if (!cell.text) return;
  setText(cell.text, "");
  setText(cell.ghost, "");
}

function drawSymbol(ctx, strip, place) {
  const { node } = strip;
  const name = place && place.t !== null ? place.name : node.tensor;
  const key = `${name} ${place === null}`;
  if (strip.shown === key) return;
  strip.shown = key;
  const { symbol } = ctx.model.tensor(name);
  const lower = name === node.tensor ? lowerOf(ctx, node) : "";
  strip.symbol.replaceChildren(...symbolSpans(symbol, lower));
}

/** The time a strip's symbol wears: states always, others only when they are of another step. */
export function lowerOf(ctx, node) {
  if (node.shift > 0) return "t+1";
  if (!ctx.states.has(node.tensor)) return "";
  return node.shift ? "t−1" : "t";
}

function drawStripMarks(ctx, strip) {
  const { place } = strip;
  const here = ({ name, t, index }) => name === place.name && t === place.t && index < strip.rows;
  const marked = place ? ctx.marked.filter(here) : [];
  while (strip.marks.length < marked.length) {
    const mark = makeMark(strip);
    strip.marks.push(mark);
    strip.over.append(mark.group);
  }
  strip.marks.forEach((shown, k) => {
    const mark = marked[k];
    setHidden(shown.group, !mark);
    if (!mark) return;
    setAttribute(shown.group, "class", `mark ${mark.kind}`);
    setAttribute(shown.group, "transform", `translate(0 ${mark.index * strip.line})`);
    setText(shown.text, mark.rank ? String(mark.rank) : "");
    setHidden(shown.badge, !mark.rank);
  });
}

function makeMark(strip) {
  const { box, line } = strip;
  const height = Math.max(line, 5);
  const frame = svgNode("rect", {
    x: box.x - 1.5,
    y: box.y - (height - line) / 2 - 0.5,
    width: box.width + 3,
    height: height + 1,
    rx: 4,
  });
  const x = strip.badgeLeft ? box.x - 7 : box.x + box.width + 7;
  const badge = svgNode("circle", { cx: x, cy: box.y + line / 2, r: 6.5 });
  const text = svgNode("text", { x, y: box.y + line / 2 + 3.2 });
  return { group: svgNode("g", {}, frame, badge, text), badge, text };
}
