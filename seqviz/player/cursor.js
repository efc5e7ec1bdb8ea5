/**
 * The cursor: where the reader is in a scene. Pure; the player draws what it says.
 *
 * `substep` null shows the whole step. While a sub-step is set, playing goes by sub-steps.
 * `selected` is explained in the inspector and follows the cursor; pins stay at their step.
 *
 * @typedef {{name: string, t: number|null, index: number}} Place
 * @typedef {{steps: number, substeps: number, units: number, direction: 1|-1, sheets: boolean,
 *   heads: number}} Bounds  direction -1: playing and "forward" go to earlier steps, as backpropagation does.
 * @typedef {{t: number, substep: number|null, unit: number, pins: Place[],
 *   selected: Place|null, playing: boolean, speed: number, view: "unrolled"|"rolled",
 *   level: "flow"|"numbers"|"arithmetic", future: "faint"|"hidden", auto: boolean,
 *   hurry: number, rest: number, reduced: boolean, head: number, chosen: boolean, token: number|null,
 *   bounds: Bounds}} State
 *   In sheets the step is the query and the sub-step the stage; `unit` is the column, which
 *   follows the largest weight until the reader has `chosen` one; `token` is highlighted.
 *   While the picture plays by itself (`auto`) it goes `hurry` times as fast, so that the
 *   opening of a long sequence ends within eight seconds.
 */

import { isDrawing, movePoint, pointsThatFit, putBack, turns } from "./points.js";

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 24];
export const LEVELS = ["flow", "numbers", "arithmetic"];
const MOST_PINS = 6;
const PLAY_MS = 800;
const PLAY_FINE_MS = 500;
const PLAY_STAGE_MS = 700;
const OPENING_MS = 8000;

const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const samePlace = (a, b) => a.name === b.name && a.t === b.t && a.index === b.index;

/** What the scene allows: how many steps, sub-steps, and units the main strips have. */
export function boundsOf(model) {
  const { panels, layout, substeps, direction } = model.scene;
  const name = panels?.find((panel) => model.has(panel));
  const units = name ? model.shape(name).reduce((all, length) => all * length, 1) : 1;
  const sheets = (layout?.nodes ?? []).filter(({ kind }) => kind === "sheet");
  const columns = sheets.map(({ tensor }) => model.shape(tensor).slice(-1)[0] ?? 1);
  return {
    steps: model.steps,
    substeps: substeps?.length ?? 0,
    units: Math.max(units, 1, ...columns),
    direction: direction === -1 ? -1 : 1,
    turns: turns(model.scene),
    plain: isDrawing(model.scene),
    sheets: sheets.length > 0,
    heads: Math.max(1, ...sheets.map(({ heads }) => heads?.length ?? 1)),
  };
}

/**
 * @param {{autoplay?: boolean, step?: number|null, reduced?: boolean, unit?: number,
 *   pins?: Place[], substep?: number, head?: number, level?: string, view?: string,
 *   future?: string, speed?: number}} options  reduced: the reader asked for reduced motion.
 * @returns {State}
 */
export function initial(model, options = {}) {
  const bounds = boundsOf(model);
  const rest = clamp(model.scene.rest ?? 0, 0, bounds.steps - 1);
  const reduced = Boolean(options.reduced);
  const asked = options.step ?? null;
  const byStage = bounds.sheets && bounds.substeps > 0;
  const start = byStage ? rest : firstOf(bounds);
  const free = asked === null && (options.substep ?? null) === null && !options.points?.length;
  const auto = Boolean(options.autoplay) && !reduced && free && (byStage || bounds.turns || rest !== start);
  const stage = auto && byStage ? 0 : options.substep ?? null;
  return {
    t: clamp(asked ?? (auto ? start : rest), 0, bounds.steps - 1),
    substep: stage === null || bounds.substeps === 0 ? null : clamp(stage, 0, bounds.substeps - 1),
    unit: clamp(options.unit ?? 0, 0, bounds.units - 1),
    pins: (options.pins ?? []).slice(-MOST_PINS),
    points: pointsThatFit(options.points ?? [], model),
    selected: null,
    playing: auto,
    speed: options.speed ?? 1,
    view: options.view ?? "unrolled",
    level: bounds.plain ? "numbers" : options.level ?? "numbers",
    future: options.future ?? "faint",
    head: clamp(options.head ?? 0, 0, bounds.heads - 1),
    chosen: (options.unit ?? null) !== null,
    token: null,
    auto,
    hurry: Math.max(1, (Math.abs(rest - start) * PLAY_MS) / OPENING_MS),
    rest,
    reduced,
    bounds,
  };
}

/** The same cursor over another scene, playing on if it played: what does not fit is let go. */
export function fit(state, model) {
  const bounds = boundsOf(model);
  const fits = ({ name, t, index }) =>
    model.has(name) && (t === null || t < bounds.steps) && index < elements(model, name);
  return {
    ...state,
    t: clamp(state.t, 0, bounds.steps - 1),
    unit: clamp(state.unit, 0, bounds.units - 1),
    substep: state.substep === null || bounds.substeps === 0 ? null : clamp(state.substep, 0, bounds.substeps - 1),
    pins: state.pins.filter(fits),
    points: pointsThatFit(state.points, model),
    level: bounds.plain ? "numbers" : state.level,
    selected: state.selected && fits(state.selected) ? state.selected : null,
    rest: clamp(model.scene.rest ?? 0, 0, bounds.steps - 1),
    head: clamp(state.head, 0, bounds.heads - 1),
    token: null,
    bounds,
  };
}

function elements(model, name) {
  return model.shape(name).reduce((all, length) => all * length, 1);
}

/** Milliseconds until the next tick while playing. */
export function interval(state) {
  const fine = state.bounds?.sheets ? PLAY_STAGE_MS : PLAY_FINE_MS;
  const speed = state.auto && !state.bounds?.sheets ? state.speed * state.hurry : state.speed;
  return (state.substep === null ? PLAY_MS : fine) / speed;
}

/** The steps that playing begins at and ends at. */
const firstOf = ({ direction, steps }) => (direction < 0 ? steps - 1 : 0);
const lastOf = ({ direction, steps }) => (direction < 0 ? 0 : steps - 1);

/** Is step t at the place that playing stops at, or past it? */
function reached(state, t) {
  const { direction } = state.bounds;
  return direction * (t - (state.auto ? state.rest : lastOf(state.bounds))) >= 0;
}

function move(state, t, substep = state.bounds.sheets ? state.substep : null) {
  const to = clamp(t, 0, state.bounds.steps - 1);
  const { selected } = state;
  const follows = selected && selected.t === state.t;
  return { ...state, t: to, substep, token: null, selected: follows ? { ...selected, t: to } : selected };
}

/** Stage by stage the picture follows the cursor: what was asked before is let go. */
function moveStage(state, by) {
  const next = moveFine(state, by);
  return state.bounds.sheets ? { ...next, selected: null } : next;
}

function moveFine(state, by) {
  const { substeps, steps, direction } = state.bounds;
  if (substeps === 0) return move(state, state.t + direction * by);
  if (state.substep === null) return { ...state, substep: by > 0 ? 0 : substeps - 1 };
  const next = state.substep + by;
  if (next >= 0 && next < substeps) return { ...state, substep: next };
  const t = state.t + direction * by;
  if (t < 0 || t >= steps) return state.bounds.turns ? { ...state, substep: null } : state;
  return move(state, t, next < 0 ? substeps - 1 : 0);
}

function chooseUnit(state, unit) {
  const to = clamp(unit, 0, state.bounds.units - 1);
  const { selected } = state;
  const follows = selected && selected.index === state.unit;
  return { ...state, unit: to, chosen: true, selected: follows ? { ...selected, index: to } : selected };
}

/** Goes to a row and a column of a sheet and pins what stands there. */
function ask(state, { place, t, unit }) {
  const there = unit === null ? state : { ...state, unit, chosen: true };
  return togglePin(t === null ? there : { ...move(there, t), selected: state.selected }, place);
}

function togglePin(state, place) {
  if (!place) return state;
  const rest = state.pins.filter((pin) => !samePlace(pin, place));
  const pins = rest.length < state.pins.length ? rest : [...state.pins, place].slice(-MOST_PINS);
  return { ...state, pins, selected: place };
}

function release(state, all) {
  if (all) return { ...state, selected: null, pins: [] };
  if (state.token !== null) return { ...state, token: null };
  if (state.selected) return { ...state, selected: null };
  return { ...state, pins: state.pins.slice(0, -1) };
}

function play(state) {
  if (state.playing) return { ...state, playing: false, auto: false };
  const done = state.t === lastOf(state.bounds) && atLastSubstep(state);
  const from = done ? move(state, firstOf(state.bounds), state.substep === null ? null : 0) : state;
  return { ...from, playing: true, auto: false };
}

function atLastSubstep({ substep, bounds }) {
  return substep === null || substep >= bounds.substeps - 1;
}

function tick(state) {
  if (!state.playing || state.bounds.turns) return state;
  if (state.auto && state.bounds.sheets) return playOnce(state);
  const next = state.substep === null ? move(state, state.t + state.bounds.direction) : moveFine(state, 1);
  const arrived = reached(state, next.t) && atLastSubstep(next);
  return arrived ? { ...next, playing: false, auto: false } : next;
}

/** By itself a sheet scene plays the stages of one query, and rests on the whole. */
function playOnce(state) {
  if (!atLastSubstep(state)) return moveFine(state, 1);
  return { ...state, substep: null, playing: false, auto: false };
}

const ACTIONS = {
  step: (state, { by }) => move(state, state.t + state.bounds.direction * by),
  fine: (state, { by }) => moveStage(state, by),
  go: (state, { t }) => move(state, t),
  ask,
  token: (state, { index }) => ({ ...state, token: index === state.token ? null : index }),
  point: movePoint,
  turn: movePoint,
  unpoint: putBack,
  head: (state, { head }) => ({ ...state, head: clamp(head, 0, state.bounds.heads - 1), selected: null }),
  home: (state) => move(state, 0),
  end: (state) => move(state, state.bounds.steps - 1),
  unit: (state, { by, unit }) => chooseUnit(state, unit ?? state.unit + by),
  select: (state, { place }) => ({ ...state, selected: place }),
  pin: (state, { place }) => togglePin(state, place ?? state.selected),
  unpin: (state, { place }) => ({ ...state, pins: state.pins.filter((pin) => !samePlace(pin, place)) }),
  release: (state, { all }) => release(state, all),
  play,
  pause: (state) => state,
  tick,
  speed: (state, { speed, by }) => ({ ...state, speed: speed ?? shiftSpeed(state.speed, by) }),
  substeps: (state, { on }) => ({ ...state, substep: on && state.bounds.substeps ? 0 : null }),
  view: (state, { view }) => ({ ...state, view: view ?? (state.view === "rolled" ? "unrolled" : "rolled") }),
  level: (state, { level, by }) =>
    (state.bounds.plain ? state : { ...state, level: level ?? nextLevel(state.level, by) }),
  future: (state, { future }) =>
    ({ ...state, future: future ?? (state.future === "hidden" ? "faint" : "hidden") }),
  reduced: (state, { on }) => ({ ...state, reduced: on, playing: on && state.auto ? false : state.playing }),
};

const KEEP_PLAYING = new Set([
  "tick", "play", "speed", "view", "level", "future", "reduced", "select", "substeps", "head", "turn",
]);

const nextLevel = (level, by) => LEVELS[(LEVELS.indexOf(level) + by + LEVELS.length) % LEVELS.length];

function shiftSpeed(speed, by) {
  const at = SPEEDS.indexOf(speed);
  return SPEEDS[clamp((at < 0 ? SPEEDS.indexOf(1) : at) + by, 0, SPEEDS.length - 1)];
}

/**
 * The next state. Going somewhere by hand stops playing; anything the reader does except
 * looking (select) stops the play that started by itself.
 *
 * @param {State} state
 * @param {{type: string} & Record<string, any>} action
 * @returns {State}
 */
export function reduce(state, action) {
  const act = ACTIONS[action.type];
  if (!act) throw new Error(`no action is called "${action.type}"`);
  const next = act(state, action);
  const stops = state.auto
    ? !["tick", "turn", "select", "reduced"].includes(action.type)
    : !KEEP_PLAYING.has(action.type);
  return stops && next.playing && action.type !== "play" ? { ...next, playing: false, auto: false } : next;
}
