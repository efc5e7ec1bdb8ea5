// The controls: transport, sub-steps, the three levels, the two views, the future, saving.
import { htmlNode, svgNode, setAttribute, setHidden, setText } from "./svg.js";
import { LEVELS, SPEEDS } from "./cursor.js";
import { say } from "./symbols.js";
import { SHEET_PRINTED } from "./sheetgrid.js";

export const ICONS = {
  back: "M15 5 7 12l8 7Z",
  forward: "M9 5l8 7-8 7Z",
  play: "M7 4.5 19 12 7 19.5Z",
  pause: "M7 5h3.6v14H7Zm6.4 0H17v14h-3.6Z",
};
const PLACES = { rotation: "clocks.where" };
const VIEWS = ["unrolled", "rolled"];

/** A sign to stand in a button. */
export function icon(name) {
  const path = svgNode("path", { d: ICONS[name] });
  return {
    svg: svgNode("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, path),
    path,
  };
}

/** A button that gives the focus back to the player. */
export function makeButton(ctx, label, action, attributes = {}, ...inside) {
  const button = htmlNode(
    "button",
    { type: "button", tabindex: -1, ...attributes },
    ...(inside.length ? inside : [label]),
  );
  if (inside.length) button.setAttribute("aria-label", label);
  button.addEventListener("click", () => {
    if (typeof action === "function") action();
    else ctx.act(action);
    ctx.focus();
  });
  return button;
}

/** @param {object} ctx the player's context */
export function makeTransport(ctx) {
  const play = icon("play");
  const word = htmlNode("span", { class: "play-word" });
  const playButton = makeButton(
    ctx,
    ctx.word("player.play"),
    { type: "play" },
    { class: "play" },
    play.svg,
    word,
  );
  const back = makeButton(
    ctx,
    ctx.word("player.back"),
    { type: "step", by: -1 },
    { class: "round", title: "←" },
    icon("back").svg,
  );
  const forward = makeButton(
    ctx,
    ctx.word("player.forward"),
    { type: "step", by: 1 },
    { class: "round", title: "→" },
    icon("forward").svg,
  );
  const place = htmlNode("span", { class: "place" });
  const speed = speedSelect(ctx);
  const buttons = htmlNode("div", { class: "buttons" }, back, playButton, forward);
  const node = htmlNode(
    "div",
    { class: "transport" },
    buttons,
    htmlNode("div", { class: "where" }, place, speed),
  );
  return {
    node,
    draw() {
      const { state } = ctx;
      const name = state.playing ? "pause" : "play";
      if (play.path.getAttribute("d") !== ICONS[name]) play.path.setAttribute("d", ICONS[name]);
      setText(word, ctx.word(`player.${name}`));
      playButton.setAttribute("aria-label", ctx.word(`player.${name}`));
      const at = { t: state.t + 1, T: ctx.model.steps, p: state.t, last: ctx.model.steps - 1 };
      const own = ctx.sheets ? "sheet.place" : PLACES[ctx.model.scene.kind];
      setText(place, own ? say(ctx.words, own, at) : `t = ${at.t} / ${at.T}`);
      const [first, last] = [state.t === 0, state.t >= ctx.model.steps - 1];
      back.disabled = ctx.backwards ? last : first;
      forward.disabled = ctx.backwards ? first : last;
      if (speed.value !== String(state.speed)) speed.value = String(state.speed);
    },
  };
}

function speedSelect(ctx) {
  const options = SPEEDS.map((speed) => htmlNode("option", { value: speed }, `${speed}×`));
  const select = htmlNode(
    "select",
    { class: "speed", tabindex: -1, "aria-label": ctx.word("player.speed"), title: "+ −" },
    ...options,
  );
  select.addEventListener("change", () => {
    ctx.act({ type: "speed", speed: Number(select.value) });
    ctx.focus();
  });
  return select;
}

/** Of buttons that do not all fit, the pressed one stands in the middle. */
function bringIntoView(row, button) {
  if (!button || row.scrollWidth <= row.clientWidth) return;
  row.scrollLeft = button.offsetLeft - row.offsetLeft - (row.clientWidth - button.offsetWidth) / 2;
}

function segmented(ctx, label, choices) {
  const buttons = choices.map(({ word, action, title }) => makeButton(
    ctx,
    word,
    action,
    title ? { title } : {},
  ));
  const node = htmlNode("div", { class: "segmented", role: "group", "aria-label": label }, ...buttons);
  let chosen = null;
  return {
    node,
    choose(at) {
      buttons.forEach((button, k) => {
        const pressed = String(k === at);
        setAttribute(button, "aria-pressed", pressed);
      });
      if (at !== chosen) requestAnimationFrame(() => bringIntoView(node, buttons[at]));
      chosen = at;
    },
  };
}

/** Sub-steps of one step, the level of detail, the view, and what is shown of the future. */
export function makeModes(ctx) {
  const { substeps } = ctx.model.scene;
  const keys = ctx.sheets ? "← →" : "Shift + ← →";
  const inStages = ctx.model.scene.layout.nodes.some(({ kind }) => kind === "sheet" || kind === "plane");
  const whole = { word: ctx.word(inStages ? "sheet.whole" : "player.whole"), action: { type: "substeps", on: false } };
  const parts = substeps.map(({ name }, k) => ({
    word: ctx.word(`substep.${name}`), action: () => ctx.goSubstep(k), title: keys,
  }));
  const fine = segmented(ctx, ctx.word("player.substeps"), [whole, ...parts]);
  fine.node.classList.add("substeps");
  const levels = segmented(ctx, ctx.word("player.level"), LEVELS.map((level, k) => ({
    word: ctx.word(`level.${level}`), action: { type: "level", level }, title: ctx.sheets ? "l" : String(k + 1),
  })));
  const views = segmented(ctx, ctx.word("player.view"), VIEWS.map((view) => ({
    word: ctx.word(`view.${view}`), action: { type: "view", view }, title: "v",
  })));
  const future = makeButton(
    ctx,
    ctx.word("player.predict_first"),
    { type: "future" },
    { class: "toggle", title: "h" },
  );
  const node = htmlNode("div", { class: "modes" }, levels.node, views.node, future);
  const { nodes, wires } = ctx.model.scene.layout;
  setHidden(levels.node, nodes.length === 0);
  setHidden(views.node, !wires.some(({ view }) => view === "rolled"));
  return {
    node,
    substeps: fine.node,
    draw() {
      const { state } = ctx;
      fine.choose(state.substep === null ? 0 : state.substep + 1);
      levels.choose(LEVELS.indexOf(state.level));
      views.choose(VIEWS.indexOf(state.view));
      future.setAttribute("aria-pressed", String(state.future === "hidden"));
    },
  };
}

const SAVE_KEYS = { svg: "s", png: "p", csv: "d" };
const HINTS = [
  ["← →", "hint.step"],
  ["Shift ← →", "hint.substep"],
  ["Space", "hint.play"],
  ["↑ ↓", "hint.unit"],
  ["[ ]", "hint.value"],
  ["Enter", "hint.pin"],
  ["Esc", "hint.release"],
  ["1 2 3", "hint.level"],
  ["e", "hint.equations"],
];
const MOST_HEADS = 8;
const SHEET_HINTS = [
  ["← →", "hint.stage"],
  ["↑ ↓", "hint.query"],
  ["[ ]", "hint.column"],
  ["Space", "hint.play"],
  ["1 – h", "hint.head"],
  ["Enter", "hint.pin"],
  ["Esc", "hint.release"],
  ["0", "hint.everything"],
  ["l", "hint.level"],
  ["z Z", "hint.zoom"],
];
const OF_A_DIAGRAM = ["hint.substep", "hint.level", "hint.equations"];

/** The key hints and, where a download is possible, what can be saved. */
export function makeFoot(ctx, save, own = null) {
  const plain = ctx.model.scene.layout.nodes.length === 0;
  const one = ctx.sheets?.heads === 1;
  const few = ctx.sheets && Math.max(ctx.sheets.queries.length, ctx.sheets.keys.length) <= SHEET_PRINTED;
  const apply = own ?? (ctx.sheets
    ? SHEET_HINTS.filter(([, word]) => !(one && word === "hint.head") && !(few && word === "hint.zoom"))
    : HINTS.filter(([, word]) => !(plain && OF_A_DIAGRAM.includes(word))));
  const hints = apply.map(([keys, word]) => htmlNode(
    "span",
    {},
    htmlNode("kbd", {}, word === "hint.head" ? `1 – ${Math.min(MOST_HEADS, ctx.sheets.heads)}` : keys),
    ` ${ctx.word(word)}`,
  ));
  const node = htmlNode(
    "footer",
    { class: "foot" },
    htmlNode("div", { class: "hints muted", "aria-hidden": "true" }, ...hints),
  );
  if (ctx.options.downloads) {
    const title = htmlNode("span", { class: "muted" }, ctx.word("save.title"));
    const buttons = Object.entries(save).map(([kind, act]) =>
      makeButton(ctx, kind.toUpperCase(), act, { class: "quiet", title: SAVE_KEYS[kind] }));
    node.append(htmlNode("div", { class: "save" }, title, ...buttons));
  }
  return node;
}
