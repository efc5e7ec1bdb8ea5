// The query among the keys: arrows from 0, and each key's shadow on the direction of the query.
import { setAttribute, setHidden, svgNode } from "./svg.js";
import { fixed, multiplying } from "./digits.js";
import { freeSpot, labelPoints, lineThrough, projection } from "./geometry.js";
import { arrowPath } from "./field.js";
import { makeHandle } from "./handles.js";
import { rowsOfPoints } from "./planerows.js";

const SHORT = 8;
const KEY_LABEL = 22;

/** @param {object} names  {query, keys} the tensors' names */
export function makeKeys(ctx, field, names) {
  const { model } = ctx;
  const colour = (name) => ctx.palette.line(model.tensor(name).role);
  const ruler = svgNode("line", { class: "ruler", stroke: colour(names.query) });
  const shadow = svgNode("line", { class: "shadow", stroke: colour(names.keys) });
  const keys = rowsOfPoints(model, names.keys).map((_, row) => ({
    drop: svgNode("line", { class: "drop-line", stroke: colour(names.keys) }),
    foot: svgNode("circle", { class: "foot-dot", r: 3.5, stroke: colour(names.keys) }),
    arrow: svgNode("path", { class: "vector", stroke: colour(names.keys) }),
    handle: makeHandle(ctx, ctx.pointCalled(names.keys, row), field.reach),
    spot: null,
  }));
  const arrow = svgNode("path", { class: "vector strong", stroke: colour(names.query) });
  const query = { handle: makeHandle(ctx, ctx.pointCalled(names.query, 0), field.reach), spot: null };
  field.node.append(
    ruler, shadow,
    ...keys.flatMap(({ drop, foot, arrow: shaft }) => [drop, foot, shaft]), arrow,
    ...keys.map(({ handle }) => handle.node), query.handle.node,
  );
  return {
    draw(chosen) {
      const q = rowsOfPoints(model, names.query)[0];
      const points = rowsOfPoints(model, names.keys);
      drawRuler(ruler, field, q);
      keys.forEach((key, row) => drawKey(key, field, q, points[row], row === chosen));
      drawShadow(shadow, field, q, points[chosen]);
      setAttribute(arrow, "d", arrowPath(field.at([0, 0]), field.at(q), SHORT));
      const tips = [...points, q].map(field.at);
      const feet = points.map((point) => field.at(projection(q, point).foot));
      [...keys, query].forEach((one, k) => {
        const labels = one === query ? keys.flatMap(({ handle, spot }, row) =>
          labelPoints(tips[row], spot, handle.width, KEY_LABEL)) : [];
        const others = [...tips.filter((_, other) => other !== k), ...feet, ...labels, field.at([0, 0])];
        const at = k < keys.length ? points[k] : q;
        const around = { others: [...others, ...between(field, at)], box: field.box, width: one.handle.width };
        one.spot = freeSpot(tips[k], around, KEY_LABEL, one.spot);
        one.handle.place(tips[k], at, "", one.spot);
      });
    },
    nodeOf: (name, row) => (name === names.query ? query : keys[row])?.handle.node ?? null,
  };
}

const between = (field, point) => [0.35, 0.7].map((share) => field.at(point.map((x) => x * share)));

function drawLine(node, [x1, y1], [x2, y2]) {
  for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) setAttribute(node, name, value.toFixed(2));
}

function drawRuler(ruler, field, q) {
  const ends = lineThrough(q, field.half);
  setHidden(ruler, ends === null);
  if (ends) drawLine(ruler, field.at(ends[0]), field.at(ends[1]));
}

function drawKey(key, field, q, point, chosen) {
  const { foot } = projection(q, point);
  const [fx, fy] = field.at(foot);
  drawLine(key.drop, field.at(point), [fx, fy]);
  setAttribute(key.foot, "cx", fx.toFixed(2));
  setAttribute(key.foot, "cy", fy.toFixed(2));
  for (const node of [key.drop, key.foot]) node.classList.toggle("chosen", chosen);
  setAttribute(key.arrow, "d", arrowPath(field.at([0, 0]), field.at(point), SHORT));
}

function drawShadow(shadow, field, q, point) {
  const { along, foot } = projection(q, point);
  drawLine(shadow, field.at([0, 0]), field.at(foot));
  shadow.classList.toggle("negative", along < 0);
}

/** "cat: ‖q‖ × projection = 1.34 × 1.16 = 1.56", with the sign that holds. */
export function readingOf(model, names, chosen, called) {
  const q = rowsOfPoints(model, names.query)[0];
  const { along, length } = projection(q, rowsOfPoints(model, names.keys)[chosen]);
  const score = model.number(names.scores, 0, chosen);
  const { texts, exact } = multiplying([length, along], score);
  return { key: called, length: texts[0], along: texts[1], score: fixed(score), sign: exact ? "=" : "≈" };
}
