// The two forms of the screen: one cell as a picture of its steps, or several models as a score.
// A form says which parts there are, how they are arranged, and which are drawn when.
import { htmlNode, setHidden } from "./svg.js";
import { makeDiagram } from "./diagram.js";
import { makeFlow } from "./flow.js";
import { makePanels } from "./panels.js";
import { makeTokens } from "./tokens.js";
import { makeGradient } from "./gradient.js";
import { makeInspector } from "./inspector.js";
import { makeEquations } from "./equations.js";
import { makeFoot, makeModes, makeTransport } from "./controls.js";
import { makeSave, pictureNode, scoreNode } from "./save.js";
import { makeScore } from "./score.js";

const DIAGRAM_LEAST = 260;

const PICTURE = {
  name: "picture",
  drawn: ["diagram", "panels", "tokens", "gradient", "transport", "modes", "equations"],
  marked: ["diagram", "panels", "gradient"],
  make: makePicture,
  arrange: arrangePicture,
  measure(parts) {
    parts.diagram.build(Math.max(DIAGRAM_LEAST, Math.floor(parts.stage.clientWidth)));
    parts.panels.paint();
    parts.tokens.resize(Math.floor(parts.tokens.node.clientWidth));
    parts.gradient.paint(Math.floor(parts.gradient.node.clientWidth));
  },
  animate: (parts, within) => parts.flow.start(parts.diagram.wires(), within),
  still: (parts) => parts.flow.stop(),
  toggleEquations: (parts) => parts.equations.toggle(),
};

const SCORE = {
  name: "score",
  drawn: ["score", "transport", "modes"],
  marked: ["score"],
  make: makeScoreParts,
  arrange: arrangeScore,
  measure: (parts) => parts.score.resize(Math.floor(parts.stage.clientWidth)),
  animate() {},
  still() {},
  toggleEquations() {},
};

/** The form that a scene asks for. */
export function formOf(scene) {
  return scene.groups?.length ? SCORE : PICTURE;
}

/** What every form has: where the reader is, what to show, and where a value came from. */
function commonParts(ctx) {
  return {
    transport: makeTransport(ctx),
    modes: makeModes(ctx),
    inspector: makeInspector(ctx),
    sentence: htmlNode("p", { class: "sentence", "aria-hidden": "true" }),
  };
}

function makePicture(ctx) {
  const parts = {
    ...commonParts(ctx),
    tokens: makeTokens(ctx),
    diagram: makeDiagram(ctx),
    panels: makePanels(ctx),
    gradient: makeGradient(ctx),
    equations: makeEquations(ctx),
    flow: makeFlow(ctx),
  };
  parts.tokens.build();
  parts.panels.build();
  parts.ghost = htmlNode("p", { class: "ghost-legend muted small" }, ctx.word("ghost.legend"));
  setHidden(parts.ghost, Object.keys(ctx.model.scene.ghost).length === 0);
  parts.stage = htmlNode("div", { class: "stage" }, parts.diagram.node);
  parts.save = makeSave(ctx, () => pictureNode(ctx, parts.diagram.node, parts.panels.node));
  parts.foot = makeFoot(ctx, parts.save);
  return parts;
}

function arrangePicture(parts) {
  return [
    htmlNode("div", { class: "top" }, parts.transport.node, parts.tokens.node),
    htmlNode("div", { class: "bar" }, parts.modes.substeps, parts.modes.node),
    parts.sentence,
    htmlNode("div", { class: "middle" }, parts.stage, parts.inspector.node),
    parts.ghost,
    parts.panels.node,
    parts.gradient.node,
    parts.equations.node,
    parts.foot,
  ];
}

function makeScoreParts(ctx) {
  const parts = { ...commonParts(ctx), score: makeScore(ctx) };
  parts.stage = htmlNode("div", { class: "stage" }, parts.score.node);
  parts.save = makeSave(ctx, () => scoreNode(ctx, parts.score.node));
  parts.foot = makeFoot(ctx, parts.save);
  return parts;
}

function arrangeScore(parts) {
  return [
    htmlNode("div", { class: "bar" }, parts.transport.node, parts.modes.node),
    parts.sentence,
    htmlNode("div", { class: "middle" }, parts.stage, parts.inspector.node),
    parts.foot,
  ];
}
