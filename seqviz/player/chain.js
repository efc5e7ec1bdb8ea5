// All the way down: the values of one step that a value was computed from.

const CHAIN_MOST = 12;

/**
 * The values below a place, nearest first, each once, at most twelve.
 *
 * @param {{name: string, t: number|null, index: number}} place
 * @param {(place: object) => object[]} below  the computed values that one was computed from
 * @returns {object[]} places; what comes from another step ends the way down
 */
export function chainOf(place, below) {
  const found = new Map();
  const open = [place];
  while (open.length && found.size < CHAIN_MOST) {
    for (const next of below(open.shift())) {
      const key = `${next.name} ${next.index}`;
      if (next.t !== place.t || found.has(key) || found.size >= CHAIN_MOST) continue;
      found.set(key, next);
      open.push(next);
    }
  }
  return [...found.values()];
}
