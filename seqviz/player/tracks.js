// Strips of a score: one quantity of every model that has it, under each other, on one scale.
import { sizeOf } from "./values.js";
import { penOf } from "./canvas.js";
import { htmlNode, setHidden, symbolNode } from "./svg.js";
import { cellText } from "./strips.js";
import { drawMarks, paintCell } from "./panels.js";
import { rowName } from "./rows.js";
import { say } from "./symbols.js";

const NUMBERS_MOST = 8;
const NUMBERS_COLUMN = 38;
const NUMBER_LINE = 17;
const TRACK_HEIGHT = 72;
const LINE_MOST = 11;

/**
 * @param {object} ctx the player's context
 * @param {{name: string, tensors: string[]}} track
 */
export function makeStrips(ctx, track) {
  const strips = track.tensors.map((name) => makeHeatRow(ctx, name));
  const title = htmlNode("span", { class: "track-title" }, ctx.word(`track.${track.name}`));
  title.style.color = ctx.palette.text(ctx.model.tensor(track.tensors[0]).role);
  const range = htmlNode("span", { class: "muted small" }, scaleWord(ctx, track));
  const node = htmlNode(
    "figure",
    { class: "score-part", "data-part": track.name },
    htmlNode("figcaption", {}, title, range),
    ...strips.map((strip) => strip.node),
  );
  return {
    node,
    place: (event, t) => stripPlace(strips, event, t),
    resize: (grid) => strips.forEach((strip) => paintStrip(ctx, strip, grid)),
    draw: () => strips.forEach((strip) => drawHeatRow(ctx, strip)),
  };
}

/** "one scale for all: ±0.93": what the darkest shade stands for. */
function scaleWord(ctx, { tensors }) {
  const unit = ctx.model.tensor(tensors[0]).scale === "unit";
  const range = unit ? "0…1" : `±${ctx.short(ctx.model.range(tensors[0]))}`;
  return say(ctx.words, tensors.length > 1 ? "score.scale" : "score.scale_one", { range });
}

function makeHeatRow(ctx, name) {
  const tensor = ctx.model.tensor(name);
  const canvas = htmlNode("canvas");
  const row = htmlNode("div", { class: "row-mark" });
  const marks = htmlNode("div", { class: "marks" });
  const plot = htmlNode("div", { class: "plot", "data-panel": name }, canvas, row, marks);
  const called = rowName(ctx, tensor.group, symbolNode(tensor.symbol));
  const node = htmlNode("div", { class: "score-row" }, called, plot);
  return { name, node, plot, canvas, row, marks, boxes: [], rows: sizeOf(ctx.model.shape(name)) };
}

function paintStrip(ctx, strip, grid) {
  const numbers = strip.rows <= NUMBERS_MOST && grid.column >= NUMBERS_COLUMN;
  const line = numbers ? NUMBER_LINE : Math.min(LINE_MOST, TRACK_HEIGHT / strip.rows);
  const height = Math.round(line * strip.rows);
  Object.assign(strip, { column: grid.column, line: height / strip.rows, width: grid.plot });
  strip.plot.style.width = `${grid.plot}px`;
  strip.plot.style.height = `${height}px`;
  const density = globalThis.devicePixelRatio || 1;
  const pen = penOf(strip.canvas, grid.plot, height, density);
  pen.font = `11px ${getComputedStyle(strip.plot).fontFamily}`;
  pen.textAlign = "center";
  for (let t = 0; t < ctx.model.steps; t += 1) {
    const values = ctx.model.value(strip.name, t);
    values.forEach((value, unit) => {
      if (numbers && Number.isFinite(value)) paintNumber(ctx, strip, pen, t, unit, value);
      else paintCell(ctx, strip, pen, t, unit, value);
    });
  }
}

function paintNumber(ctx, { name, column, line }, pen, t, unit, value) {
  const { role, scale } = ctx.model.tensor(name);
  const shade = ctx.palette.shade(role, scale, ctx.model.range(name), value);
  pen.fillStyle = shade.fill;
  pen.fillRect(t * column + 0.5, unit * line + 0.5, column - 1, line - 1);
  pen.fillStyle = shade.ink;
  pen.fillText(cellText(value), (t + 0.5) * column, (unit + 0.5) * line + 4);
}

function drawHeatRow(ctx, strip) {
  if (!strip.width) return;
  const { unit } = ctx.state;
  setHidden(strip.row, unit >= strip.rows);
  strip.row.style.transform = `translateY(${unit * strip.line}px)`;
  strip.row.style.height = `${strip.line}px`;
  drawMarks(ctx, strip);
}

function stripPlace(strips, event, t) {
  const strip = strips.find(({ plot }) => plot.contains(event.target));
  if (!strip) return null;
  const box = strip.plot.getBoundingClientRect();
  const index = Math.floor(((event.clientY - box.top) / box.height) * strip.rows);
  return index >= 0 && index < strip.rows ? { name: strip.name, t, index } : null;
}
