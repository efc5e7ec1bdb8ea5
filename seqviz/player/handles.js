// Handles: points of a plane that are moved by mouse, finger or arrow keys.
import { setAttribute, setText, svgNode } from "./svg.js";
import { fixed } from "./digits.js";
import { say } from "./symbols.js";
import { withinPlane } from "./points.js";
import { spotOf } from "./geometry.js";

const HIT = 20;
const AWAY = 15;
const LABEL_LETTER = 8;
const STEP = 0.1;
const FINE_STEP = 0.01;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const SHAPES = {
  query: () => svgNode("circle", { class: "handle-dot", r: 7.5 }),
  keys: () => svgNode("rect", { class: "handle-dot", x: -6, y: -6, width: 12, height: 12, rx: 2 }),
  values: () => svgNode("path", { class: "handle-dot", d: "M0-8L8 0L0 8L-8 0Z" }),
};

/**
 * @param {object} ctx
 * @param {{name: string, row: number, part: string, label: string, said: string}} point
 */
export function makeHandle(ctx, point, reach) {
  const label = svgNode("tspan", {}, point.label);
  const more = svgNode("tspan", { class: "handle-more" });
  const spot = svgNode("tspan", { class: "handle-at" });
  const text = svgNode("text", { class: "handle-label" }, label, more, spot);
  const dot = SHAPES[point.part]();
  const { role } = ctx.model.tensor(point.name);
  dot.setAttribute("fill", ctx.palette.line(role));
  text.style.fill = ctx.palette.text(role);
  const node = svgNode("g", {
    class: "handle",
    tabindex: 0,
    role: "slider",
    "aria-label": point.said,
    "aria-roledescription": ctx.word("plane.point"),
    "aria-valuemin": -reach,
    "aria-valuemax": reach,
    "data-name": point.name,
    "data-row": point.row,
  }, svgNode("circle", { class: "handle-hit", r: HIT }), svgNode("circle", { class: "handle-ring", r: 13 }), dot, text);
  return {
    node,
    width: LABEL_LETTER * [...point.label].length,
    place([px, py], at, extra, k) {
      const [x, y] = at.map((value) => fixed(value));
      setAttribute(node, "transform", `translate(${px.toFixed(2)} ${py.toFixed(2)})`);
      setAttribute(node, "aria-valuenow", at[0].toFixed(2));
      setAttribute(node, "aria-valuetext", say(ctx.words, "plane.at", { x, y }));
      setText(more, extra);
      setText(spot, ` (${x}, ${y})`);
      const { dx, dy, anchor } = spotOf(k, AWAY);
      setAttribute(text, "x", dx.toFixed(1));
      setAttribute(text, "y", dy.toFixed(1));
      setAttribute(text, "text-anchor", anchor);
    },
  };
}

const pointOf = (node) => ({ name: node.dataset.name, row: Number(node.dataset.row) });

/** The place of a point's first coordinate, for the inspector. */
export function placeOfPoint(model, { name, row }) {
  return { name, t: model.stepped(name) ? 0 : null, index: 2 * row };
}

function coordinates(model, { name, row }) {
  const values = model.value(name, 0);
  return [values[2 * row], values[2 * row + 1]];
}

/**
 * Drags by pointer and by keys.
 * @param {SVGElement} svg
 * @param {(name: string) => object|null} fieldOf  the field in which a tensor's points stand
 */
export function listenHandles(ctx, svg, fieldOf) {
  const drag = { node: null, from: [0, 0], frame: 0, at: null };
  const move = (point, at) =>
    ctx.act({ type: "point", ...point, at: withinPlane(at, fieldOf(point.name).reach) });
  svg.addEventListener("pointerdown", (event) => {
    const node = event.target.closest(".handle");
    if (!node || event.button !== 0) return;
    const grabbed = fieldOf(node.dataset.name).at(coordinates(ctx.model, pointOf(node)));
    const [px, py] = pixelUnder(svg, event);
    Object.assign(drag, { node, from: [grabbed[0] - px, grabbed[1] - py], at: null });
    svg.setPointerCapture(event.pointerId);
    svg.classList.add("dragging");
    node.classList.add("held");
    node.focus({ preventScroll: true });
    event.preventDefault();
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drag.node) return;
    const [px, py] = pixelUnder(svg, event);
    drag.at = fieldOf(drag.node.dataset.name).back([px + drag.from[0], py + drag.from[1]]);
    drag.frame ||= requestAnimationFrame(() => follow(drag, move));
  });
  const drop = () => {
    if (!drag.node) return;
    cancelAnimationFrame(drag.frame);
    follow(drag, move);
    drag.node.classList.remove("held");
    svg.classList.remove("dragging");
    drag.node = null;
  };
  svg.addEventListener("pointerup", drop);
  svg.addEventListener("pointercancel", drop);
  svg.addEventListener("keydown", (event) => onHandleKey(ctx, event, move));
  svg.addEventListener("touchstart", keepPageStill, { passive: false });
}

/** A finger on a handle moves it and not the page; inside SVG no style can say so. */
function keepPageStill(event) {
  if (event.target.closest(".handle")) event.preventDefault();
}

function follow(drag, move) {
  drag.frame = 0;
  if (drag.node && drag.at) move(pointOf(drag.node), drag.at);
  drag.at = null;
}

function onHandleKey(ctx, event, move) {
  const node = event.target.closest?.(".handle");
  if (!node || event.ctrlKey || event.altKey || event.metaKey) return;
  const point = pointOf(node);
  const way = ARROWS[event.key];
  if (way) {
    const step = event.shiftKey ? FINE_STEP : STEP;
    move(point, coordinates(ctx.model, point).map((x, axis) => x + way[axis] * step));
  } else if (event.key === "Home") ctx.act({ type: "unpoint", ...point });
  else if (event.key === "Enter") ctx.choose(placeOfPoint(ctx.model, point));
  else if (event.key === "Escape") ctx.focus();
  else if (event.key === " ") ctx.act({ type: "play" });
  else return;
  event.preventDefault();
}

/** Where a pointer is, in the picture's own pixels. */
function pixelUnder(svg, event) {
  const box = svg.getBoundingClientRect();
  const scale = box.width / Number(svg.getAttribute("width"));
  return [(event.clientX - box.left) / scale, (event.clientY - box.top) / scale];
}
