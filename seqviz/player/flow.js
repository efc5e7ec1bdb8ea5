// Motion: a pulse travels along each wire in the order of the computation. It decorates the
// state, which is already drawn, and never delays it.
import { setAttribute } from "./svg.js";

const STEP_MS = 800;
const SUBSTEP_MS = 550;
const LEAST_MS = 240;
const OVERLAP = 1.5;
const DASH = 16;

/** @param {object} ctx the player's context */
export function makeFlow(ctx) {
  let running = [];
  let frame = 0;
  let started = 0;
  let duration = STEP_MS;

  function stop() {
    cancelAnimationFrame(frame);
    for (const { pulse } of running) setAttribute(pulse, "hidden", "");
    running = [];
  }

  function advance(now) {
    const elapsed = now - started;
    for (const run of running) showPulse(run, (elapsed / duration - run.from) / (run.to - run.from));
    if (elapsed < duration) frame = requestAnimationFrame(advance);
    else stop();
  }

  return {
    stop,
    /** Sends pulses through the wires of this sub-step, or of the whole step in its order. */
    start(wires, within) {
      stop();
      duration = Math.min(within, ctx.state.substep === null ? STEP_MS : SUBSTEP_MS);
      if (ctx.state.reduced || duration < LEAST_MS) return;
      running = schedule(ctx, wires);
      started = performance.now();
      if (running.length) frame = requestAnimationFrame(advance);
    },
  };
}

function schedule(ctx, wires) {
  const names = ctx.model.scene.substeps.map((substep) => substep.name);
  const { substep, view } = ctx.state;
  const seen = wires.filter(({ wire }) => wire.view === "both" || wire.view === view);
  if (substep !== null) {
    return seen.filter(({ wire }) => wire.when === names[substep]).map((made) => ({
      ...made,
      from: 0,
      to: 1,
    }));
  }
  const used = names.filter((name) => seen.some(({ wire }) => wire.when === name));
  const share = 1 / (used.length + OVERLAP - 1);
  return seen
    .map((made) => ({ ...made, from: used.indexOf(made.wire.when) * share }))
    .filter(({ from }) => from >= 0)
    .map((run) => ({ ...run, to: run.from + share * OVERLAP }));
}

function showPulse({ pulse, length }, part) {
  if (part <= 0 || part >= 1) {
    setAttribute(pulse, "hidden", "");
    return;
  }
  const dash = Math.min(60, (100 * DASH) / Math.max(length, 1));
  const at = smooth(part) * (100 + dash) - dash;
  pulse.removeAttribute("hidden");
  pulse.setAttribute("stroke-dasharray", `${dash.toFixed(1)} 300`);
  pulse.setAttribute("stroke-dashoffset", (-at).toFixed(1));
}

function smooth(part) {
  return part * part * (3 - 2 * part);
}
