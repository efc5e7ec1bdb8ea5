// The player: opens a scene in a place on the page, keeps the cursor, and listens.
import { htmlNode } from "./svg.js";
import { themeKey } from "./colour.js";
import { initial, fit } from "./cursor.js";
import { keyAction, controlKind } from "./keys.js";
import { openAddress } from "./address.js";
import { pointsThatStay } from "./points.js";
import { makeContext } from "./context.js";
import { makeScreen } from "./screen.js";
import { shortcut } from "./shortcuts.js";

const TOUCHES = ["pointerdown", "focusin"];

/** Every player of the page in the order they came, and the one that was touched last. */
const players = [];
let touched = null;

/** The address has one cursor: that of the first player that may write it. */
let writer = null;

/** Keys that belong to nobody go to one player only: the last touched, else the address's own. */
const takesKeys = (shell) =>
  (players.includes(touched) ? touched : writer ?? players[0]) === shell;

/**
 * Shows a scene in `root` and plays it.
 * @param {HTMLElement|ShadowRoot} root
 * @param {{scene: object, words: Object<string, string>, options: object}} payload
 * @returns {{update: (payload: object) => void, destroy: () => void}}
 */
export function mount(root, payload) {
  const shell = htmlNode("div", { class: "seqviz", tabindex: 0, role: "application" });
  root.append(shell);
  const ctx = makeContext(shell, payload);
  players.push(shell);
  writer ??= ctx.options.address ? shell : null;
  const address = writer === shell ? openAddress(window) : null;
  const asked = address ? present(address.read(ctx.model)) : {};
  ctx.state = initial(ctx.model, { ...ctx.options, ...asked, reduced: stillness().matches });
  const screen = makeScreen(ctx, shell, (state) => address && address.write(state));
  const deaf = listenAll(ctx, shell, screen);
  screen.assemble();
  screen.run();
  return {
    update(next) {
      const before = ctx.model;
      ctx.open(next);
      const points = pointsThatStay(ctx.state.points, before, ctx.model);
      ctx.state = fit({ ...ctx.state, points }, ctx.model);
      screen.assemble();
    },
    destroy() {
      deaf();
      screen.stop();
      if (address) address.stop();
      if (writer === shell) writer = null;
      players.splice(players.indexOf(shell), 1);
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

/** Every listener the player holds outside its own nodes; the answer takes them off again. */
function listenAll(ctx, shell, screen) {
  const page = shell.ownerDocument;
  const still = stillness();
  let theme = themeKey(shell);
  const wake = () => ctx.state.auto && ctx.act({ type: "pause" });
  const holds = (event) => event.composedPath().includes(shell);
  const onTouch = (event) => {
    if (holds(event)) touched = shell;
  };
  const onKey = (event) => {
    wake();
    const [target] = event.composedPath();
    const inside = holds(event);
    if (!inside && !takesKeys(shell)) return;
    const action = keyAction(event, inside, controlKind(target), ctx.state.bounds);
    if (!action && !(inside && controlKind(target) !== true && shortcut(ctx, event))) return;
    event.preventDefault();
    if (!action) return;
    ctx.act(action.type === "pin" ? { ...action, place: ctx.looked } : action);
  };
  const onStill = () => ctx.act({ type: "reduced", on: still.matches });
  const onTheme = (event) => {
    const now = themeKey(shell);
    if (event.target !== shell || now === theme) return;
    theme = now;
    screen.assemble();
  };
  const observer = new ResizeObserver(() => screen.resize());
  observer.observe(shell);
  page.addEventListener("keydown", onKey);
  page.addEventListener("pointerdown", wake);
  for (const kind of TOUCHES) page.addEventListener(kind, onTouch);
  still.addEventListener("change", onStill);
  shell.addEventListener("transitionend", onTheme);
  return () => {
    observer.disconnect();
    page.removeEventListener("keydown", onKey);
    page.removeEventListener("pointerdown", wake);
    for (const kind of TOUCHES) page.removeEventListener(kind, onTouch);
    still.removeEventListener("change", onStill);
    shell.removeEventListener("transitionend", onTheme);
  };
}
