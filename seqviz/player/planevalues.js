// The values, the hull around them, and the blend that the weights make of them.
import { setAttribute, setText, svgNode } from "./svg.js";
import { fixed, percent } from "./digits.js";
import { freeSpot, hullOf, labelPoints, round1, spotOf } from "./geometry.js";
import { makeHandle } from "./handles.js";
import { rowsOfPoints } from "./planerows.js";

const PULL_WIDEST = 9;
const PULL_THINNEST = 0.6;
const VALUE_LABEL = 22;
const SHARE_ROOM = 34;
const BLEND_LETTER = 7.8;
const TRAIL = 90;

/** @param {object} names  {values, weights, context} the tensors' names */
export function makeValues(ctx, field, names) {
  const { model } = ctx;
  const colour = ctx.palette.line(model.tensor(names.values).role);
  const hull = svgNode("path", { class: "hull", fill: colour, stroke: colour });
  const trail = svgNode("polyline", { class: "trail", stroke: colour });
  const values = rowsOfPoints(model, names.values).map((_, row) => ({
    pull: svgNode("line", { class: "pull", stroke: colour }),
    handle: makeHandle(ctx, ctx.pointCalled(names.values, row), field.reach),
    spot: null,
  }));
  const blend = makeBlend(ctx, names.context, field.box);
  field.node.append(
    hull, trail, ...values.map(({ pull }) => pull),
    blend.node, ...values.map(({ handle }) => handle.node),
  );
  const been = [];
  return {
    draw() {
      const points = rowsOfPoints(model, names.values);
      const weights = model.value(names.weights, 0);
      const context = rowsOfPoints(model, names.context)[0];
      setAttribute(hull, "d", `M${hullOf(points).map((point) => field.at(point).map(round1).join(" ")).join("L")}Z`);
      const centre = field.at(context);
      drawTrail(trail, been, centre);
      const tips = points.map(field.at);
      values.forEach((one, row) => {
        drawPull(one.pull, centre, tips[row], weights[row]);
        const others = [...tips.filter((_, other) => other !== row), centre, middleOf(centre, tips[row])];
        const around = { others, box: field.box, width: one.handle.width + SHARE_ROOM };
        one.spot = freeSpot(tips[row], around, VALUE_LABEL, one.spot);
        one.handle.place(tips[row], points[row], ` ${percent(weights[row])} %`, one.spot);
      });
      const labels = values.flatMap(({ handle, spot }, row) =>
        labelPoints(tips[row], spot, handle.width + SHARE_ROOM, VALUE_LABEL));
      blend.place(centre, context, tips, labels);
    },
    nodeOf: (name, row) => (name === names.context ? blend.node : values[row]?.handle.node ?? null),
  };
}

const middleOf = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

function drawPull(pull, [x1, y1], [x2, y2], weight) {
  for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) setAttribute(pull, name, round1(value));
  setAttribute(pull, "stroke-width", (PULL_THINNEST + PULL_WIDEST * weight).toFixed(2));
  setAttribute(pull, "stroke-opacity", (0.25 + 0.65 * weight).toFixed(2));
}

/** The blend's last places, so that its way through the hull can be seen. */
function drawTrail(trail, been, centre) {
  const last = been[been.length - 1];
  if (last && Math.hypot(last[0] - centre[0], last[1] - centre[1]) < 0.8) return;
  been.push(centre);
  if (been.length > TRAIL) been.shift();
  setAttribute(trail, "points", been.map((point) => point.map(round1).join(",")).join(" "));
}

function makeBlend(ctx, name, box) {
  const { role } = ctx.model.tensor(name);
  const text = svgNode("text", { class: "handle-label blend-label" });
  text.style.fill = ctx.palette.text(role);
  const node = svgNode("g", { class: "blend", "data-place": `${name} 0` },
    svgNode("circle", { class: "handle-hit", r: 14 }),
    svgNode("circle", { class: "handle-ring", r: 15 }),
    svgNode("circle", { class: "blend-rim", r: 9, stroke: ctx.palette.line(role) }),
    svgNode("circle", { r: 4, fill: ctx.palette.line(role) }),
    text);
  let spot = null;
  return {
    node,
    place([px, py], at, others, labels) {
      setAttribute(node, "transform", `translate(${px.toFixed(2)} ${py.toFixed(2)})`);
      const label = `${ctx.word("plane.blend")} (${at.map((x) => fixed(x)).join(", ")})`;
      const width = BLEND_LETTER * label.length;
      setText(text, label);
      const lines = others.map((other) => middleOf(other, [px, py]));
      spot = freeSpot([px, py], { others: [...others, ...lines, ...labels], box, width }, VALUE_LABEL, spot);
      const { dx, dy, anchor } = spotOf(spot, 16);
      setAttribute(text, "x", dx.toFixed(1));
      setAttribute(text, "y", dy.toFixed(1));
      setAttribute(text, "text-anchor", anchor);
    },
  };
}
