// The score: several models over one time axis, their answers, strips and curves under each
// other, and one cursor through all of them.
import { htmlNode } from "./svg.js";
import { makeAnswers } from "./answers.js";
import { makeStrips } from "./tracks.js";
import { makeCurves } from "./curves.js";

const NAMES_WIDE = 132;
const NAMES_SMALL = 34;
const ENDS_WIDE = 96;
const ENDS_SMALL = 42;
const SMALL_SCORE = 520;
const COLUMN_WIDEST = 92;

/**
 * @typedef {{names: number, ends: number, column: number, plot: number, small: boolean}} Grid
 *   the columns that all rows share: the names at the left, a column a step, the ends at the right
 */

/** @param {object} ctx the player's context */
export function makeScore(ctx) {
  const veil = htmlNode("div", { class: "score-veil" });
  const cursor = htmlNode("div", { class: "score-cursor" });
  const node = htmlNode("section", { class: "score", "aria-label": ctx.word("score.label") });
  const rows = [makeAnswers(ctx), ...ctx.model.scene.tracks.map((track) => makeTrack(ctx, track))];
  const score = { rows, veil, cursor, grid: null };
  node.append(...rows.map((row) => row.node), veil, cursor);
  listenScore(ctx, score, node);
  return {
    node,
    resize(width) {
      score.grid = gridOf(ctx, width);
      node.classList.toggle("narrow", score.grid.small);
      node.style.setProperty("--names", `${score.grid.names}px`);
      node.style.setProperty("--plot", `${score.grid.plot}px`);
      for (const row of rows) row.resize(score.grid);
      cursor.style.top = `${rows[0].top()}px`;
    },
    draw() {
      for (const row of rows) row.draw();
      drawCursor(ctx, score);
    },
  };
}

function makeTrack(ctx, track) {
  return track.form === "curves" ? makeCurves(ctx, track) : makeStrips(ctx, track);
}

/** @returns {Grid} */
function gridOf(ctx, width) {
  const small = width < SMALL_SCORE;
  const names = small ? NAMES_SMALL : NAMES_WIDE;
  const ends = small ? ENDS_SMALL : ENDS_WIDE;
  const column = Math.min(COLUMN_WIDEST, Math.max(1, width - names - ends) / ctx.model.steps);
  return { names, ends, column, plot: column * ctx.model.steps, small };
}

function drawCursor(ctx, { grid, cursor, veil }) {
  if (!grid) return;
  const { t } = ctx.state;
  const x = grid.names + t * grid.column;
  cursor.style.transform = `translateX(${x}px)`;
  cursor.style.width = `${Math.max(3, grid.column)}px`;
  veil.style.left = `${x + grid.column}px`;
  veil.style.width = `${Math.max(0, grid.names + grid.plot - x - grid.column)}px`;
}

/** Dragging over the tokens moves the cursor; anything else is asked where it came from. */
function listenScore(ctx, score, node) {
  let dragging = false;
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.target.closest("[data-scrub]")) return;
    dragging = true;
    node.setPointerCapture(event.pointerId);
    ctx.act({ type: "go", t: stepAt(ctx, score, node, event, true) });
  });
  node.addEventListener("pointermove", (event) => {
    if (!dragging) ctx.hover(placeAt(ctx, score, node, event));
    else ctx.act({ type: "go", t: stepAt(ctx, score, node, event, true) });
  });
  const drop = () => { dragging = false; };
  node.addEventListener("pointerup", drop);
  node.addEventListener("pointercancel", drop);
  node.addEventListener("pointerleave", () => ctx.hover(null));
  node.addEventListener("click", (event) => ctx.choose(placeAt(ctx, score, node, event)));
}

function stepAt(ctx, { grid }, node, event, clamped) {
  const box = node.getBoundingClientRect();
  const scale = box.width / (node.offsetWidth || 1);
  const t = Math.floor(((event.clientX - box.left) / scale - grid.names) / grid.column);
  if (clamped) return Math.min(ctx.model.steps - 1, Math.max(0, t));
  return t >= 0 && t < ctx.model.steps ? t : null;
}

function placeAt(ctx, score, node, event) {
  if (!score.grid) return null;
  const t = stepAt(ctx, score, node, event, false);
  const row = score.rows.find((candidate) => candidate.node.contains(event.target));
  if (t === null || !row || !ctx.visible(t)) return null;
  return row.place(event, t);
}
