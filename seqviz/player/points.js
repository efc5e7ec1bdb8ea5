/**
 * Points of a plane that the reader has put elsewhere, and what follows from it.
 *
 * @typedef {{name: string, row: number, at: [number, number]}} Point  row of a tensor (n, 2);
 *   of a single vector it is 0
 */
const MOST_POINTS = 64;
const ROOM = 1.25;
const REACHES = [1, 1.5, 2, 3, 4, 5, 8, 10, 15, 20, 30, 50, 80, 100];
const WRITTEN = /^([^\s.,]+)\.([1-9]\d{0,3})((?:,-?\d{1,7}(?:\.\d{1,4})?){2})$/;

const hundredths = (x) => Math.round(x * 100) / 100 || 0;
const samePoint = (a) => (b) => a.name === b.name && a.row === b.row;

/** The tensors whose points can be dragged, as the layout's planes name them. */
export function draggable(scene) {
  const given = new Set(scene.tensors.filter(({ operation }) => operation.name === "given").map(({ name }) => name));
  return (scene.layout?.nodes ?? [])
    .filter(({ kind, tensor }) => kind === "plane" && given.has(tensor))
    .map(({ tensor }) => tensor);
}

/** Is the picture one drawing, which has no levels of detail? */
export const isDrawing = (scene) =>
  (scene.layout?.nodes ?? []).some(({ kind }) => kind === "plane" || kind === "clock");

/** Does something in the picture turn by itself? */
export const turns = (scene) => draggable(scene).length > 0;

/** The tensors that share a plane with this one. */
function besides(scene, name) {
  const partOf = (node) => (node.part === "values" ? "values" : "keys");
  const nodes = scene.layout.nodes.filter(({ kind, tensor }) =>
    kind === "plane" && draggable(scene).includes(tensor));
  const own = partOf(nodes.find(({ tensor }) => tensor === name));
  return nodes.filter((node) => partOf(node) === own).map(({ tensor }) => tensor);
}

/** How far the plane of a tensor reaches from 0: a round number beyond all that was sent. */
export function reachOf(model, name) {
  const coordinates = besides(model.scene, name).flatMap((one) => [...model.sent(one, 0)]).map(Math.abs);
  const least = ROOM * Math.max(0.8, ...coordinates.filter(Number.isFinite));
  return REACHES.find((reach) => reach >= least) ?? 10 ** Math.ceil(Math.log10(least));
}

/** The state with a point moved, to hundredths, so that what is printed is what counts. */
export function movePoint(state, { name, row, at }) {
  const point = { name, row, at: at.map(hundredths) };
  return { ...state, points: [...state.points.filter((other) => !samePoint(point)(other)), point] };
}

/** The state with one point where it was sent, or without a name all of them. */
export function putBack(state, { name, row }) {
  const points = name ? state.points.filter((other) => !samePoint({ name, row })(other)) : [];
  return { ...state, points };
}

/** Those points that a scene has, none of them outside its plane. */
export function pointsThatFit(points, model) {
  const names = draggable(model.scene);
  return points.slice(-MOST_POINTS)
    .filter(({ name, row }) => names.includes(name) && 2 * row < model.value(name, 0).length)
    .map(({ name, row, at }) => ({ name, row, at: withinPlane(at, reachOf(model, name)) }));
}

/** A place pulled back into a plane of this reach. */
export function withinPlane(at, reach) {
  return at.map((x) => Math.min(reach, Math.max(-reach, x)));
}

/** The points that stay when the scene is sent anew: those that were not sent elsewhere. */
export function pointsThatStay(points, before, after) {
  const same = ({ name, row }) => [0, 1].every((axis) =>
    before.sent(name, 0)[2 * row + axis] === after.sent(name, 0)[2 * row + axis]);
  return pointsThatFit(points, after).filter((point) => before.has(point.name) && same(point));
}

/** Puts the points of the state into the model; what is not moved is as it was sent. */
export function placePoints(model, points) {
  for (const name of draggable(model.scene)) {
    const moved = points.filter((point) => point.name === name);
    const values = moved.length > 0 ? Float64Array.from(model.sent(name, 0)) : null;
    for (const { row, at } of moved) values.set(at, 2 * row);
    if (values || model.moved(name, 0)) model.set(name, 0, values);
  }
}

/** "k.2,0.50,-1.20" → key 2 at (0.5, −1.2); nonsense is null. */
export function readPoint(text) {
  const [, name, row, numbers] = WRITTEN.exec(text) ?? [];
  if (!name) return null;
  const [x, y] = numbers.slice(1).split(",").map(Number);
  return { name, row: Number(row) - 1, at: [x, y] };
}

export function writePoint({ name, row, at }) {
  return `point=${encodeURIComponent(name)}.${row + 1},${at.map(hundredths).join(",")}`;
}
