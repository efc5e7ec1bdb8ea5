// All sheets of a scene in reading order: one picture, one cursor, arrows over them.
import { htmlNode, svgNode, setAttribute } from "./svg.js";
import { say } from "./symbols.js";
import { wordWidth } from "./strips.js";
import { makeArrows } from "./arrows.js";
import { placeSheets } from "./sheetgrid.js";
import { cellUnder, drawSheet, makeSheet } from "./sheet.js";
import { cellPlace, cellVisible, shownName } from "./sheetfacts.js";
import { drawClosed, isCompact, openStage } from "./sheetclosed.js";
import { followCursor, limitZoom, makeView, panView, viewOf, zoomView } from "./sheetview.js";

const HATCH_STEP = 5;
const DRAG_LEAST = 4;

/** @param {object} ctx the player's context */
export function makeSheets(ctx) {
  const picture = svgNode("svg", { class: "sheet-picture", role: "img" });
  const node = htmlNode("div", { class: "sheets" }, picture);
  const arrows = makeArrows(ctx);
  const sheets = { node, picture, arrows, drawn: [], view: makeView(), pointers: new Map(), drag: null, told() {} };
  listenSheets(ctx, sheets);
  return {
    node,
    picture,
    sheets,
    resize: (width) => buildSheets(ctx, sheets, width),
    draw: () => drawSheets(ctx, sheets),
    mark: () => drawSheets(ctx, sheets),
    flow(within) {
      arrows.flow(sheets.drawn, within);
      showStage(ctx, sheets);
    },
    still: () => arrows.clear(),
    zoom: (by, about) => zoomSheets(ctx, sheets, by, about),
    /** Calls `told` whenever the zoom has changed. */
    onZoom(told) {
      sheets.told = told;
    },
    zooms: () => sheets.view.most > 1,
    zoomed: () => sheets.view.zoom,
    most: () => sheets.view.most,
  };
}

/** Where the picture is taller than the screen, the stage that the reader went to comes into view. */
function showStage(ctx, { drawn }) {
  const { substep, auto, reduced } = ctx.state;
  const now = substep === null || auto ? null : drawn.find(({ sheet }) => sheet.stage === substep);
  if (!now) return;
  requestAnimationFrame(() => now.group.scrollIntoView({
    block: "nearest", inline: "nearest", behavior: reduced ? "auto" : "smooth",
  }));
}

/** What is written over the arrow that leads to a sheet: words of the scene, or a word's key. */
function joinWord(ctx, { node }) {
  return node.join ? ctx.word(node.join) : "";
}

/** Where one stage is open at a time, another one asks for another picture. */
const openOf = (ctx, width) => (isCompact(width) ? openStage(ctx) : null);

function buildSheets(ctx, sheets, width) {
  const { picture, node, arrows } = sheets;
  const open = openOf(ctx, width);
  if (sheets.width === width && sheets.open === open) return;
  Object.assign(sheets, { width, open });
  const grid = placeSheets(ctx, width, (sheet) => joinWord(ctx, sheet), (sheet) => wordWidth(ctx.word(sheet.node.label)));
  const hatchId = `${ctx.brokenId}-hatch`;
  sheets.drawn = grid.placed.map((placed) => makeSheet(ctx, placed, `url(#${hatchId})`));
  limitZoom(sheets.view, grid.placed);
  for (const [name, value] of Object.entries({ width: grid.width, height: grid.height, viewBox: `0 0 ${grid.width} ${grid.height}` })) {
    setAttribute(picture, name, value);
  }
  setAttribute(picture, "aria-label", say(ctx.words, "sheet.picture", { n: ctx.sheets.sheets.length }));
  picture.replaceChildren(patterns(ctx, hatchId), arrows.ribbons, ...sheets.drawn.map(({ group }) => group), arrows.asked);
  node.replaceChildren(...sheets.drawn.map(({ heat }) => heat?.canvas).filter(Boolean), picture);
  node.style.height = `${grid.height}px`;
}

function patterns(ctx, hatchId) {
  const size = { width: HATCH_STEP, height: HATCH_STEP, patternUnits: "userSpaceOnUse" };
  const line = (d, opacity) => svgNode("path", { d, stroke: ctx.palette.ink, "stroke-opacity": opacity, fill: "none" });
  return svgNode(
    "defs",
    {},
    svgNode("pattern", { id: hatchId, ...size }, line("M-1 1L1 -1M0 5L5 0M4 6L6 4", 0.24)),
    svgNode("pattern", { id: ctx.brokenId, ...size }, line("M0 5L5 0M0 0L5 5", 0.6)),
  );
}

function drawSheets(ctx, sheets, follow = true) {
  if (sheets.drawn.length === 0) return;
  if (sheets.open !== openOf(ctx, sheets.width)) buildSheets(ctx, sheets, sheets.width);
  if (follow && !sheets.drag) followCursor(ctx, sheets.view);
  for (const drawn of sheets.drawn) {
    drawn.view = drawn.closed ? drawClosed(ctx, drawn) : viewOf(sheets.view, drawn);
    drawSheet(ctx, drawn);
  }
  sheets.arrows.draw(sheets.drawn);
}

function listenSheets(ctx, sheets) {
  const { node } = sheets;
  node.addEventListener("pointermove", (event) => moved(ctx, sheets, event));
  node.addEventListener("pointerdown", (event) => pressed(ctx, sheets, event));
  for (const kind of ["pointerup", "pointercancel"]) node.addEventListener(kind, (event) => released(sheets, event));
  node.addEventListener("pointerleave", () => {
    ctx.hoverToken(null);
    ctx.hover(null);
  });
  node.addEventListener("click", (event) => clicked(ctx, sheets, event));
  node.addEventListener("touchmove", (event) => {
    if (event.cancelable && (sheets.drag || sheets.pointers.size > 1)) event.preventDefault();
  }, { passive: false });
  node.addEventListener("wheel", (event) => wheeled(ctx, sheets, event), { passive: false });
}

function zoomSheets(ctx, sheets, by, about) {
  if (!zoomView(ctx, sheets.view, by, about)) return;
  drawSheets(ctx, sheets, false);
  sheets.told();
}

/** The point of an event in the picture, whatever the page is zoomed to. */
function sheetPoint({ node }, event) {
  const box = node.getBoundingClientRect();
  const scale = box.width / (node.offsetWidth || 1);
  return { x: (event.clientX - box.left) / scale, y: (event.clientY - box.top) / scale };
}

/** The cell under an event, with its place; null where there is none or it is hidden. */
function cellAt(ctx, sheets, event) {
  const point = sheetPoint(sheets, event);
  for (const drawn of sheets.drawn) {
    const cell = drawn.view && cellUnder(drawn, point);
    if (!cell) continue;
    if (!cellVisible(ctx, drawn.sheet, cell.row)) return null;
    return { ...cell, drawn, sheet: drawn.sheet, place: cellPlace(drawn.sheet, shownName(ctx, drawn.sheet), cell.row, cell.column) };
  }
  return null;
}

function labelAt(event) {
  const [side, index] = (event.target.closest?.("[data-label]")?.dataset.label ?? "").split(" ");
  return index === undefined || side === "class" ? null : { side, index: Number(index) };
}

function moved(ctx, sheets, event) {
  if (sheets.pointers.has(event.pointerId)) sheets.pointers.set(event.pointerId, sheetPoint(sheets, event));
  if (sheets.pointers.size === 2) pinched(ctx, sheets);
  else if (sheets.drag) dragged(ctx, sheets, event);
  if (sheets.drag?.moved || sheets.pointers.size === 2) return;
  ctx.hoverToken(labelAt(event));
  ctx.hover(cellAt(ctx, sheets, event)?.place ?? null);
}

function pressed(ctx, sheets, event) {
  if (event.button !== 0) return;
  sheets.pointers.set(event.pointerId, sheetPoint(sheets, event));
  sheets.spread = null;
  const cell = sheets.view.zoom > 1 ? cellAt(ctx, sheets, event) : null;
  sheets.drag = cell && !cell.drawn.closed ? { from: sheetPoint(sheets, event), cell, moved: false } : null;
}

function released(sheets, event) {
  sheets.pointers.delete(event.pointerId);
  sheets.dropped = Boolean(sheets.drag?.moved);
  sheets.drag = null;
}

function dragged(ctx, sheets, event) {
  const { drag, view, node } = sheets;
  const at = sheetPoint(sheets, event);
  const [dx, dy] = [at.x - drag.from.x, at.y - drag.from.y];
  if (!drag.moved && Math.hypot(dx, dy) < DRAG_LEAST) return;
  if (!drag.moved) node.setPointerCapture(event.pointerId);
  drag.moved = true;
  const { sheet, drawn } = drag.cell;
  const rows = -dy / drawn.view.line;
  const columns = sheet.columns === "key" ? -dx / drawn.view.cell : 0;
  const byKey = sheet.rows === "key" ? rows : columns;
  if (panView(ctx, view, sheet.rows === "query" ? rows : 0, byKey)) drawSheets(ctx, sheets, false);
  drag.from = at;
}

/** Two fingers: apart is in, together is out. */
function pinched(ctx, sheets) {
  const [a, b] = [...sheets.pointers.values()];
  const spread = Math.hypot(a.x - b.x, a.y - b.y);
  sheets.spread ??= spread;
  const ratio = spread / Math.max(1, sheets.spread);
  if (ratio < 1.5 && ratio > 0.67) return;
  sheets.spread = spread;
  zoomSheets(ctx, sheets, ratio > 1 ? 1 : -1);
}

/** Ctrl and the wheel, as a pinch on a touchpad sends it, zooms; the wheel alone scrolls the page. */
function wheeled(ctx, sheets, event) {
  if (sheets.view.most === 1 || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  const now = event.timeStamp;
  if (now - (sheets.wheeled ?? 0) < 120) return;
  sheets.wheeled = now;
  const cell = cellAt(ctx, sheets, event);
  const about = { query: ctx.state.t, key: 0 };
  if (cell?.sheet.rows === "query") about.query = cell.row;
  about.key = cell?.sheet.columns === "key" ? cell.column : cell?.sheet.rows === "key" ? cell.row : about.key;
  zoomSheets(ctx, sheets, event.deltaY < 0 ? 1 : -1, cell ? about : undefined);
}

function clicked(ctx, sheets, event) {
  if (sheets.dropped) {
    sheets.dropped = false;
    return;
  }
  const label = labelAt(event);
  if (label) {
    ctx.chooseToken(label);
    return;
  }
  const stage = event.target.closest?.("[data-open]")?.dataset.open;
  if (stage !== undefined) {
    ctx.goSubstep(Number(stage));
    return;
  }
  const cell = cellAt(ctx, sheets, event);
  if (!cell) return;
  const { sheet, row, column, place } = cell;
  const t = sheet.rows === "query" ? row : null;
  const unit = sheet.rows === "key" ? row : column;
  ctx.act({ type: "ask", place, t, unit });
}
