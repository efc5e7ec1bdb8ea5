// A field: the part of a picture in which points of the plane are drawn, with its grid and axes.
import { svgNode } from "./svg.js";
import { fixed } from "./digits.js";
import { gridLines } from "./geometry.js";

const ARROW_HEAD = 8;

/**
 * @param {{x: number, y: number, width: number, height: number}} box in pixels
 * @param {number} reach  how far the shorter side goes from 0
 */
export function makeField(box, reach, name) {
  const unit = (Math.min(box.width, box.height) / 2 - 10) / reach;
  const middle = [box.x + box.width / 2, box.y + box.height / 2];
  const at = ([x, y]) => [middle[0] + x * unit, middle[1] - y * unit];
  const half = [(box.width / 2 - 1) / unit, (box.height / 2 - 1) / unit];
  const node = svgNode("g", { class: "field", "data-field": name },
    svgNode("rect", { class: "field-ground", ...box, rx: 8 }), ...gridNodes(box, reach, at, half));
  return {
    node,
    reach,
    box,
    half,
    at,
    back: ([x, y]) => [(x - middle[0]) / unit, (middle[1] - y) / unit],
  };
}

function gridNodes(box, reach, at, half) {
  const { x, y, width, height } = box;
  const steps = gridLines(Math.max(...half));
  const lines = steps.flatMap((step) => {
    const [px, py] = at([step, step]);
    const name = step === 0 ? "field-axis" : "field-line";
    return [
      Math.abs(step) < half[0] ? svgNode("line", { class: name, x1: px, x2: px, y1: y, y2: y + height }) : null,
      Math.abs(step) < half[1] ? svgNode("line", { class: name, x1: x, x2: x + width, y1: py, y2: py }) : null,
    ];
  });
  const one = steps.find((step) => step > 0);
  if (one === undefined) return lines;
  const [px, py] = at([one, 0]);
  const [ox, oy] = at([0, one]);
  const text = fixed(one, Number.isInteger(one) ? 0 : 1);
  return [
    ...lines,
    svgNode("text", { class: "field-tick", x: px, y: py + 12, "text-anchor": "middle" }, text),
    svgNode("text", { class: "field-tick", x: ox - 5, y: oy + 4, "text-anchor": "end" }, text),
  ];
}

/** An arrow from one pixel to another, as a path: its shaft and its head. */
export function arrowPath([x1, y1], [x2, y2], shorter = 0) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length < shorter + 1) return "";
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [ex, ey] = [x2 - ux * shorter, y2 - uy * shorter];
  const size = Math.min(ARROW_HEAD, length / 2);
  const wing = (side) => `${ex - ux * size + side * uy * size * 0.55} ${ey - uy * size - side * ux * size * 0.55}`;
  return `M${x1} ${y1}L${ex} ${ey}M${wing(1)}L${ex} ${ey}L${wing(-1)}`;
}
