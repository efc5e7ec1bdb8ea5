// The player: opens a scene, keeps the cursor, and draws whatever the cursor says.
import { htmlNode, setText } from "./svg.js";
import { readPalette, themeKey } from "./colour.js";
import { openScene, sizeOf } from "./values.js";
import { initial, reduce, fit, interval, keyAction, controlKind } from "./cursor.js";
import { openAddress } from "./address.js";
import { sentence } from "./speech.js";
import { say, visibleToken } from "./symbols.js";
import { fixed } from "./digits.js";
import { makeDiagram } from "./diagram.js";
import { makeFlow } from "./flow.js";
import { makePanels } from "./panels.js";
import { makeTokens } from "./tokens.js";
import { makeGradient } from "./gradient.js";
import { makeInspector, rankOf, whyOf } from "./inspector.js";
import { makeEquations } from "./equations.js";
import { makeFoot, makeModes, makeTransport } from "./controls.js";
import { makeSave } from "./save.js";

const WIDE = 880;
const SPEAK_AFTER_MS = 400;
const MOST_BEHIND = 3;
let opened = 0;

/**
 * Shows a scene in `root` and plays it.
 * @param {HTMLElement|ShadowRoot} root
 * @param {{scene: object, words: Object<string, string>, options: object}} payload
 * @returns {{update: (payload: object) => void, destroy: () => void}}
 */
export function mount(root, payload) {
  const shell = htmlNode("div", { class: "seqviz", tabindex: 0, role: "application" });
  const spoken = htmlNode("p", { class: "spoken", "aria-live": "polite" });
  root.append(shell);
  const ctx = makeContext(shell, payload);
  const address = ctx.options.address ? openAddress(window) : null;
  const asked = address ? address.read(ctx.model) : {};
  ctx.state = initial(ctx.model, { ...ctx.options, ...present(asked), reduced: stillness().matches });
  const screen = makeScreen(ctx, shell, spoken, address);
  const stop = listenAll(ctx, shell, screen);
  screen.assemble();
  screen.run();
  return {
    update(next) {
      ctx.open(next);
      ctx.state = fit(ctx.state, ctx.model);
      screen.assemble();
    },
    destroy() {
      stop();
      screen.stop();
      if (address) address.stop();
      shell.remove();
    },
  };
}

function present(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

function stillness() {
  return matchMedia("(prefers-reduced-motion: reduce)");
}

/** What every part of the picture may ask: words, colours, the model, and where the reader is. */
function makeContext(shell, payload) {
  opened += 1;
  const ctx = {
    generation: 0,
    equationsOpen: false,
    brokenId: `seqviz-broken-${opened}`,
    brokenFill: `url(#seqviz-broken-${opened})`,
    state: null,
    marked: [],
    looked: null,
    palette: readPalette(shell),
    word: (key) => ctx.words[key] ?? key,
    roleWord: (tensor) => ctx.words[`tensor.${tensor.name}`] ?? ctx.word(`role.${tensor.role}`),
    labelWord: ({ label, tensor }) => ctx.words[label] ?? ctx.words[`tensor.${label}`] ?? ctx.roleWord(ctx.model.tensor(tensor)),
    short: (value) => fixed(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2),
    token: (text) => visibleToken(text),
    tokenAt: (t) => (ctx.visible(t) ? visibleToken(ctx.model.scene.sequence.inputs[t] ?? "") : "?"),
    tokenIndex: (name, t) => Math.max(0, ctx.model.value(name, t).findIndex((value) => value !== 0)),
    visible: (t) => t === null || t <= ctx.state.t || ctx.state.future !== "hidden",
    focus: () => shell.focus({ preventScroll: true }),
    open(next) {
      ctx.words = next.words || {};
      ctx.options = next.options || {};
      ctx.model = openScene(next.scene);
      ctx.generation += 1;
      Object.assign(ctx, pictureFacts(ctx.model));
    },
  };
  ctx.open(payload);
  return ctx;
}

/** What the picture needs to know of a scene, found once. */
function pictureFacts(model) {
  const { layout, substeps, panels } = model.scene;
  const strips = layout.nodes.filter(({ kind }) => kind === "strip");
  const states = new Set(strips.filter(({ shift }) => shift === -1).map(({ tensor }) => tensor));
  const [state] = [...states, ...panels].slice(-1);
  const focus = model.has("h") ? "h" : state;
  return {
    states,
    striped: new Set(strips.map(({ tensor }) => tensor)),
    later: new Set(substeps.flatMap(({ tensors }) => tensors)),
    focusName: focus,
    hiddenSize: focus ? sizeOf(model.shape(focus)) : 0,
  };
}

function makeScreen(ctx, shell, spoken, address) {
  let parts = null;
  let hovered = null;
  let width = 0;
  let speaking = 0;
  let playing = 0;
  let due = 0;

  function assemble() {
    ctx.palette = readPalette(shell);
    ctx.generation += 1;
    hovered = null;
    const old = parts;
    parts = makeParts(ctx);
    if (old) old.flow.stop();
    setText(spoken, "");
    shell.setAttribute("aria-label", say(ctx.words, "player.label", { title: ctx.model.scene.title }));
    shell.replaceChildren(...arrange(parts), spoken);
    width = 0;
    resize();
  }

  function resize() {
    const now = Math.floor(shell.clientWidth);
    if (!parts || now === 0 || now === width) return;
    width = now;
    shell.classList.toggle("wide", width >= WIDE);
    shell.classList.toggle("small", width < 560);
    reshape();
  }

  /** Everything whose place depends on the width, then everything that depends on the step. */
  function reshape() {
    shell.dataset.level = ctx.state.level;
    shell.dataset.view = ctx.state.view;
    parts.diagram.build(Math.floor(parts.stage.clientWidth));
    parts.panels.paint();
    parts.tokens.resize(Math.floor(parts.tokens.node.clientWidth));
    parts.gradient.paint(Math.floor(parts.gradient.node.clientWidth));
    draw();
  }

  function look() {
    const { selected, t, unit, level } = ctx.state;
    const chosen = hovered || selected;
    const fallback = level !== "flow" && ctx.focusName ? { name: ctx.focusName, t, index: unit } : null;
    ctx.looked = chosen && ctx.visible(chosen.t) ? chosen : fallback;
    const why = whyOf(ctx, ctx.looked);
    ctx.marked = marksOf(ctx, chosen === ctx.looked ? why : null);
    parts.inspector.draw(ctx.looked, why);
    shell.classList.toggle("asked", Boolean(chosen));
  }

  function draw() {
    const { state } = ctx;
    shell.dataset.future = state.future;
    look();
    parts.diagram.draw();
    parts.panels.draw();
    parts.tokens.draw();
    parts.gradient.draw();
    parts.transport.draw();
    parts.modes.draw();
    parts.equations.draw();
    setText(parts.sentence, sentence(ctx.model, state, ctx.words));
    clearTimeout(speaking);
    speaking = setTimeout(() => setText(spoken, parts.sentence.textContent), SPEAK_AFTER_MS);
  }

  function hover(place) {
    if (JSON.stringify(place) === JSON.stringify(hovered)) return;
    hovered = place;
    look();
    parts.diagram.draw();
    parts.panels.draw();
    parts.gradient.draw();
  }

  function act(action) {
    const before = ctx.state;
    ctx.state = reduce(before, action);
    if (ctx.state === before) return;
    const reshaped = before.level !== ctx.state.level || before.view !== ctx.state.view;
    if (reshaped) reshape();
    else draw();
    if (before.t !== ctx.state.t || before.substep !== ctx.state.substep) {
      parts.flow.start(parts.diagram.wires(), ctx.state.playing ? 0.9 * interval(ctx.state) : Infinity);
    }
    if (address) address.write(ctx.state);
    if (ctx.state.playing && !before.playing) run();
  }

  function run() {
    cancelAnimationFrame(playing);
    due = performance.now() + interval(ctx.state);
    if (ctx.state.playing) playing = requestAnimationFrame(beat);
  }

  function beat(now) {
    if (!ctx.state.playing) return;
    if (now >= due) {
      const every = interval(ctx.state);
      due = now - due > MOST_BEHIND * every ? now + every : due + every;
      act({ type: "tick" });
    }
    if (ctx.state.playing) playing = requestAnimationFrame(beat);
  }

  Object.assign(ctx, {
    act,
    hover,
    choose: (place) => place && act({ type: "pin", place }),
    goSubstep(k) {
      if (ctx.state.substep === null) act({ type: "substeps", on: true });
      act({ type: "fine", by: k - ctx.state.substep });
    },
  });
  return {
    assemble,
    resize,
    run,
    stop() {
      cancelAnimationFrame(playing);
      clearTimeout(speaking);
      if (parts) parts.flow.stop();
    },
  };
}

/** The explained value, the values it was computed from, and the pins. */
function marksOf(ctx, why) {
  const pinned = ctx.state.pins.map((pin) => ({ ...pin, rank: 0, kind: "pinned" }));
  if (!why) return pinned;
  const ranks = new Map();
  why.terms.forEach((row, k) => {
    for (const source of row.sources) ranks.set(`${source.name} ${source.t} ${source.index}`, rankOf(why, k));
  });
  const sources = why.sources.map((source) =>
    ({ ...source, kind: "source", rank: ranks.get(`${source.name} ${source.t} ${source.index}`) || 0 }));
  return [...pinned, ...sources, { ...ctx.looked, rank: 0, kind: "looked" }];
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
  parts.stage = htmlNode("div", { class: "stage" }, parts.diagram.node);
  parts.foot = makeFoot(ctx, makeSave(ctx, parts.diagram.node, parts.panels.node));
  return parts;
}

function arrange({ transport, tokens, sentence: words, modes, stage, inspector, panels, gradient, equations, foot }) {
  return [
    htmlNode("div", { class: "top" }, transport.node, tokens.node),
    htmlNode("div", { class: "bar" }, modes.substeps, modes.node),
    words,
    htmlNode("div", { class: "middle" }, stage, inspector.node),
    panels.node,
    gradient.node,
    equations.node,
    foot,
  ];
}

/** Every listener the player holds outside its own nodes; the answer takes them off again. */
function listenAll(ctx, shell, screen) {
  const page = shell.ownerDocument;
  const still = stillness();
  let theme = themeKey(shell);
  const onKey = (event) => {
    const path = event.composedPath();
    const action = keyAction(event, path.includes(shell), path[0] === shell ? false : controlKind(path[0]));
    if (!action) return;
    event.preventDefault();
    ctx.act(action.type === "pin" && !ctx.state.selected ? { ...action, place: ctx.looked } : action);
  };
  const onStill = () => ctx.act({ type: "reduced", on: still.matches });
  const onTheme = (event) => {
    if (event.target !== shell) return;
    const now = themeKey(shell);
    if (now === theme) return;
    theme = now;
    screen.assemble();
  };
  const onTouch = () => ctx.state.auto && ctx.act({ type: "pause" });
  const observer = new ResizeObserver(() => screen.resize());
  observer.observe(shell);
  page.addEventListener("keydown", onKey);
  page.addEventListener("pointerdown", onTouch);
  still.addEventListener("change", onStill);
  shell.addEventListener("transitionend", onTheme);
  return () => {
    observer.disconnect();
    page.removeEventListener("keydown", onKey);
    page.removeEventListener("pointerdown", onTouch);
    still.removeEventListener("change", onStill);
    shell.removeEventListener("transitionend", onTheme);
  };
}
