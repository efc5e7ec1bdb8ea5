// Wires: drawn between the borders of what they join, as thick as what they carry.
import { svgNode, setAttribute, setHidden, roundedPath } from "./svg.js";

const THIN = 1.5;
const THICK = 5;
const ARROW = 6;
const CORNER = 10;
const GAP = 4;

/**
 * @param {object} ctx the player's context
 * @param {object} wire a wire of the scene's layout
 * @param {number[][]} points in pixels
 * @param {{from: object, to: object}} ends boxes of the nodes at both ends
 */
export function makeWire(ctx, wire, points, ends) {
  const clipped = clipEnds(points, ends);
  const tip = wire.arrow ? shorten(clipped, ARROW - 1) : clipped;
  const d = roundedPath(tip, CORNER);
  const line = svgNode("path", { class: "wire-line", d });
  const pulse = svgNode("path", { class: "wire-pulse", d, pathLength: 100, hidden: "" });
  const hit = svgNode("path", { class: "wire-hit", d });
  const head = wire.arrow ? svgNode("path", { class: "wire-head", d: arrowHead(clipped) }) : null;
  const title = svgNode("title");
  const group = svgNode("g", { class: "wire", "data-view": wire.view }, line, head, pulse, hit, title);
  const made = { wire, group, line, head, pulse, length: lengthOf(tip), size: 0 };
  hit.addEventListener("pointerenter", () => title.replaceChildren(wireWords(ctx, made)));
  return made;
}

function wireWords(ctx, { wire, mean }) {
  const tensor = ctx.model.tensor(wire.carries);
  return `${tensor.symbol.replace(/_/g, "")}: ${ctx.word("wire.mean")} ${ctx.short(mean)}`;
}

/** Width and colour follow the mean |value| that the wire carries at this step. */
export function drawWire(ctx, made) {
  const { wire } = made;
  setHidden(made.group, wire.view !== "both" && wire.view !== ctx.state.view);
  const { mean, size } = wireSize(ctx, wire);
  made.mean = mean;
  if (made.size === size && made.dark === ctx.palette) return;
  made.size = size;
  made.dark = ctx.palette;
  const role = wire.role === "given" ? ctx.model.tensor(wire.carries).role : wire.role;
  const colour = ctx.palette.shade(role, "unit", 1, 0.3 + 0.7 * size).fill;
  setAttribute(made.line, "stroke", colour);
  setAttribute(made.line, "stroke-width", (THIN + (THICK - THIN) * size).toFixed(2));
  setAttribute(made.pulse, "stroke", ctx.palette.line(role));
  setAttribute(made.pulse, "stroke-width", (THIN + 2.5 + (THICK - THIN) * size).toFixed(2));
  if (made.head) setAttribute(made.head, "fill", colour);
}

function wireSize(ctx, wire) {
  const { model, state } = ctx;
  const name = wire.carries;
  if (!name) return { mean: 0, size: 0.5 };
  const t = state.t + (wire.shift || 0);
  const values = t >= 0 && t < model.steps ? model.value(name, t) : edgeValues(ctx, name);
  if (!values) return { mean: 0, size: 0 };
  let total = 0;
  for (const value of values) total += Math.abs(value);
  const mean = total / (values.length || 1);
  const range = model.tensor(name).scale === "unit" ? 1 : model.range(name) || 1;
  const size = Number.isFinite(mean) ? Math.min(1, mean / range) : 1;
  return { mean, size };
}

function edgeValues(ctx, name) {
  const node = ctx.model.scene.layout.nodes.find((n) => n.tensor === name && n.edge);
  return node ? ctx.model.value(node.edge, 0) : null;
}

/** A polyline without the parts that lie inside the boxes at its two ends. */
export function clipEnds(points, { from, to }) {
  const forward = clipStart(points, from);
  return clipStart(forward.slice().reverse(), to).reverse();
}

function clipStart(points, box) {
  if (!box) return points;
  let first = 0;
  while (first < points.length - 2 && inside(points[first + 1], box)) first += 1;
  const [a, b] = [points[first], points[first + 1]];
  return [leaving(a, b, box), ...points.slice(first + 1)];
}

function inside([x, y], { x: left, y: top, width, height }) {
  return x > left - GAP && x < left + width + GAP && y > top - GAP && y < top + height + GAP;
}

function leaving(a, b, box) {
  if (!inside(a, box)) return a;
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const reach = (from, by, low, high) => (by === 0 ? Infinity : ((by > 0 ? high : low) - from) / by);
  const alongX = reach(a[0], dx, box.x - GAP, box.x + box.width + GAP);
  const alongY = reach(a[1], dy, box.y - GAP, box.y + box.height + GAP);
  const part = Math.min(alongX, alongY, 1);
  return [a[0] + dx * part, a[1] + dy * part];
}

function shorten(points, by) {
  const end = points[points.length - 1];
  const before = points[points.length - 2];
  const length = Math.hypot(end[0] - before[0], end[1] - before[1]) || 1;
  const part = Math.min(1, by / length);
  const moved = [end[0] - (end[0] - before[0]) * part, end[1] - (end[1] - before[1]) * part];
  return [...points.slice(0, -1), moved];
}

function arrowHead(points) {
  const [x, y] = points[points.length - 1];
  const [bx, by] = points[points.length - 2];
  const length = Math.hypot(x - bx, y - by) || 1;
  const [ux, uy] = [(x - bx) / length, (y - by) / length];
  const base = [x - ux * ARROW, y - uy * ARROW];
  const half = ARROW * 0.62;
  const left = [base[0] - uy * half, base[1] + ux * half];
  const right = [base[0] + uy * half, base[1] - ux * half];
  return `M${x} ${y}L${left.join(" ")}L${right.join(" ")}Z`;
}

function lengthOf(points) {
  return points.slice(1).reduce(
    (sum, [x, y], k) => sum + Math.hypot(x - points[k][0], y - points[k][1]),
    0,
  );
}
