// The token bar: what comes in, and under every token what the model says next.
import { htmlNode, setHidden, setText } from "./svg.js";
import { visibleToken } from "./symbols.js";
import { percent } from "./digits.js";
import { namedAnswers } from "./speech.js";

const TOKEN_LEAST = 18;
const TOKEN_MOST = 92;
const COMPACT = 46;
const SAYS_LETTER = 7.5;
const SAYS_BESIDE = { letter: 42, word: 50 };
const HEAD_LEAST = 560;

/** @param {object} ctx the player's context */
export function makeTokens(ctx) {
  const head = htmlNode("div", { class: "token-head muted", "aria-hidden": "true" });
  const track = htmlNode("div", { class: "token-track" });
  const scroller = htmlNode("div", { class: "token-scroll" }, track);
  const legend = htmlNode("p", { class: "token-legend muted", "aria-hidden": "true" });
  const node = htmlNode("div", { class: "tokens" }, head, scroller, legend);
  const bar = {
    node,
    head,
    legend,
    track,
    scroller,
    columns: [],
    width: 0,
    room: 0,
    left: 0,
    asked: null,
    at: -1,
    drag: null,
  };
  scroller.addEventListener("scroll", () => { bar.left = scroller.scrollLeft; }, { passive: true });
  listen(ctx, bar);
  return {
    node,
    build: () => buildTokens(ctx, bar),
    /** Other numbers for the same tokens. */
    renew: () => bar.columns.forEach((column, t) => fillColumn(ctx, column, t)),
    resize: (width) => resizeTokens(ctx, bar, width),
    draw: () => drawTokens(ctx, bar),
  };
}

function listen(ctx, bar) {
  const { track } = bar;
  track.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    bar.drag = { id: event.pointerId, moved: false, from: columnAt(bar, event) };
    track.setPointerCapture(event.pointerId);
    if (bar.drag.from === null) return;
    if (ctx.sheets) ctx.chooseToken({ side: "query", index: bar.drag.from });
    else ctx.act({ type: "go", t: bar.drag.from });
  });
  track.addEventListener("pointermove", (event) => {
    if (!bar.drag) {
      ctx.hover(predictionPlace(ctx, bar, event));
      return;
    }
    const t = columnAt(bar, event);
    if (t === null || t === ctx.state.t) return;
    bar.drag.moved = true;
    ctx.act({ type: "go", t });
  });
  const drop = (event) => {
    const tapped = bar.drag && !bar.drag.moved && event.type === "pointerup";
    const place = tapped ? predictionPlace(ctx, bar, event) : null;
    bar.drag = null;
    if (place) ctx.choose(place);
  };
  track.addEventListener("pointerup", drop);
  track.addEventListener("pointercancel", drop);
  track.addEventListener("pointerleave", () => ctx.hover(null));
}

function columnAt(bar, event) {
  const box = bar.track.getBoundingClientRect();
  const t = Math.floor(((event.clientX - box.left) / box.width) * bar.columns.length);
  if (bar.drag) return Math.min(bar.columns.length - 1, Math.max(0, t));
  return t >= 0 && t < bar.columns.length ? t : null;
}

function predictionPlace(ctx, bar, event) {
  const t = columnAt(bar, event);
  const column = t === null ? null : bar.columns[t];
  if (!column || !column.says || !ctx.visible(t)) return null;
  const below = event.clientY > column.says.getBoundingClientRect().top - 2;
  return below ? { name: ctx.model.scene.sequence.prediction, t, index: column.top } : null;
}

function buildTokens(ctx, bar) {
  const { sequence, steps, mark } = ctx.model.scene;
  const ringed = new Set(mark || []);
  bar.columns = Array.from({ length: steps }, (_, t) => makeColumn(ctx, sequence, t, ringed.has(t)));
  bar.track.replaceChildren(...bar.columns.map(({ node }) => node));
  const rows = [[ctx.word("tokens.input"), "head-input"]];
  if (predicts(ctx, sequence)) rows.push([saysName(ctx), "head-says"]);
  if (predicts(ctx, sequence) && sequence.targets) rows.push([ctx.word("tokens.target"), "head-target"]);
  bar.head.replaceChildren(...rows.map(([name, row]) => htmlNode("span", { class: row }, name)));
  bar.legend.textContent = `↓ ${rows.map(([name]) => name).join(" · ")}`;
  bar.at = -1;
}

/** What stands beside the answers; of several for every token the row shows the first, by name. */
function saysName(ctx) {
  const { scene } = ctx.model;
  const name = scene.sequence.asks === "label" ? "tokens.answers" : "tokens.says";
  return namedAnswers(scene)[0]?.label ?? ctx.word(name);
}

function predicts(ctx, sequence) {
  return Boolean(sequence.prediction && sequence.classes && ctx.model.has(sequence.prediction));
}

function makeColumn(ctx, sequence, t, ringed) {
  const unknown = (sequence.unknown || []).includes(t);
  const glyph = htmlNode(
    "span",
    { class: `token-glyph${ringed ? " ringed" : ""}${unknown ? " unknown" : ""}` },
    htmlNode("b", {}, visibleToken(sequence.inputs[t])),
  );
  const node = htmlNode("div", { class: "token", "data-t": t, "data-when": "future" }, glyph);
  const column = { node, says: null, top: 0 };
  if (!predicts(ctx, sequence)) return column;
  const said = htmlNode("b");
  const verdict = htmlNode("span", { class: "token-verdict" });
  const chance = htmlNode("span", { class: "token-percent" });
  const bar = htmlNode("i");
  const says = htmlNode("span", { class: "token-says" }, said, verdict, chance);
  node.append(says, htmlNode("span", { class: "token-chance" }, bar));
  Object.assign(column, { says, said, verdict, chance, bar });
  fillColumn(ctx, column, t);
  if (!sequence.targets) return column;
  const target = sequence.targets[t] ?? null;
  const text = target === null ? "·" : visibleToken(target);
  node.append(htmlNode("span", { class: "token-target" }, text));
  return column;
}

/** What the model says after token t, and whether that is right. */
function fillColumn(ctx, column, t) {
  if (!column.says) return;
  const { sequence } = ctx.model.scene;
  const chances = ctx.model.value(sequence.prediction, t);
  const top = indexOfLargest(chances);
  const target = sequence.targets?.[t] ?? null;
  const finite = Number.isFinite(chances[top]);
  const hit = finite && sequence.classes[top] === target;
  const verdict = target === null ? "" : hit ? "hit" : "miss";
  column.top = top;
  column.node.dataset.verdict = verdict;
  column.bar.style.width = `${100 * (finite ? chances[top] : 0)}%`;
  setText(column.said, finite ? visibleToken(sequence.classes[top]) : "?");
  setText(column.verdict, { hit: "✓", miss: "✗" }[verdict] || "");
  setText(column.chance, finite ? `${percent(chances[top])}%` : "NaN");
}

function indexOfLargest(values) {
  let best = 0;
  values.forEach((value, k) => { if (value > values[best] || Number.isNaN(values[best])) best = k; });
  return best;
}

function resizeTokens(ctx, bar, width) {
  if (bar.asked === width) return;
  bar.asked = width;
  const wide = width >= HEAD_LEAST;
  setHidden(bar.head, !wide);
  setHidden(bar.legend, wide);
  bar.node.classList.toggle("headed", wide);
  const { inputs } = ctx.model.scene.sequence;
  const longest = Math.max(1, ...inputs.map((token) => [...token].length));
  const least = Math.max(TOKEN_LEAST, (ctx.sheets ? 14 : 8) + 8 * longest);
  bar.node.classList.toggle("long", longest > 2);
  bar.room = width - (wide ? 104 : 0);
  bar.width = Math.max(least, Math.min(TOKEN_MOST, bar.room / bar.columns.length));
  const beside = ctx.sheets ? SAYS_BESIDE.word : SAYS_BESIDE.letter;
  bar.node.classList.toggle("compact", bar.width < Math.max(COMPACT, beside + SAYS_LETTER * longestAnswer(ctx)));
  bar.track.style.width = `${bar.width * bar.columns.length}px`;
  bar.track.style.gridTemplateColumns = `repeat(${bar.columns.length}, ${bar.width}px)`;
  bar.at = -1;
  drawTokens(ctx, bar);
}

/** The letters of the longest answer that stands under a token. */
function longestAnswer(ctx) {
  const { sequence } = ctx.model.scene;
  return predicts(ctx, sequence) ? Math.max(...sequence.classes.map((name) => [...name].length)) : 0;
}

function drawTokens(ctx, bar) {
  const { t } = ctx.state;
  if (bar.at === t) return;
  const from = bar.at < 0 ? 0 : Math.min(bar.at, t);
  const to = bar.at < 0 ? bar.columns.length - 1 : Math.max(bar.at, t);
  for (let k = from; k <= to; k += 1) {
    const behind = ctx.backwards ? k > t : k < t;
    bar.columns[k].node.dataset.when = k === t ? "now" : behind ? "past" : "future";
  }
  bar.at = t;
  keepInView(bar, t);
}

function keepInView(bar, t) {
  if (!bar.width || bar.width * bar.columns.length <= bar.room) return;
  const x = t * bar.width;
  const margin = Math.min(3 * bar.width, bar.room / 4);
  if (x >= bar.left + margin && x + bar.width <= bar.left + bar.room - margin) return;
  bar.left = Math.max(0, x - bar.room / 2);
  requestAnimationFrame(() => { bar.scroller.scrollLeft = bar.left; });
}
