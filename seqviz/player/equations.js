// Every equation of one unit at this step, in the order of the computation, with its numbers.
import { htmlNode } from "./svg.js";
import { explain } from "./explain.js";
import { partNodes } from "./inspector.js";
import { sizeOf } from "./values.js";
import { predictionAt } from "./speech.js";
import { say } from "./symbols.js";

/** @param {object} ctx the player's context */
export function makeEquations(ctx) {
  const summary = htmlNode("summary", { tabindex: -1 });
  const list = htmlNode("ol");
  const node = htmlNode("details", { class: "equations" }, summary, list);
  node.open = ctx.equationsOpen;
  let shown = "";
  function draw() {
    const { t, unit } = ctx.state;
    const key = `${t} ${unit} ${ctx.generation} ${node.open}`;
    if (key === shown) return;
    shown = key;
    summary.replaceChildren(say(ctx.words, "equations.title", { unit: unit + 1, t: t + 1 }));
    if (node.open) list.replaceChildren(...equationNames(ctx).map((name) => equationRow(ctx, name)));
  }
  node.addEventListener("toggle", () => {
    ctx.equationsOpen = node.open;
    draw();
  });
  return {
    node,
    draw,
    toggle() {
      node.open = !node.open;
      draw();
    },
  };
}

/** The tensors that have an equation of their own; what a gate's sum is made of stands in it. */
function equationNames(ctx) {
  const { scene } = ctx.model;
  const inside = new Set(scene.layout.nodes.flatMap((node) => Object.values(node.stages || {})));
  const vouched = new Set(Object.values(scene.gradient || {}));
  const stands = ({ name, operation }) => operation.name !== "given" && ctx.model.stepped(name);
  return scene.tensors
    .filter((tensor) => stands(tensor) && !inside.has(tensor.name) && !vouched.has(tensor.name))
    .map(({ name }) => name);
}

function equationRow(ctx, name) {
  const { t } = ctx.state;
  const index = equationIndex(ctx, name);
  const why = explain(ctx.model, name, t, index, ctx.words);
  const formula = htmlNode("div", { class: "formula" }, ...partNodes(why.formula));
  formula.style.borderColor = ctx.palette.line(ctx.model.tensor(name).role);
  const row = htmlNode(
    "li",
    {},
    formula,
    htmlNode("div", { class: "numbers" }, ...partNodes(why.numbers)),
  );
  row.addEventListener("pointerenter", () => ctx.hover({ name, t, index }));
  row.addEventListener("pointerleave", () => ctx.hover(null));
  row.addEventListener("click", () => ctx.choose({ name, t, index }));
  return row;
}

function equationIndex(ctx, name) {
  const size = sizeOf(ctx.model.shape(name));
  const { prediction } = ctx.model.scene.sequence;
  const said = predictionAt(ctx.model, ctx.state.t);
  const ofClasses = prediction && said && ctx.model.tensor(name).role === "prediction"
    && size === sizeOf(ctx.model.shape(prediction));
  return ofClasses ? said.index : Math.min(ctx.state.unit, size - 1);
}
