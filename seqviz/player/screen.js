// The screen: the parts of the picture, arranged, drawn at every change, played by a clock.
import { htmlNode, setHidden, setText } from "./svg.js";
import { readPalette, themeKey } from "./colour.js";
import { reduce, interval } from "./cursor.js";
import { sentence } from "./speech.js";
import { say } from "./symbols.js";
import { marksOf, subjectPlace } from "./context.js";
import { makeDiagram } from "./diagram.js";
import { makeFlow } from "./flow.js";
import { makePanels } from "./panels.js";
import { makeTokens } from "./tokens.js";
import { makeGradient } from "./gradient.js";
import { makeInspector, samePlaceAs, whyOf } from "./inspector.js";
import { makeEquations } from "./equations.js";
import { makeFoot, makeModes, makeTransport } from "./controls.js";
import { makeSave } from "./save.js";

const DRAWN = ["diagram", "panels", "tokens", "gradient", "transport", "modes", "equations"];
const WIDE = 880;
const SMALL = 560;
const DIAGRAM_LEAST = 260;
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
  const screen = { parts: null, hovered: null, outer: 0, zoom: 1, speaking: 0, playing: 0, due: 0 };
  Object.assign(ctx, {
    act: (action) => act(ctx, shell, screen, spoken, changed, action),
    hover: (place) => hover(ctx, shell, screen, place),
    choose: (place) => place && ctx.act({ type: "pin", place }),
    goSubstep: (k) => goSubstep(ctx, k),
    save: (kind) => ctx.options.downloads && screen.parts.save[kind](),
    toggleEquations: () => screen.parts.equations.toggle(),
  });
  return {
    assemble: () => assemble(ctx, shell, screen, spoken),
    resize: () => resize(ctx, shell, screen, spoken),
    run: () => run(ctx, screen),
    stop() {
      cancelAnimationFrame(screen.playing);
      clearTimeout(screen.speaking);
      if (screen.parts) screen.parts.flow.stop();
    },
  };
}

/** Every part anew, from the scene, the words and the theme that hold now. */
function assemble(ctx, shell, screen, spoken) {
  const theme = themeKey(shell);
  if (theme !== screen.theme) ctx.palette = readPalette(shell);
  screen.theme = theme;
  ctx.generation += 1;
  if (screen.parts) screen.parts.flow.stop();
  Object.assign(screen, { parts: makeParts(ctx), hovered: null, outer: 0 });
  shell.setAttribute("aria-label", say(ctx.words, "player.label", { title: ctx.model.scene.title }));
  shell.style.setProperty("--ring", ctx.palette.line("hidden"));
  shell.replaceChildren(...arrange(screen.parts), spoken);
  resize(ctx, shell, screen, spoken);
}

function resize(ctx, shell, screen, spoken) {
  const outer = Math.floor(shell.clientWidth * screen.zoom);
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
  const { parts } = screen;
  shell.dataset.level = ctx.state.level;
  shell.dataset.view = ctx.state.view;
  parts.diagram.build(Math.max(DIAGRAM_LEAST, Math.floor(parts.stage.clientWidth)));
  parts.panels.paint();
  parts.tokens.resize(Math.floor(parts.tokens.node.clientWidth));
  parts.gradient.paint(Math.floor(parts.gradient.node.clientWidth));
  draw(ctx, shell, screen, spoken);
}

/** Chooses what is explained, and marks where it came from. */
function look(ctx, shell, screen) {
  const chosen = screen.hovered || ctx.state.selected;
  const asked = Boolean(chosen && ctx.visible(chosen.t));
  ctx.looked = asked ? chosen : subjectPlace(ctx);
  const why = ctx.state.level === "flow" && !asked ? null : whyOf(ctx, ctx.looked);
  ctx.marked = marksOf(ctx, asked ? why : null);
  screen.parts.inspector.draw(ctx.looked, why);
}

function draw(ctx, shell, screen, spoken) {
  const { parts } = screen;
  const { state } = ctx;
  shell.dataset.future = state.future;
  look(ctx, shell, screen);
  for (const part of DRAWN) parts[part].draw();
  setText(parts.sentence, sentenceOf(ctx));
  clearTimeout(screen.speaking);
  screen.speaking = setTimeout(() => setText(spoken, parts.sentence.textContent), SPEAK_AFTER_MS);
}

function sentenceOf(ctx) {
  const { substep } = ctx.state;
  if (substep === null) return sentence(ctx.model, ctx.state, ctx.words);
  const { name } = ctx.model.scene.substeps[substep];
  return `${ctx.word(`substep.${name}`)}: ${ctx.word(`about.${name}`)}`;
}

function hover(ctx, shell, screen, place) {
  if (samePlaceAs(place, screen.hovered) || (!place && !screen.hovered)) return;
  screen.hovered = place;
  look(ctx, shell, screen);
  for (const part of ["diagram", "panels", "gradient"]) screen.parts[part].draw();
}

function act(ctx, shell, screen, spoken, changed, action) {
  const before = ctx.state;
  ctx.state = reduce(before, action);
  const { state } = ctx;
  if (state === before) return;
  const { hovered } = screen;
  if (hovered && hovered.t === before.t) screen.hovered = { ...hovered, t: state.t };
  if (before.level !== state.level || before.view !== state.view) reshape(ctx, shell, screen, spoken);
  else draw(ctx, shell, screen, spoken);
  if (before.t !== state.t || before.substep !== state.substep) {
    screen.parts.flow.start(
      screen.parts.diagram.wires(),
      state.playing ? 0.9 * interval(state) : Infinity,
    );
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

function makeParts(ctx) {
  const parts = {
    transport: makeTransport(ctx),
    modes: makeModes(ctx),
    tokens: makeTokens(ctx),
    diagram: makeDiagram(ctx),
    inspector: makeInspector(ctx),
    panels: makePanels(ctx),
    gradient: makeGradient(ctx),
    equations: makeEquations(ctx),
    flow: makeFlow(ctx),
    sentence: htmlNode("p", { class: "sentence", "aria-hidden": "true" }),
  };
  parts.tokens.build();
  parts.panels.build();
  parts.ghost = htmlNode("p", { class: "ghost-legend muted small" }, ctx.word("ghost.legend"));
  setHidden(parts.ghost, Object.keys(ctx.model.scene.ghost).length === 0);
  parts.stage = htmlNode("div", { class: "stage" }, parts.diagram.node);
  parts.save = makeSave(ctx, parts.diagram.node, parts.panels.node);
  parts.foot = makeFoot(ctx, parts.save);
  return parts;
}

function arrange(parts) {
  return [
    htmlNode("div", { class: "top" }, parts.transport.node, parts.tokens.node),
    htmlNode("div", { class: "bar" }, parts.modes.substeps, parts.modes.node),
    parts.sentence,
    htmlNode("div", { class: "middle" }, parts.stage, parts.inspector.node),
    parts.ghost,
    parts.panels.node,
    parts.gradient.node,
    parts.equations.node,
    parts.foot,
  ];
}
