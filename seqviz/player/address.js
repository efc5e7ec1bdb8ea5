/**
 * The cursor in the page's address: ?t=3&u=2&pin=f.3.2 (name.step.unit), counted from 1, and
 * where they are not as at first the stage `s`, the `head`, and how the picture is shown.
 *
 * Everything else in the address stays as it is, letter by letter. Where a frame has no
 * address of its own, reading gives nothing and writing does nothing.
 */
import { sizeOf } from "./values.js";
import { readPoint, writePoint } from "./points.js";
import { LEVELS, SPEEDS, boundsOf } from "./cursor.js";

const REST_MS = 300;
const SHOWN = {
  level: { choices: LEVELS, first: "numbers" },
  view: { choices: ["unrolled", "rolled"], first: "unrolled" },
  future: { choices: ["faint", "hidden"], first: "faint" },
  speed: { choices: SPEEDS.map(String), first: "1" },
};
const OURS = ["t", "u", "pin", "point", "s", "head", ...Object.keys(SHOWN)];

function wholeNumber(text) {
  return /^\d{1,9}$/.test(text ?? "") ? Number(text) : null;
}

const inRange = (n, most) => Math.min(Math.max(n, 1), most) - 1;

function readPin(text, model) {
  const [, name, stepText, unitText] = /^(.+)\.(\d{1,9})\.(\d{1,9})$/.exec(text) ?? [];
  if (!name || !model.has(name)) return null;
  const size = sizeOf(model.shape(name));
  if (size === 0) return null;
  const t = model.stepped(name) ? inRange(Number(stepText), model.steps) : null;
  return { name, t, index: inRange(Number(unitText), size) };
}

/** How the picture is shown, as far as the address says so. */
function readShown(parameters) {
  const found = {};
  for (const [key, { choices }] of Object.entries(SHOWN)) {
    const value = parameters.get(key);
    if (choices.includes(value)) found[key] = key === "speed" ? Number(value) : value;
  }
  return found;
}

/** Where the reader has put points of a plane. */
function readPoints(parameters) {
  const points = parameters.getAll("point").map(readPoint).filter(Boolean);
  return points.length > 0 ? { points } : {};
}

/** "?t=3&u=2" → {step: 2, unit: 1, pins: []}; what is missing or nonsense is null or left out. */
export function readAddress(search, model) {
  const parameters = new URLSearchParams(search);
  const { substeps, heads } = boundsOf(model);
  const [t, u, s, head] = ["t", "u", "s", "head"].map((key) => wholeNumber(parameters.get(key)));
  return {
    step: t === null ? null : inRange(t, model.steps),
    unit: u === null ? null : Math.max(u, 1) - 1,
    pins: parameters.getAll("pin").map((text) => readPin(text, model)).filter(Boolean),
    ...readPoints(parameters),
    ...(s === null || substeps === 0 ? {} : { substep: inRange(s, substeps) }),
    ...(head === null ? {} : { head: inRange(head, heads) }),
    ...readShown(parameters),
  };
}

function parameterName(piece) {
  const name = piece.split("=", 1)[0];
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The query with the cursor's place in it, the other parameters untouched and first. */
export function writeAddress(search, state) {
  const { t, unit, pins, points, substep, head, chosen } = state;
  const others = search.replace(/^\?/, "").split("&")
    .filter((piece) => piece !== "" && !OURS.includes(parameterName(piece)));
  const pinned = pins.map((pin) =>
    `pin=${encodeURIComponent(pin.name)}.${(pin.t ?? 0) + 1}.${pin.index + 1}`);
  const shown = Object.entries(SHOWN)
    .filter(([key, { first }]) => state[key] !== undefined && String(state[key]) !== first)
    .map(([key]) => `${key}=${state[key]}`);
  return `?${[
    ...others,
    `t=${t + 1}`,
    ...(state.bounds?.sheets && !chosen ? [] : [`u=${unit + 1}`]),
    ...((substep ?? null) === null ? [] : [`s=${substep + 1}`]),
    ...(head ? [`head=${head + 1}`] : []),
    ...shown,
    ...pinned,
    ...(points ?? []).map(writePoint),
  ].join("&")}`;
}

const browserClock = {
  set: (act, delay) => setTimeout(act, delay),
  clear: (timer) => clearTimeout(timer),
};

/**
 * The address of a window: `read(model)` once at the start, `write(state)` at every change;
 * it is written when the cursor has rested. `flush()` writes at once, `stop()` never again.
 *
 * @param {Window} view
 * @param {{set: (act: () => void, delay: number) => any, clear: (timer: any) => void}} clock
 */
export function openAddress(view, clock = browserClock) {
  let timer = null;
  let waiting = null;
  let stopped = false;

  function flush() {
    if (timer !== null) clock.clear(timer);
    timer = null;
    if (waiting === null || stopped) return;
    const state = waiting;
    waiting = null;
    replace(view, state);
  }

  return {
    read: (model) => readAddress(searchOf(view), model),
    write(state) {
      if (stopped) return;
      waiting = state;
      if (timer !== null) clock.clear(timer);
      timer = clock.set(flush, REST_MS);
    },
    flush,
    stop() {
      if (timer !== null) clock.clear(timer);
      timer = null;
      stopped = true;
    },
  };
}

function searchOf(view) {
  try {
    return view.location.search ?? "";
  } catch {
    return "";
  }
}

function replace(view, state) {
  try {
    const { location, history } = view;
    const search = writeAddress(location.search, state);
    if (location.protocol === "about:" || search === location.search) return;
    history.replaceState(history.state, "", `${location.pathname}${search}${location.hash}`);
  } catch {
    // a sandboxed frame has no address to write
  }
}
