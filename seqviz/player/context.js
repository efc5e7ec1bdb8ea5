// What every part of the picture may ask: words, colours, the model, and where the reader is.
import { readPalette } from "./colour.js";
import { openScene, sizeOf } from "./values.js";
import { fixed } from "./digits.js";
import { predictionAt } from "./speech.js";
import { groupLetter, plainName, visibleToken } from "./symbols.js";
import { rankOf } from "./inspector.js";
import { openSheets, sheetSubject } from "./sheetfacts.js";

let opened = 0;

/**
 * @typedef {object} Context
 * @property {import("./values.js").Model} model
 * @property {import("./cursor.js").State} state
 * @property {import("./colour.js").Palette} palette
 * @property {(action: object) => void} act
 * @property {(place: object|null) => void} hover
 * @property {(place: object|null) => void} choose
 */

/** @returns {Context} */
export function makeContext(shell, payload) {
  opened += 1;
  const ctx = {
    generation: 0,
    picture: 0,
    stem: null,
    equationsOpen: false,
    brokenId: `seqviz-broken-${opened}`,
    brokenFill: `url(#seqviz-broken-${opened})`,
    state: null,
    marked: [],
    looked: null,
    preview: null,
    hoveredToken: null,
    tokenSide: "query",
    palette: readPalette(shell),
    word: (key) => ctx.words[key] ?? key,
    roleWord: (tensor) => ctx.words[`tensor.${plainName(tensor)}`] ?? ctx.word(`role.${tensor.role}`),
    groupLabel: (group) =>
      ctx.model.scene.groups?.find(({ name }) => name === group)?.label ?? groupLetter(group),
    labelWord: ({ label, tensor }) =>
      ctx.words[`label.${label}`] ?? ctx.roleWord(ctx.model.tensor(tensor)),
    short: (value) => fixed(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2),
    token: (text) => visibleToken(text),
    tokenAt: (t) => (ctx.visible(t) ? visibleToken(ctx.model.scene.sequence.inputs[t] ?? "") : "?"),
    tokenIndex: (name, t) => Math.max(0, ctx.model.value(name, t).findIndex((value) => value !== 0)),
    visible: (t) => t === null || ctx.state.future !== "hidden"
      || (ctx.backwards ? t >= ctx.state.t : t <= ctx.state.t),
    focus: () => shell.focus({ preventScroll: true }),
    open(next) {
      const stem = stemOf(next);
      const kept = stem === ctx.stem;
      const scene = kept ? { ...ctx.model.scene, floats: next.scene.floats } : next.scene;
      Object.assign(ctx, { stem, model: openScene(scene), preview: null });
      ctx.generation += 1;
      if (kept) {
        ctx.sheets?.ranges.clear();
        return;
      }
      ctx.picture += 1;
      ctx.words = next.words || {};
      ctx.options = next.options || {};
      Object.assign(ctx, pictureFacts(ctx.model), { sheets: openSheets(ctx.model) });
    },
  };
  ctx.open(payload);
  return ctx;
}

/** All that is sent but the numbers: where this stays, so do the nodes of the picture. */
function stemOf(payload) {
  return JSON.stringify({ ...payload, scene: { ...payload.scene, floats: null } });
}

/** What the picture needs to know of a scene, found once. */
function pictureFacts(model) {
  const { layout, substeps, panels, groups } = model.scene;
  const strips = layout.nodes.filter(({ kind }) => kind === "strip");
  const now = new Set(strips.filter(({ shift }) => !shift).map(({ tensor }) => tensor));
  const shifted = strips.filter(({ shift, tensor }) => shift && now.has(tensor));
  const states = new Set(shifted.map(({ tensor }) => tensor));
  const [state] = [...states, ...panels].slice(-1);
  const focusName = model.has("h") ? "h" : groups?.length ? panels[0] : state;
  return {
    backwards: model.scene.direction === -1,
    states,
    striped: new Set(strips.map(({ tensor }) => tensor)),
    later: new Set(substeps.flatMap(({ tensors }) => tensors)),
    focusName,
    hiddenSize: focusName ? sizeOf(model.shape(focusName)) : 0,
  };
}

/** What is explained before the reader has asked: the subject of the sub-step, or the state. */
export function subjectPlace(ctx) {
  if (ctx.sheets) return sheetSubject(ctx);
  const { t, unit, substep } = ctx.state;
  const tensors = substep === null ? [] : ctx.model.scene.substeps[substep].tensors;
  const last = tensors[tensors.length - 1];
  const said = last === ctx.model.scene.sequence.prediction ? predictionAt(ctx.model, t) : null;
  if (said) return { name: last, t, index: said.index };
  const name = tensors.length === 0 || tensors.includes(ctx.focusName) ? ctx.focusName : tensors[0];
  if (!name) return null;
  return { name, t, index: Math.min(unit, sizeOf(ctx.model.shape(name)) - 1) };
}

/** The explained value, the values it was computed from, and the pins, as marks to draw. */
export function marksOf(ctx, why) {
  const pinned = ctx.state.pins.map((pin) => ({ ...pin, rank: 0, kind: "pinned" }));
  if (!why) return pinned;
  const keyOf = ({ name, t, index }) => `${name} ${t} ${index}`;
  const ranks = new Map();
  why.terms.forEach((row, k) => {
    for (const source of row.sources) ranks.set(keyOf(source), rankOf(why, k));
  });
  const sources = why.sources.map((source) => ({
    ...source,
    kind: "source",
    rank: ranks.get(keyOf(source)) || 0,
  }));
  return [...pinned, ...sources, { ...ctx.looked, rank: 0, kind: "looked" }];
}
