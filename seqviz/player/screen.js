// The screen: the parts of the picture, arranged, drawn at every change, played by a clock.
import { htmlNode, setText } from "./svg.js";
import { readPalette, themeKey } from "./colour.js";
import { reduce, interval } from "./cursor.js";
import { sentence } from "./speech.js";
import { say } from "./symbols.js";
import { marksOf, subjectPlace } from "./context.js";
import { formOf } from "./forms.js";
import { samePlaceAs, whyOf } from "./inspector.js";
import { placePoints } from "./points.js";
import { sheetSentence, stageSentence } from "./sheetspeech.js";

const WIDE = 880;
const SMALL = 560;
const ZOOM_FROM = 1500;
const ZOOM_MOST = 1.4;
const SPEAK_AFTER_MS = 400;
const MOST_BEHIND = 3;

/**
 * @param {import("./context.js").Context} ctx
 * @param {HTMLElement} shell
 * @param {(state: object) => void} changed  told of every new state
 */
export function makeScreen(ctx, shell, changed) {
  const spoken = htmlNode("p", { class: "spoken", "aria-live": "polite" });
  const screen = { form: null, parts: null, hovered: null, outer: 0, zoom: 1, widths: new Map(), speaking: 0, playing: 0, due: 0 };
  Object.assign(ctx, {
    act: (action) => act(ctx, shell, screen, spoken, changed, action),
    hover: (place) => hover(ctx, shell, screen, place),
    choose: (place) => place && ctx.act({ type: "pin", place }),
    goSubstep: (k) => goSubstep(ctx, k),
    previewHead: (head) => previewHead(ctx, shell, screen, spoken, head),
    hoverToken: (label) => hoverToken(ctx, screen, label),
    chooseToken: (label) => chooseToken(ctx, label),
    zoom: (by) => screen.parts.zoom && zoom(screen, by),
    save: (kind) => ctx.options.downloads && screen.parts.save[kind](),
    toggleEquations: () => screen.form.toggleEquations(screen.parts),
  });
  return {
    assemble: () => assemble(ctx, shell, screen, spoken),
    resize: () => resize(ctx, shell, screen, spoken, outerOf(shell, screen)),
    run: () => run(ctx, screen),
    stop() {
      cancelAnimationFrame(screen.playing);
      clearTimeout(screen.speaking);
      if (screen.parts) screen.form.still(screen.parts);
    },
  };
}

/**
 * The picture of the scene, the words and the theme that hold now. Its parts are made anew, unless
 * nothing but numbers has changed: then they stay and are filled with the new ones.
 */
function assemble(ctx, shell, screen, spoken) {
  const theme = themeKey(shell);
  const kept = screen.picture === ctx.picture && screen.theme === theme && screen.form.renew;
  if (theme !== screen.theme) ctx.palette = readPalette(shell);
  Object.assign(screen, { theme, picture: ctx.picture, hovered: null });
  ctx.generation += 1;
  if (screen.parts) screen.form.still(screen.parts);
  placePoints(ctx.model, ctx.state.points);
  const outer = screen.outer || outerOf(shell, screen);
  screen.outer = 0;
  if (kept) screen.form.renew(screen.parts);
  else makeParts(ctx, shell, screen, spoken);
  resize(ctx, shell, screen, spoken, outer);
}

function makeParts(ctx, shell, screen, spoken) {
  screen.form = formOf(ctx.model.scene);
  screen.parts = screen.form.make(ctx);
  shell.dataset.form = screen.form.name;
  shell.setAttribute("aria-label", say(ctx.words, "player.label", { title: ctx.model.scene.title }));
  shell.style.setProperty("--ring", ctx.palette.line("hidden"));
  shell.replaceChildren(...screen.form.arrange(screen.parts), spoken);
}

/** The width of the place on the page; asking for it makes the browser lay everything out. */
function outerOf(shell, screen) {
  return Math.floor(shell.clientWidth * screen.zoom);
}

function resize(ctx, shell, screen, spoken, outer) {
  if (!screen.parts || outer === 0 || outer === screen.outer) return;
  screen.outer = outer;
  screen.zoom = Math.min(ZOOM_MOST, Math.max(1, outer / ZOOM_FROM));
  shell.style.zoom = screen.zoom;
  const width = outer / screen.zoom;
  shell.classList.toggle("wide", width >= WIDE);
  shell.classList.toggle("small", width < SMALL);
  reshape(ctx, shell, screen, spoken);
}

/** Everything whose place depends on the width, then everything that depends on the step. */
function reshape(ctx, shell, screen, spoken) {
  shell.dataset.level = ctx.state.level;
  shell.dataset.view = ctx.state.view;
  const { panels } = ctx.model.scene;
  const maps = ctx.sheets?.maps ? ctx.sheets.heads : 0;
  const same = [screen.form.name, screen.outer, ctx.state.level, panels.length, maps].join(" ");
  screen.widths.set(same, screen.form.measure(screen.parts, screen.widths.get(same)));
  draw(ctx, shell, screen, spoken);
}

/** Chooses what is explained, and marks where it came from. */
function look(ctx, shell, screen) {
  const chosen = screen.hovered || ctx.state.selected;
  const asked = Boolean(chosen && ctx.visible(chosen.t));
  ctx.looked = asked ? chosen : subjectPlace(ctx);
  shell.dataset.asked = String(Boolean(ctx.state.selected));
  const why = ctx.state.level === "flow" && !asked ? null : whyOf(ctx, ctx.looked);
  ctx.marked = marksOf(ctx, asked ? why : null);
  screen.parts.inspector.draw(ctx.looked, why);
}

function draw(ctx, shell, screen, spoken) {
  const { parts } = screen;
  const { state } = ctx;
  shell.dataset.future = state.future;
  look(ctx, shell, screen);
  for (const part of screen.form.drawn) parts[part].draw();
  setText(parts.sentence, sentenceOf(ctx));
  clearTimeout(screen.speaking);
  screen.speaking = setTimeout(() => setText(spoken, parts.sentence.textContent), SPEAK_AFTER_MS);
}

function sentenceOf(ctx) {
  const { substep } = ctx.state;
  if (ctx.sheets && substep === null) return sheetSentence(ctx);
  if (substep === null) return sentence(ctx.model, ctx.state, ctx.words);
  const { name } = ctx.model.scene.substeps[substep];
  if (ctx.sheets) return stageSentence(ctx, name);
  return `${ctx.word(`substep.${name}`)}: ${ctx.word(`about.${name}`)}`;
}

/** Another head is shown as long as the reader points at it. */
function previewHead(ctx, shell, screen, spoken, head) {
  if (head === ctx.preview) return;
  ctx.preview = head;
  draw(ctx, shell, screen, spoken);
}

/** A token that the reader points at is lit in every sheet. */
function hoverToken(ctx, screen, label) {
  const index = label ? label.index : null;
  if (index === ctx.hoveredToken) return;
  ctx.hoveredToken = index;
  if (label) ctx.tokenSide = label.side;
  for (const part of screen.form.marked) screen.parts[part].draw();
}

/** The cursor goes to a token, which stays lit until it is chosen again. */
function chooseToken(ctx, { side, index }) {
  const again = ctx.state.token === index && ctx.tokenSide === side;
  ctx.tokenSide = side;
  if (!again) ctx.act(side === "query" ? { type: "go", t: index } : { type: "unit", unit: index });
  ctx.act({ type: "token", index });
}

function zoom(screen, by) {
  screen.parts.sheets.zoom(by);
  screen.parts.zoom.draw();
}

function hover(ctx, shell, screen, place) {
  if (samePlaceAs(place, screen.hovered) || (!place && !screen.hovered)) return;
  screen.hovered = place;
  look(ctx, shell, screen);
  for (const part of screen.form.marked) screen.parts[part].draw();
}

function act(ctx, shell, screen, spoken, changed, action) {
  const before = ctx.state;
  ctx.state = reduce(before, action);
  const { state } = ctx;
  if (state === before) return;
  if (before.points !== state.points) placePoints(ctx.model, state.points);
  const { hovered } = screen;
  if (hovered && hovered.t === before.t) screen.hovered = { ...hovered, t: state.t };
  if (before.level !== state.level || before.view !== state.view) reshape(ctx, shell, screen, spoken);
  else draw(ctx, shell, screen, spoken);
  if (before.t !== state.t || before.substep !== state.substep) {
    screen.form.animate(screen.parts, state.playing ? 0.9 * interval(state) : Infinity);
  }
  changed(state);
  if (state.playing && !before.playing) run(ctx, screen);
}

function goSubstep(ctx, k) {
  if (ctx.state.substep === null) ctx.act({ type: "substeps", on: true });
  ctx.act({ type: "fine", by: k - ctx.state.substep });
}

/** Plays by the clock of the screen; a late frame is caught up with, never skipped over. */
function run(ctx, screen) {
  cancelAnimationFrame(screen.playing);
  screen.due = performance.now() + interval(ctx.state);
  const beat = (now) => {
    if (!ctx.state.playing) return;
    if (now >= screen.due) {
      const every = interval(ctx.state);
      screen.due = now - screen.due > MOST_BEHIND * every ? now + every : screen.due + every;
      ctx.act({ type: "tick" });
    }
    screen.playing = requestAnimationFrame(beat);
  };
  if (ctx.state.playing) screen.playing = requestAnimationFrame(beat);
}
