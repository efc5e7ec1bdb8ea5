// Attention in the plane: one query among its keys, the bars, and the blend of the values.
import { setAttribute, setText, svgNode } from "./svg.js";
import { say } from "./symbols.js";
import { reachOf } from "./points.js";
import { makeField } from "./field.js";
import { listenHandles, placeOfPoint } from "./handles.js";
import { makeBars } from "./planebars.js";
import { makeKeys, readingOf } from "./planekeys.js";
import { makeValues } from "./planevalues.js";
import { makeTurning } from "./turner.js";
import { rowLabel } from "./planerows.js";

const NARROW = 600;
const FIELD_HEAD = 24;
const FIELD_BELOW = 26;
const TALLEST = 380;
const STAGES = { project: "keys", temper: "scaled", softmax: "weights", blend: "values" };

/** The tensors of a plane by the part they play in it. */
function partsOfPlane(scene) {
  const named = (part) => scene.layout.nodes.filter((node) => node.part === part).map(({ tensor }) => tensor);
  const [scores, scaled, weights] = named("bars");
  const [query, keys, values, context] = ["query", "keys", "values", "blend"].map((part) => named(part)[0]);
  return { query, keys, values, context, scores, scaled, weights };
}

/** @param {object} ctx the player's context */
export function makePlane(ctx) {
  const names = partsOfPlane(ctx.model.scene);
  ctx.pointCalled = (name, row) => pointCalled(ctx, names, name, row);
  const node = svgNode("svg", { class: "diagram plane", role: "group", "aria-label": ctx.word("plane.label") });
  const plane = { node, names, fields: {}, bars: null, keys: null, values: null, reading: null };
  const turning = makeTurning(ctx, names.query);
  listenHandles(ctx, node, (name) => plane.fields[name === names.values ? "values" : "keys"]);
  listenPlaces(ctx, node);
  return {
    node,
    build: (width) => build(ctx, plane, width),
    draw() {
      drawPlane(ctx, plane);
      turning.follow();
    },
    animate() {},
    stop: turning.stop,
  };
}

function pointCalled(ctx, names, name, row) {
  const part = Object.keys(names).find((key) => names[key] === name);
  const label = rowLabel(ctx.model, name, row);
  return { name, row, part, label, said: say(ctx.words, `plane.handle_${part}`, { name: label }) };
}

/** Three columns where there is room, else one under the other. */
function boxesOf(width, count) {
  if (width < NARROW) {
    const tall = Math.min(width, 300);
    const bars = 38 + 22 * count + 22;
    const keys = { x: 0.5, y: FIELD_HEAD, width: width - 1, height: tall };
    const middle = { x: 4, y: FIELD_HEAD + tall + FIELD_BELOW + 8, width: width - 8, height: bars, across: true };
    const values = { ...keys, y: middle.y + bars + FIELD_HEAD + 8, height: Math.round(tall * 0.8) };
    return { keys, bars: middle, values, height: values.y + values.height + 6 };
  }
  const gap = 22;
  const middle = Math.max(160, Math.min(230, width * 0.25));
  const side = Math.min(TALLEST, (width - middle - 2 * gap) / 2);
  const left = Math.max(0, (width - 2 * side - middle - 2 * gap) / 2);
  const keys = { x: left + 0.5, y: FIELD_HEAD, width: side - 1, height: side };
  const bars = { x: left + side + gap, y: 4, width: middle, height: side + FIELD_HEAD, across: false };
  const values = { ...keys, x: left + side + middle + 2 * gap };
  return { keys, bars, values, height: FIELD_HEAD + side + FIELD_BELOW };
}

/** Everything anew for a width; the handle that had the focus has it again. */
function build(ctx, plane, width) {
  const { node, names } = plane;
  const held = node.getRootNode().activeElement?.closest?.(".handle")?.dataset;
  const count = ctx.model.value(names.scores, 0).length;
  const boxes = boxesOf(width, count);
  const keys = makeField(boxes.keys, reachOf(ctx.model, names.keys), "keys");
  const values = makeField(boxes.values, reachOf(ctx.model, names.values), "values");
  Object.assign(plane, {
    fields: { keys, values },
    keys: makeKeys(ctx, keys, names),
    values: makeValues(ctx, values, names),
    bars: makeBars(ctx, boxes.bars, names),
    reading: svgNode("text", { class: "reading", x: boxes.keys.x, y: boxes.keys.y + boxes.keys.height + 18 }),
  });
  const height = Math.max(boxes.height, plane.bars.bottom);
  setAttribute(node, "width", width);
  setAttribute(node, "height", height);
  setAttribute(node, "viewBox", `0 0 ${width} ${height}`);
  const head = (box, word) => svgNode("text", { class: "bar-head", x: box.x, y: box.y - 9 }, ctx.word(word));
  keys.node.prepend(head(boxes.keys, "plane.keys_title"));
  values.node.prepend(head(boxes.values, "plane.values_title"));
  node.replaceChildren(keys.node, plane.reading, ...plane.bars.nodes, values.node);
  if (held) node.querySelector(`.handle[data-name="${held.name}"][data-row="${held.row}"]`)?.focus();
}

/** The key that is asked about: of the value explained, else the chosen one. */
function chosenKey(ctx, names, count) {
  const { name, index } = ctx.looked ?? {};
  const rows = [names.keys, names.values].includes(name);
  const asked = rows ? Math.floor(index / 2) : index;
  const ofKey = rows || [names.scores, names.scaled, names.weights].includes(name);
  return Math.min(count - 1, ofKey ? asked : ctx.state.unit);
}

function drawPlane(ctx, plane) {
  const { names, node } = plane;
  if (!plane.keys) return;
  const chosen = chosenKey(ctx, names, ctx.model.value(names.scores, 0).length);
  plane.keys.draw(chosen);
  plane.values.draw();
  plane.bars.draw(chosen);
  const called = rowLabel(ctx.model, names.keys, chosen);
  setText(plane.reading, say(ctx.words, "plane.reading", readingOf(ctx.model, names, chosen, called)));
  drawStage(ctx, plane);
  for (const marked of node.querySelectorAll(".marked")) marked.classList.remove("marked");
  for (const mark of ctx.marked) nodeOfMark(plane, mark)?.classList.add("marked");
}

/** At a sub-step, what it is not about steps back. */
function drawStage(ctx, { node, names, reading }) {
  const { substep } = ctx.state;
  const stage = substep === null ? null : STAGES[ctx.model.scene.substeps[substep].name];
  const lit = stage === "keys" ? ["keys", names.scores] : [stage];
  for (const part of node.querySelectorAll("[data-field], [data-stage]")) {
    const own = part.dataset.field ?? part.dataset.stage;
    part.classList.toggle("aside", stage !== null && !lit.includes(own));
  }
  reading.classList.toggle("aside", stage !== null && stage !== "keys");
}

function nodeOfMark({ names, keys, values, bars }, { name, index }) {
  const row = Math.floor(index / 2);
  if (name === names.query || name === names.keys) return keys.nodeOf(name, row);
  if (name === names.values || name === names.context) return values.nodeOf(name, row);
  return bars.rowOf(name, index);
}

/** Hovering and clicking ask where a number came from; a dragged point only moves. */
function listenPlaces(ctx, svg) {
  const placeAt = (event) => {
    const asked = event.target.closest("[data-place]");
    if (asked) {
      const [name, index] = asked.dataset.place.split(" ");
      return { name, t: 0, index: Number(index) };
    }
    const handle = event.target.closest(".handle");
    return handle && placeOfPoint(ctx.model, { name: handle.dataset.name, row: Number(handle.dataset.row) });
  };
  svg.addEventListener("pointermove", (event) => {
    if (!svg.classList.contains("dragging")) ctx.hover(placeAt(event));
  });
  svg.addEventListener("pointerleave", () => ctx.hover(null));
  svg.addEventListener("click", (event) => {
    const place = event.target.closest("[data-place]") && placeAt(event);
    if (place) ctx.choose(place);
  });
}
