// The forms of one drawing with its controls above and the inspector beside it: points of the
// plane that the reader moves, and positions that turn like hands of a clock.
import { htmlNode, setHidden } from "./svg.js";
import { makeFoot, makeModes, makeTransport } from "./controls.js";
import { makeInspector } from "./inspector.js";
import { makeSave } from "./save.js";
import { drawingNode, planeNumbers } from "./planesave.js";
import { makePlane } from "./plane.js";
import { makeTurner } from "./turner.js";
import { makeClocks } from "./clocks.js";

const PLANE_HINTS = [
  ["⠿", "hint.drag"],
  ["Tab", "hint.tab"],
  ["← → ↑ ↓", "hint.nudge"],
  ["← →", "hint.stage_of"],
  ["Space", "hint.turn"],
  ["Enter", "hint.pin"],
  ["Esc", "hint.release"],
];
const CLOCK_HINTS = [
  ["← →", "hint.step"],
  ["Space", "hint.play"],
  ["Enter", "hint.pin"],
  ["Esc", "hint.release"],
];

const PLANE = {
  name: "plane",
  drawn: ["drawing", "transport", "modes"],
  marked: ["drawing"],
  make: (ctx) => makeDrawing(ctx, makePlane(ctx), makeTurner(ctx), PLANE_HINTS, () => planeNumbers(ctx)),
  arrange: arrangeDrawing,
  measure: (parts) => parts.drawing.build(Math.floor(parts.stage.clientWidth)),
  animate: (parts, within) => parts.drawing.animate(within),
  still: (parts) => parts.drawing.stop(),
  toggleEquations() {},
};

const CLOCKS = {
  ...PLANE,
  make: (ctx) => makeDrawing(ctx, makeClocks(ctx), makeTransport(ctx), CLOCK_HINTS),
};

/** The form of a scene whose nodes stand in the plane, or null. */
export function planeFormOf(scene) {
  const kinds = new Set(scene.layout.nodes.map(({ kind }) => kind));
  if (kinds.has("plane")) return PLANE;
  return kinds.has("clock") ? CLOCKS : null;
}

function makeDrawing(ctx, drawing, transport, hints, numbers) {
  const parts = { drawing, transport, modes: makeModes(ctx), inspector: makeInspector(ctx) };
  parts.sentence = htmlNode("p", { class: "sentence", "aria-hidden": "true" });
  parts.stage = htmlNode("div", { class: "stage" }, drawing.node);
  parts.save = makeSave(ctx, () => drawingNode(ctx, drawing.node, parts.sentence.textContent), numbers);
  parts.foot = makeFoot(ctx, parts.save, hints);
  setHidden(parts.modes.substeps, ctx.model.scene.substeps.length === 0);
  return parts;
}

function arrangeDrawing(parts) {
  return [
    htmlNode("div", { class: "bar" }, parts.transport.node, parts.modes.substeps),
    parts.sentence,
    htmlNode("div", { class: "middle" }, parts.stage, parts.inspector.node),
    parts.foot,
  ];
}
