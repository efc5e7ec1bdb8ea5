/**
 * Opens a scene: every tensor at every step, sent or recomputed from its operation.
 *
 * @typedef {{tensor: string, shift: -1|0|1, edge: string|null,
 *   block: [number, number, number]|null, symbol?: string}} Operand
 * @typedef {{name: string, symbol: string, axes: string[], shape: number[], role: string,
 *   scale: string, operation: {name: string, operands: Operand[]} & Record<string, any>,
 *   at: number|null, powers?: number[]}} Tensor  what was sent of step t is divided by
 *   2^powers[t], where float32 would not hold it
 * @typedef {{name: string, t: number|null, index: number}} Source  t is null for a tensor
 *   that does not change with the step (a weight, h_0).
 * @typedef {{operand: Operand, tensor: Tensor, t: number|null, values: Float64Array,
 *   shape: number[], source: (index: number) => Source}} Taken  an operand at one step;
 *   `tensor` is the tensor read, which at the first step may be the operand's edge.
 * @typedef {ReturnType<typeof openScene>} Model
 */
import { compute, computeAll } from "./operations.js";

/** The number of elements of a shape. */
export function sizeOf(shape) {
  return shape.reduce((product, length) => product * length, 1);
}

/** Little-endian float32 numbers out of base64. */
export function decodeFloats(base64) {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let k = 0; k < bytes.length; k += 1) bytes[k] = binary.charCodeAt(k);
  const view = new DataView(bytes.buffer);
  const floats = new Float64Array(bytes.length >> 2);
  for (let k = 0; k < floats.length; k += 1) floats[k] = view.getFloat32(4 * k, true);
  return floats;
}

/** Values times 2^power, in two steps: 2^1024 alone is no number. */
function raised(values, power) {
  const half = Math.trunc(power / 2);
  return values.map((value) => value * 2 ** half * 2 ** (power - half));
}

/** A block of a value of `shape`; `whole` says where one of its elements stands in the value. */
function takeBlock(values, shape, [axis, start, stop]) {
  const inner = sizeOf(shape.slice(axis + 1));
  const [stride, from, length] = [shape[axis] * inner, start * inner, (stop - start) * inner];
  const part = new Float64Array(sizeOf(shape.slice(0, axis)) * length);
  for (let at = 0, read = from; at < part.length; at += length, read += stride) {
    part.set(values.subarray(read, read + length), at);
  }
  return {
    values: part,
    shape: shape.map((size, along) => (along === axis ? stop - start : size)),
    whole: (index) => Math.floor(index / length) * stride + from + (index % length),
  };
}

function countReaders(tensors) {
  const readers = new Map();
  for (const { operation } of tensors) {
    for (const { tensor } of operation.operands) readers.set(tensor, (readers.get(tensor) ?? 0) + 1);
  }
  return readers;
}

/** For each tensor, every tensor that is computed from it, directly or not, in order. */
function followersOf(tensors) {
  const reads = (follower, names) =>
    follower.operation.operands.some(({ tensor, edge }) => names.has(tensor) || names.has(edge));
  return (name) => {
    const found = new Set([name]);
    for (const tensor of tensors) if (reads(tensor, found)) found.add(tensor.name);
    return [...found].slice(1);
  };
}

/** For each tensor of a strip, every tensor that is on one scale with it. */
function scalesOf(tracks) {
  const strips = tracks.filter(({ form }) => form === "strips");
  return new Map(strips.flatMap(({ tensors, beside }) =>
    tensors.map((name) => [name, [...tensors, ...(beside ?? [])]])));
}

/** The model of a scene: values by name and step, in float64, recomputed once and kept. */
export function openScene(scene) {
  const steps = scene.steps;
  const floats = decodeFloats(scene.floats);
  const tensors = new Map(scene.tensors.map((tensor) => [tensor.name, tensor]));
  const known = new Map(scene.tensors.map((tensor) => [tensor.name, []]));
  const ranges = new Map();
  const rows = new Map();
  const alone = new Set();
  const readers = countReaders(scene.tensors);
  const scales = scalesOf(scene.tracks ?? []);
  const blocks = new Map();
  const groups = new Map((scene.groups ?? []).map((group) => [group.name, group]));
  const followers = followersOf(scene.tensors);
  const moved = new Set();
  const stale = new Set();

  const has = (name) => tensors.has(name);

  function tensor(name) {
    const found = tensors.get(name);
    if (!found) throw new Error(`the scene has no tensor "${name}"`);
    return found;
  }

  /** Does this tensor have a value of its own at every step? */
  const stepped = (name) => tensor(name).axes[0] === scene.step_axis;

  /** The shape of the value at one step. */
  function shape(name) {
    const whole = tensor(name).shape;
    return stepped(name) ? whole.slice(1) : whole;
  }

  function value(name, t) {
    const slot = stepped(name) ? t : 0;
    if (stepped(name) && !(t >= 0 && t < steps)) {
      throw new RangeError(`expected a step from 0 to ${steps - 1} for "${name}", got ${t}`);
    }
    const kept = known.get(name);
    if (kept[slot] === undefined) kept[slot] = sent(name, slot) ?? computed(name, slot);
    return kept[slot];
  }

  function computed(name, slot) {
    if (moved.size > 0 || alone.has(name)) return compute(model, tensor(name), slot);
    const all = computeAll(model, tensor(name));
    if (!all) {
      alone.add(name);
      return compute(model, tensor(name), slot);
    }
    const size = sizeOf(shape(name));
    known.set(name, Array.from({ length: steps }, (_, t) => all.subarray(t * size, (t + 1) * size)));
    rows.set(name, all);
    return known.get(name)[slot];
  }

  /** The values of a tensor at all steps, one after the other. */
  function allSteps(name) {
    const { at, powers } = tensor(name);
    const size = sizeOf(shape(name));
    if (typeof at === "number" && !powers && moved.size === 0) return floats.subarray(at, at + steps * size);
    value(name, 0);
    if (rows.has(name)) return rows.get(name);
    const all = new Float64Array(steps * size);
    for (let t = 0; t < steps; t += 1) all.set(value(name, t), t * size);
    return all;
  }

  function sent(name, slot) {
    const { at, powers } = tensor(name);
    if (at === null || at === undefined || stale.has(name)) return null;
    const size = sizeOf(shape(name));
    const values = floats.subarray(at + slot * size, at + (slot + 1) * size);
    return powers?.[slot] ? raised(values, powers[slot]) : values;
  }

  const number = (name, t, index) => value(name, t)[index];

  /** Puts other values in the place of what was sent (null: what was sent), until put back. */
  function set(name, t, values) {
    const slot = stepped(name) ? t : 0;
    const size = sizeOf(shape(name));
    if (values && values.length !== size) {
      throw new RangeError(`expected ${size} values for "${name}", got ${values.length}`);
    }
    const place = `${name} ${slot}`;
    if (values) moved.add(place);
    else moved.delete(place);
    known.get(name)[slot] = values ? Float64Array.from(values) : undefined;
    for (const follower of followers(name)) {
      known.set(follower, []);
      rows.delete(follower);
      ranges.delete(follower);
      if (values) stale.add(follower);
    }
    ranges.delete(name);
    blocks.clear();
    if (moved.size === 0) stale.clear();
    model.version += 1;
  }

  /** One operand as an operation reads it at step t. */
  function operand(read, t) {
    const { name, at } = placeOf(read, t);
    const whole = value(name, at ?? 0);
    const source = (index) => ({ name, t: at, index });
    const taken = { operand: read, tensor: tensor(name), t: at };
    if (!read.block) return { ...taken, values: whole, shape: shape(name), source };
    const part = blockOf(name, at, whole, read.block);
    return {
      ...taken,
      values: part.values,
      shape: part.shape,
      source: (index) => source(part.whole(index)),
    };
  }

  /** A block of a value; of what never changes with the step it is cut out once. */
  function blockOf(name, at, whole, block) {
    if (at !== null) return takeBlock(whole, shape(name), block);
    const key = `${name} ${block}`;
    if (!blocks.has(key)) blocks.set(key, takeBlock(whole, shape(name), block));
    return blocks.get(key);
  }

  function placeOf(read, t) {
    const at = t + (read.shift ?? 0);
    const outside = at < 0 || at >= steps;
    if (outside && !read.edge) {
      throw new Error(`"${read.tensor}" has no value ${at < 0 ? "before the first" : "after the last"} step`);
    }
    const name = outside ? read.edge : read.tensor;
    return { name, at: stepped(name) ? at : null };
  }

  /** The end of a symmetric scale: the largest finite |value| of all that is drawn on it. */
  function range(name) {
    return Math.max(...(scales.get(name) ?? [name]).map(largestOf));
  }

  function largestOf(name) {
    if (!ranges.has(name)) {
      const values = stepped(name) ? allSteps(name) : value(name, 0);
      let largest = 0;
      for (let k = 0; k < values.length; k += 1) {
        const size = Math.abs(values[k]);
        if (size > largest && size < Infinity) largest = size;
      }
      ranges.set(name, largest);
    }
    return ranges.get(name);
  }

  /** Who answers with this tensor: its own model of several, or the scene's only one. */
  const answering = (name) => groups.get(tensor(name).group) ?? scene.sequence ?? {};

  /** How many operands of the scene read this tensor. */
  const readersOf = (name) => readers.get(name) ?? 0;

  const model = {
    scene, steps, has, tensor, stepped, shape, value, allSteps, number, sent, set, operand, range, readersOf, answering,
    moved: (name, slot) => moved.has(`${name} ${slot}`),
    version: 0,
  };
  return model;
}
