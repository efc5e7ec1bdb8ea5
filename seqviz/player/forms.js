// The forms of the screen: one cell as a picture of its steps, several models as a score, or the
// matrices of attention as sheets.
// A form says which parts there are, how they are arranged, and which are drawn when. `measure`
// gives the widths it found; where nothing that decides them has changed it is handed them again.
// `renew` is called instead of `make` where nothing but numbers has changed; `measure` follows both.
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
import { planeFormOf } from "./planeform.js";
import { makeSheets } from "./sheets.js";
import { makeMaps } from "./maps.js";
import { makeZoomBar } from "./zoombar.js";
import { sheetNumbers, sheetsNode } from "./sheetsave.js";

const DIAGRAM_LEAST = 260;
const SHEETS_LEAST = 240;

const PICTURE = {
  name: "picture",
  drawn: ["diagram", "panels", "tokens", "gradient", "transport", "modes", "equations"],
  marked: ["diagram", "panels", "gradient"],
  make: makePicture,
  renew: (parts) => parts.tokens.renew(),
  arrange: arrangePicture,
  measure(parts, known) {
    const widths = known ?? {
      stage: parts.stage.clientWidth,
      panels: parts.panels.widths(),
      tokens: parts.tokens.node.clientWidth,
      gradient: parts.gradient.node.clientWidth,
    };
    parts.diagram.build(Math.max(DIAGRAM_LEAST, Math.floor(widths.stage)));
    parts.panels.paint(widths.panels);
    parts.tokens.resize(Math.floor(widths.tokens));
    parts.gradient.paint(Math.floor(widths.gradient));
    return widths;
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
  measure(parts, known) {
    const widths = known ?? { stage: parts.stage.clientWidth };
    parts.score.resize(Math.floor(widths.stage));
    return widths;
  },
  animate() {},
  still() {},
  toggleEquations() {},
};

const SHEETS = {
  name: "sheets",
  drawn: ["sheets", "maps", "tokens", "transport", "modes", "zoom"],
  marked: ["sheets"],
  make: makeSheetParts,
  renew: (parts) => parts.tokens.renew(),
  arrange: arrangeSheets,
  measure(parts, known) {
    parts.transport.draw();
    const widths = known ?? {
      tokens: parts.tokens.node.clientWidth,
      maps: parts.maps.node.clientWidth,
      stage: parts.stage.clientWidth,
    };
    parts.tokens.resize(Math.floor(widths.tokens));
    parts.maps.resize(Math.floor(widths.maps));
    parts.sheets.resize(Math.max(SHEETS_LEAST, Math.floor(widths.stage)));
    return widths;
  },
  animate: (parts, within) => parts.sheets.flow(within),
  still: (parts) => parts.sheets.still(),
  toggleEquations() {},
};

/** The form that a scene asks for. */
export function formOf(scene) {
  if (scene.layout.nodes.some(({ kind }) => kind === "sheet")) return SHEETS;
  return planeFormOf(scene) ?? (scene.groups?.length ? SCORE : PICTURE);
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

/** How the run before a change is drawn; hidden where nothing was changed. */
function ghostLegend(ctx, word) {
  const legend = htmlNode("p", { class: "ghost-legend muted small" }, ctx.word(word));
  setHidden(legend, Object.keys(ctx.model.scene.ghost ?? {}).length === 0);
  return legend;
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
  parts.ghost = ghostLegend(ctx, "ghost.legend");
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

function makeSheetParts(ctx) {
  const parts = { ...commonParts(ctx), tokens: makeTokens(ctx), maps: makeMaps(ctx), sheets: makeSheets(ctx) };
  parts.tokens.build();
  parts.zoom = makeZoomBar(ctx, parts.sheets);
  parts.sheets.onZoom(parts.zoom.draw);
  parts.stage = htmlNode("div", { class: "stage" }, parts.sheets.node);
  parts.save = makeSave(ctx, () => sheetsNode(ctx, parts.sheets), () => sheetNumbers(ctx));
  parts.foot = makeFoot(ctx, parts.save);
  parts.modes.node.prepend(parts.zoom.node);
  parts.ghost = ghostLegend(ctx, "sheet.ghost");
  return parts;
}

function arrangeSheets(parts) {
  return [
    htmlNode("div", { class: "top" }, parts.transport.node, parts.tokens.node),
    parts.maps.node,
    htmlNode("div", { class: "bar" }, parts.modes.substeps, parts.modes.node),
    parts.sentence,
    htmlNode("div", { class: "middle" }, parts.stage, parts.inspector.node),
    parts.ghost,
    parts.foot,
  ];
}
