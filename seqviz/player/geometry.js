/** Geometry of the plane: pure functions of points [x, y], y upwards. */
export const round1 = (x) => Math.round(x * 10) / 10;

/** How far along the direction of `q` a point lies, and where its perpendicular meets it. */
export function projection(q, point) {
  const length = Math.hypot(...q);
  if (length === 0) return { along: 0, foot: [0, 0], length };
  const along = (q[0] * point[0] + q[1] * point[1]) / length;
  return { along, foot: [(along * q[0]) / length, (along * q[1]) / length], length };
}

const turnOf = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);

function chain(points) {
  const kept = [];
  for (const point of points) {
    while (kept.length > 1 && turnOf(kept[kept.length - 2], kept[kept.length - 1], point) <= 0) kept.pop();
    kept.push(point);
  }
  return kept.slice(0, -1);
}

/** The corners of the smallest convex polygon around all points. */
export function hullOf(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  if (sorted.length < 3) return sorted;
  return [...chain(sorted), ...chain(sorted.reverse())];
}

/** Where the line through 0 in the direction of `q` leaves a box of these half sides. */
export function lineThrough(q, [width, height]) {
  const length = Math.hypot(...q);
  if (length === 0) return null;
  const unit = [q[0] / length, q[1] / length];
  const most = Math.min(
    unit[0] === 0 ? Infinity : width / Math.abs(unit[0]),
    unit[1] === 0 ? Infinity : height / Math.abs(unit[1]),
  );
  return [[-unit[0] * most, -unit[1] * most], [unit[0] * most, unit[1] * most]];
}

const SPOTS = Array.from({ length: 8 }, (_, k) => [Math.cos((k * Math.PI) / 4), Math.sin((k * Math.PI) / 4)]);
const STAY = 6;

/**
 * The direction in which a label has most room: an index into eight, kept while it will do.
 *
 * @param {number[]} point in pixels
 * @param {{others: number[][], box: object, width: number}} around  what the label must not
 *   cover, in pixels, the box it should stay in, and how wide it is
 */
export function freeSpot(point, { others, box, width }, reach, before = null) {
  const room = (k) => {
    const [x, y] = [point[0] + SPOTS[k][0] * reach, point[1] - SPOTS[k][1] * reach];
    const left = x - width * (SPOTS[k][0] > 0.3 ? 0 : SPOTS[k][0] < -0.3 ? 1 : 0.5);
    const across = left >= box.x && left + width <= box.x + box.width;
    const within = across && y > box.y + 8 && y < box.y + box.height - 4;
    const nearest = (other) =>
      Math.hypot(Math.max(left - other[0], 0, other[0] - left - width), y - other[1]);
    return Math.min(...others.map(nearest), 60) - (within ? 0 : 100);
  };
  const rooms = SPOTS.map((_, k) => room(k));
  const best = rooms.indexOf(Math.max(...rooms));
  return before !== null && rooms[before] + STAY >= rooms[best] ? before : best;
}

/** Where a label of a spot begins, relative to its point, and how it is anchored. */
export function spotOf(k, reach) {
  const [x, y] = SPOTS[k];
  const anchor = x > 0.3 ? "start" : x < -0.3 ? "end" : "middle";
  return { dx: x * reach, dy: -y * reach + 4, anchor };
}

/** Whole numbers of a plane, at most about ten on either side. */
export function gridLines(reach) {
  const rough = reach / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const every = [1, 2, 5, 10].map((k) => k * power).find((step) => step >= rough);
  const count = Math.floor(reach / every + 1e-9);
  return Array.from({ length: 2 * count + 1 }, (_, k) => (k - count) * every);
}

/** Points along a label that stands at a spot of its point. */
export function labelPoints([px, py], spot, width, reach) {
  const { dx, dy, anchor } = spotOf(spot, reach);
  const left = px + dx - width * { start: 0, middle: 0.5, end: 1 }[anchor];
  return [0, 0.5, 1].map((share) => [left + share * width, py + dy]);
}
