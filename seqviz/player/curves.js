// Curves of a score: one number a step of every model, in one plot. Models differ in dash and
// mark, never in hue: the hue is the quantity.
import { htmlNode, svgNode, setAttribute, setText } from "./svg.js";
import { BAND, bandOf, logRatios } from "./gradient.js";
import { percent, precise } from "./digits.js";
import { groupLetter, plainName, say } from "./symbols.js";

const HEIGHT_LOG = 140;
const HEIGHT_SHARE = 120;
const EDGE = 10;
const FLOOR_LOG = -8;
const TOP_LOG = 3;
const LIMITS_LOG = [-14, 6];
const DASHES = { a: "", b: "7 4", c: "1.5 3.5" };
const ENDS_APART = 13;
const MARK_LEAST = 13;
const SECOND = { known_hc: "h,c", dc_norm: "c" };

/**
 * @param {object} ctx the player's context
 * @param {{name: string, scale: "share"|"log", tensors: string[], chance?: number,
 *   noise?: number, tested?: number, loss?: string}} track
 */
export function makeCurves(ctx, track) {
  const key = track.scale === "log" ? `${track.name}_${track.loss}` : track.name;
  const title = htmlNode("span", { class: "track-title" }, ctx.word(`track.${key}`));
  const reading = htmlNode("span", { class: "curve-reading small muted" });
  const svg = svgNode("svg", { class: "curve-plot", role: "img", "aria-label": ctx.word(`track.${key}`) });
  const about = say(ctx.words, `track.${key}_about`, {
    chance: percent(track.chance ?? 0), tested: track.tested ?? 0,
  });
  const node = htmlNode(
    "figure",
    { class: "score-part curves", "data-part": track.name },
    htmlNode("figcaption", {}, title, reading),
    svg,
    htmlNode("p", { class: "muted small curve-about" }, about),
  );
  const plot = { track, node, svg, reading, series: [], grid: null };
  return {
    node,
    place: (event, t) => curvePlace(plot, event, t),
    resize: (grid) => paintCurves(ctx, plot, grid),
    draw: () => drawReading(ctx, plot),
  };
}

/** What is drawn of a tensor: its share, or log10 of its size against the reference step. */
function curveSeries(ctx, track) {
  const several = new Map();
  for (const name of track.tensors) {
    const { group } = ctx.model.tensor(name);
    several.set(group, (several.get(group) ?? 0) + 1);
  }
  return track.tensors.map((name) => {
    const tensor = ctx.model.tensor(name);
    const values = Array.from({ length: ctx.model.steps }, (_, t) => ctx.model.number(name, t, 0));
    const second = SECOND[plainName(tensor)];
    const letter = groupLetter(tensor.group);
    return {
      name,
      group: tensor.group,
      role: tensor.role,
      second: Boolean(second),
      label: several.get(tensor.group) > 1 ? `${letter} ${second ?? "h"}` : letter,
      values,
      heights: track.scale === "log" ? logRatios(values, track.loss) : values,
    };
  });
}

function paintCurves(ctx, plot, grid) {
  const { track, svg } = plot;
  const height = track.scale === "log" ? HEIGHT_LOG : HEIGHT_SHARE;
  const width = grid.names + grid.plot + grid.ends;
  plot.series = curveSeries(ctx, track);
  plot.grid = grid;
  const known = plot.series.flatMap(({ heights }) => heights).filter(Number.isFinite);
  const [least, most] = LIMITS_LOG;
  const low = track.scale === "log" ? Math.max(least, Math.min(FLOOR_LOG, ...known.map(Math.floor))) : 0;
  const high = track.scale === "log" ? Math.min(most, Math.max(TOP_LOG, ...known.map(Math.ceil))) : 1;
  plot.y = (value) => {
    const inside = Math.min(high, Math.max(low, value));
    return EDGE + ((high - inside) / (high - low)) * (height - 2 * EDGE);
  };
  plot.x = (t) => grid.names + (t + 0.5) * grid.column;
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) {
    setAttribute(svg, name, value);
  }
  const ground = track.scale === "log" ? logGround(ctx, plot, low, high) : shareGround(ctx, plot);
  const ends = spread(plot.series.map((series) => plot.y(lastFinite(series.heights))));
  svg.replaceChildren(
    ...ground,
    ...plot.series.flatMap((series, k) => curveNodes(ctx, plot, series, ends[k])),
  );
  drawReading(ctx, plot);
}

function lastFinite(heights) {
  return heights.reduce((last, height) => (Number.isNaN(height) ? last : height), 0);
}

/** The same places, none nearer to another than a line of text. */
function spread(places) {
  const order = places.map((_, k) => k).sort((a, b) => places[a] - places[b]);
  const moved = places.slice();
  order.forEach((k, rank) => {
    if (rank > 0) moved[k] = Math.max(moved[k], moved[order[rank - 1]] + ENDS_APART);
  });
  const over = Math.max(0, ...moved) - Math.max(0, ...places);
  return moved.map((place) => place - over / 2);
}

function tickNodes(plot, value, text, kind = "tick") {
  const { grid, y } = plot;
  const line = { class: kind, x1: grid.names, x2: grid.names + grid.plot, y1: y(value), y2: y(value) };
  const label = { class: "tick-label", x: grid.names - 6, y: y(value) + 3.5 };
  return [svgNode("line", line), svgNode("text", label, ...text)];
}

function groundBand(plot, { name, from, to, word }) {
  const { grid, y } = plot;
  const top = y(from);
  const height = y(to) - top;
  const rect = { class: `band band-${name}`, x: grid.names, y: top, width: grid.plot, height };
  const nodes = [svgNode("rect", rect)];
  if (!grid.small) {
    nodes.push(svgNode("text", { class: "band-label", x: 0, y: top + height / 2 + 3.5 }, word));
  }
  return nodes;
}

function logGround(ctx, plot, low, high) {
  const edges = [["exploding", high, BAND.exploding], ["alive", BAND.exploding, BAND.shrinking],
    ["shrinking", BAND.shrinking, BAND.zero], ["zero", BAND.zero, low]];
  const word = (name) => ctx.word(`gradient.${name}`);
  return [
    ...edges.flatMap(([name, from, to]) => groundBand(plot, { name, from, to, word: word(name) })),
    ...[BAND.exploding, 0, BAND.shrinking, BAND.zero, low].flatMap((exponent) =>
      tickNodes(plot, exponent, tenTo(exponent, exponent === low), exponent === 0 ? "tick one" : "tick")),
  ];
}

function tenTo(exponent, floor) {
  if (exponent === 0) return ["1"];
  const power = svgNode("tspan", { dy: -3.5, class: "high" }, String(exponent).replace("-", "−"));
  return [floor ? "≤10" : "10", power];
}

const shareText = ({ grid }, share) => `${percent(share)}${grid.small ? "" : " "}%`;

function shareGround(ctx, plot) {
  const { chance, noise } = plot.track;
  const band = { name: "alive", from: chance + noise, to: chance - noise, word: ctx.word("score.guessing") };
  return [
    ...groundBand(plot, band),
    ...tickNodes(plot, 1, [shareText(plot, 1)]),
    ...tickNodes(plot, 0, [shareText(plot, 0)]),
    ...tickNodes(plot, chance, [shareText(plot, chance)], "tick one"),
  ];
}

/** A line, a mark at each step where there is room, and at the right end its letter. */
function curveNodes(ctx, plot, { group, role, second, label, heights }, end) {
  const { x, y, grid } = plot;
  const colour = ctx.palette.text(role);
  const points = heights.map((height, t) => ({ height, x: x(t), y: y(Number.isNaN(height) ? 0 : height) }))
    .filter(({ height }) => !Number.isNaN(height));
  const d = points.map((p, k) => `${k ? "L" : "M"}${p.x.toFixed(1)} ${p.y.toFixed(1)}`).join("");
  const line = svgNode("path", {
    class: `curve-line${second ? " second" : ""}`, d, stroke: colour, "stroke-dasharray": DASHES[group] || null,
  });
  const marks = grid.column >= MARK_LEAST && !second
    ? points.map((p) => markNode(group, p.x, p.y, colour))
    : [];
  const right = grid.names + grid.plot;
  const last = points[points.length - 1];
  const leader = last
    ? [svgNode("path", { class: "curve-leader", d: `M${last.x + 5} ${last.y}L${right + 5} ${end}`, stroke: colour })]
    : [];
  const text = svgNode("text", { class: "curve-end", x: right + 8, y: end + 4 }, label);
  text.style.fill = colour;
  return [...leader, line, ...marks, text];
}

function markNode(group, x, y, fill) {
  if (group === "a") return svgNode("circle", { cx: x, cy: y, r: 3, fill });
  if (group === "b") return svgNode("rect", { x: x - 2.8, y: y - 2.8, width: 5.6, height: 5.6, fill });
  return svgNode("path", { d: `M${x} ${y - 3.8}l3.6 6.4h-7.2Z`, fill });
}

function drawReading(ctx, plot) {
  const { track, series, reading } = plot;
  const { looked } = ctx;
  const at = looked && track.tensors.includes(looked.name) ? looked.t : ctx.state.t;
  const values = series.map(({ label, values: numbers, heights }) => {
    if (track.scale === "share") return `${label} ${percent(numbers[at])} %`;
    return `${label} ${precise(10 ** heights[at], 2)} (${ctx.word(`gradient.${bandOf(heights[at])}`)})`;
  });
  setText(reading, [say(ctx.words, "gradient.at", { t: at + 1 }), ...values].join("  "));
}

/** The curve nearest to the pointer at this step. */
function curvePlace({ svg, series, y }, event, t) {
  if (!svg.contains(event.target)) return null;
  const box = svg.getBoundingClientRect();
  const scale = box.height / Number(svg.getAttribute("height"));
  const at = (event.clientY - box.top) / scale;
  const far = ({ heights }) => Math.abs(y(Number.isNaN(heights[t]) ? 0 : heights[t]) - at);
  const nearest = series.reduce((best, one) => (far(one) < far(best) ? one : best));
  return { name: nearest.name, t, index: 0 };
}
