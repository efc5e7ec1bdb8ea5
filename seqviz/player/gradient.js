// The gradient strip: how much the loss would change with the state at each step, on a log
// scale relative to one step, with named bands.
import { htmlNode, svgNode, setAttribute, setText, setHidden } from "./svg.js";
import { precise } from "./digits.js";
import { say } from "./symbols.js";

const HEIGHT = 132;
const AXIS = 46;
const LABELS = 104;
const STEP_MOST = 92;
const ABOUT_LEAST = 260;
const THIN_BARS = 14;
const TOKEN_LETTER = 7.5;
const FLOOR = -8;
const CEILING = 3;
const DEEPEST = -12;
const HIGHEST = 6;
/** The edges of the bands as powers of ten, as in core/bands.py. */
export const BAND = { exploding: 2, shrinking: -3, zero: -6 };

/** @param {object} ctx the player's context */
export function makeGradient(ctx) {
  const title = htmlNode("span", { class: "gradient-title" });
  const reading = htmlNode("span", { class: "gradient-reading muted" });
  const about = htmlNode("p", { class: "gradient-about muted small" });
  const svg = svgNode("svg", { class: "gradient-plot", role: "img", height: HEIGHT });
  const node = htmlNode(
    "section",
    { class: "gradient" },
    htmlNode("header", {}, title, reading),
    htmlNode("div", { class: "gradient-row" }, svg, about),
  );
  const strip = { node, title, reading, svg, about, bars: [], width: 0, step: 0 };
  const over = (event) => gradientPlace(ctx, strip, event);
  svg.addEventListener("pointermove", (event) => ctx.hover(over(event)));
  svg.addEventListener("pointerleave", () => ctx.hover(null));
  svg.addEventListener("click", (event) => ctx.choose(over(event)));
  return {
    node,
    paint: (width) => paintGradient(ctx, strip, width),
    draw: () => drawGradient(ctx, strip),
  };
}

/**
 * log10 of the norms relative to the step of the loss, after which all norms are zero, or to the
 * largest when every step has a loss.
 */
export function logRatios(norms, loss) {
  const finite = norms.filter((norm) => Number.isFinite(norm));
  const atLoss = norms.findLast((norm) => norm !== 0) ?? 0;
  const reference = loss === "last" ? atLoss : Math.max(...finite, 0);
  const againstNothing = (norm) => (norm > 0 ? Infinity : -Infinity);
  return norms.map((norm) =>
    (reference > 0 || Number.isNaN(norm) ? Math.log10(norm / reference) : againstNothing(norm)));
}

/** The name of the band that a log10 ratio falls into. */
export function bandOf(ratio) {
  if (ratio > BAND.exploding) return "exploding";
  if (ratio > BAND.shrinking) return "alive";
  return ratio >= BAND.zero ? "shrinking" : "zero";
}

function seriesOf(ctx) {
  const { gradient } = ctx.model.scene;
  return ["h", "c"]
    .filter((state) => gradient[state] && ctx.model.has(gradient[state]))
    .map((state) => {
      const name = gradient[state];
      const norms = Array.from({ length: ctx.model.steps }, (_, t) => ctx.model.number(name, t, 0));
      return { state, name, norms, ratios: logRatios(norms, gradient.loss) };
    });
}

function paintGradient(ctx, strip, width) {
  const { gradient } = ctx.model.scene;
  setHidden(strip.node, !gradient);
  if (!gradient || width < 60) return;
  strip.series = seriesOf(ctx);
  const known = strip.series.flatMap(({ ratios }) => ratios).filter(Number.isFinite);
  strip.low = Math.max(DEEPEST, Math.min(FLOOR, Math.floor(Math.min(...known, 0))));
  strip.high = Math.min(HIGHEST, Math.max(CEILING, Math.ceil(Math.max(...known, 0))));
  const step = Math.min((width - AXIS - LABELS) / ctx.model.steps, STEP_MOST);
  const plot = step * ctx.model.steps;
  Object.assign(strip, { width: AXIS + plot + LABELS, step, plot });
  const predicted = Boolean(ctx.model.scene.sequence.prediction) && gradient.of !== "state";
  setHidden(strip.about, !predicted || width - strip.width < ABOUT_LEAST);
  const y = (exponent) => 8 + ((strip.high - exponent) / (strip.high - strip.low)) * (HEIGHT - 26);
  strip.y = y;
  strip.veil = svgNode("rect", { class: "gradient-veil", y: 0, height: HEIGHT });
  strip.frame = svgNode("rect", { class: "gradient-frame", y: 3, height: HEIGHT - 16, rx: 3 });
  setText(strip.title, ctx.word(`gradient.title_${predicted ? "" : "state_"}${gradient.loss}`));
  setText(strip.about, ctx.word(gradient.loss === "last" ? "gradient.about" : "gradient.about_all"));
  setAttribute(strip.svg, "width", strip.width);
  setAttribute(strip.svg, "viewBox", `0 0 ${strip.width} ${HEIGHT}`);
  setAttribute(strip.svg, "aria-label", ctx.word("gradient.label"));
  strip.svg.replaceChildren(...bandNodes(ctx, strip), ...strip.series.flatMap((s, k) => barNodes(
    ctx,
    strip,
    s,
    k,
  )),
    ...tokenNodes(ctx, strip), strip.veil, strip.frame);
  drawGradient(ctx, strip);
}

function bandNodes(ctx, { y, high, low, width, plot }) {
  const edges = [["exploding", high, BAND.exploding], ["alive", BAND.exploding, BAND.shrinking],
    ["shrinking", BAND.shrinking, BAND.zero], ["zero", BAND.zero, low]];
  const bands = edges.flatMap(([name, top, bottom]) => {
    const middle = (y(top) + y(bottom)) / 2;
    return [
      svgNode(
        "rect",
        { class: `band band-${name}`, x: AXIS, y: y(top), width: plot, height: y(bottom) - y(top) },
      ),
      svgNode(
        "text",
        { class: "band-label", x: width - LABELS + 8, y: middle + 3.5 },
        ctx.word(`gradient.${name}`),
      ),
    ];
  });
  const ticks = [BAND.exploding, 0, BAND.shrinking, BAND.zero, low].flatMap((exponent) => [
    svgNode(
      "line",
      {
        class: exponent === 0 ? "tick one" : "tick",
        x1: AXIS,
        x2: AXIS + plot,
        y1: y(exponent),
        y2: y(exponent),
      },
    ),
    svgNode(
      "text",
      { class: "tick-label", x: AXIS - 6, y: y(exponent) + 3.5 },
      ...powerOfTen(exponent, exponent === low),
    ),
  ]);
  return [...bands, ...ticks];
}

function powerOfTen(exponent, floor) {
  if (exponent === 0) return ["1"];
  const power = svgNode("tspan", { dy: -3.5, class: "high" }, String(exponent).replace("-", "−"));
  return [floor ? "≤10" : "10", power];
}

function barNodes(ctx, strip, { state, ratios }, place) {
  const thin = strip.step < THIN_BARS;
  if (thin && place > 0) return [linePath(strip, state, ratios)];
  const count = thin ? 1 : strip.series.length;
  const gap = strip.step > 8 ? Math.min(10, strip.step * 0.22) : 0.5;
  const width = Math.max(1, Math.min(26, (strip.step - gap) / count));
  const base = strip.y(strip.low);
  return ratios.map((ratio, t) => {
    const x = AXIS + (t + 0.5) * strip.step + (place - count / 2) * width;
    const shown = Number.isNaN(ratio) ? strip.high : Math.min(strip.high, Math.max(strip.low, ratio));
    const top = Math.min(strip.y(shown), base - 2);
    const broken = Number.isNaN(ratio) || ratio === Infinity;
    const bar = svgNode("rect", {
      class: `gradient-bar ${state}${broken ? " broken" : ""}`,
      x: x + 0.5,
      y: top,
      width: Math.max(0.8, width - 1),
      height: base - top,
      rx: width > 6 ? 2 : 0,
    });
    if (broken) bar.style.fill = ctx.brokenFill;
    return bar;
  });
}

function linePath(strip, state, ratios) {
  const points = ratios.map((ratio, t) => {
    const shown = Math.min(strip.high, Math.max(strip.low, Number.isNaN(ratio) ? strip.high : ratio));
    return `${(AXIS + (t + 0.5) * strip.step).toFixed(1)} ${strip.y(shown).toFixed(1)}`;
  });
  return svgNode("path", { class: `gradient-line ${state}`, d: `M${points.join("L")}` });
}

function tokenNodes(ctx, { step }) {
  const { inputs } = ctx.model.scene.sequence;
  if (step < 10) return [];
  const longest = Math.max(...inputs.map((token) => [...ctx.token(token)].length));
  const every = Math.max(1, Math.ceil((longest * TOKEN_LETTER) / step));
  return inputs.map((token, t) => (t % every ? null : svgNode(
    "text",
    { class: "gradient-token", x: AXIS + (t + 0.5) * step, y: HEIGHT - 2 },
    ctx.token(token),
  ))).filter(Boolean);
}

function drawGradient(ctx, strip) {
  if (!strip.width || !strip.series) return;
  const { t } = ctx.state;
  const x = AXIS + (t + 1) * strip.step;
  setAttribute(strip.frame, "x", x - strip.step);
  setAttribute(strip.frame, "width", strip.step);
  setAttribute(strip.veil, "x", ctx.backwards ? AXIS : x);
  const ahead = ctx.backwards ? t : ctx.model.steps - t - 1;
  setAttribute(strip.veil, "width", Math.max(0, ahead * strip.step));
  const looked = ctx.looked;
  const names = strip.series.map(({ name }) => name);
  const at = looked && names.includes(looked.name) ? looked.t : t;
  const values = strip.series.map(({ state, norms, ratios }, k) => say(ctx.words, "gradient.reading", {
    mark: strip.series.length > 1 ? ["■ ", "□ "][k] : "",
    state,
    value: precise(norms[at], 4),
    band: ctx.word(`gradient.${bandOf(ratios[at])}`),
  }));
  setText(strip.reading, [say(ctx.words, "gradient.at", { t: at + 1 }), ...values].join("   "));
}

function gradientPlace(ctx, strip, event) {
  if (!strip.series) return null;
  const box = strip.svg.getBoundingClientRect();
  const along = (((event.clientX - box.left) / box.width) * strip.width - AXIS) / strip.step;
  const t = Math.floor(along);
  if (t < 0 || t >= ctx.model.steps || !ctx.visible(t)) return null;
  const which = along - t > 0.5 && strip.series.length > 1 ? 1 : 0;
  return { name: strip.series[which].name, t, index: 0 };
}
