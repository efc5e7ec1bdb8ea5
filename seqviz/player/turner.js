// The transport of the plane: the query turns slowly until the reader takes it, and goes back.
import { htmlNode, setAttribute, setText } from "./svg.js";
import { ICONS, icon, makeButton } from "./controls.js";
import { withinPlane, reachOf } from "./points.js";
import { rowsOfPoints } from "./planerows.js";

const TURN_A_SECOND = Math.PI / 8;
const LEAST_LENGTH = 0.05;
const LATE_MS = 100;

/** @param {object} ctx */
export function makeTurner(ctx) {
  const sign = icon("play");
  const word = htmlNode("span", { class: "play-word" });
  const play = makeButton(ctx, ctx.word("plane.turn"), { type: "play" }, { class: "play" }, sign.svg, word);
  const back = makeButton(ctx, ctx.word("plane.back"), { type: "unpoint" });
  const node = htmlNode("div", { class: "transport" }, htmlNode("div", { class: "buttons" }, play, back));
  return {
    node,
    draw() {
      const { playing, points } = ctx.state;
      const name = ctx.word(playing ? "plane.stop" : "plane.turn");
      setAttribute(sign.path, "d", ICONS[playing ? "pause" : "play"]);
      setText(word, name);
      setAttribute(play, "aria-label", name);
      back.disabled = points.length === 0;
    },
  };
}

/** Turns the query of a plane while the cursor plays. */
export function makeTurning(ctx, name) {
  const turning = { frame: 0, angle: 0, length: 1, last: 0 };
  const stop = () => {
    cancelAnimationFrame(turning.frame);
    turning.frame = 0;
  };
  const beat = (now) => {
    if (!ctx.state.playing) {
      stop();
      return;
    }
    const passed = Math.min(LATE_MS, now - turning.last) / 1000;
    turning.last = now;
    turning.angle += passed * TURN_A_SECOND * ctx.state.speed;
    turning.frame = requestAnimationFrame(beat);
    const at = [Math.cos(turning.angle), Math.sin(turning.angle)].map((x) => x * turning.length);
    ctx.act({ type: "turn", name, row: 0, at });
  };
  return {
    follow() {
      if (!ctx.state.playing) stop();
      else if (turning.frame === 0) {
        const reach = reachOf(ctx.model, name);
        const [x, y] = withinPlane(rowsOfPoints(ctx.model, name)[0], reach);
        const length = Math.hypot(x, y);
        turning.length = length < LEAST_LENGTH ? reach / 2 : Math.min(length, reach);
        turning.angle = Math.atan2(y, x);
        turning.last = performance.now();
        turning.frame = requestAnimationFrame(beat);
      }
    },
    stop,
  };
}
