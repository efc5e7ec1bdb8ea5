// One query's scores, what the temperature makes of them, and their softmax, as rows of bars.
import { setAttribute, setText, svgNode } from "./svg.js";
import { fixed } from "./digits.js";
import { say } from "./symbols.js";
import { reachOf } from "./points.js";
import { rowLabel } from "./planerows.js";

const NAME_ROOM = 46;
const NUMBER_ROOM = 40;
const BLOCK_HEAD = 38;
const FULL = 0.75;
const MOST_STRETCH = 3;
const LETTERS = 6;
const SHORT_UNDER = 158;

/**
 * The three blocks one under the other, or side by side where the screen is narrow.
 * @param {{x: number, y: number, width: number, height: number, across: boolean}} box
 * @param {object} names  {query, keys, scores, scaled, weights} the tensors' names
 */
export function makeBars(ctx, box, names) {
  const count = ctx.model.value(names.scores, 0).length;
  const blocks = [names.scores, names.scaled, names.weights].map((name, k) =>
    makeBlock(ctx, name, names.keys, blockBox(box, k, count), scaleOf(ctx, name, names)));
  const sum = svgNode("text", { class: "bar-sum", "text-anchor": "end" });
  const last = blockBox(box, 2, count);
  setAttribute(sum, "x", last.x + last.width);
  setAttribute(sum, "y", last.y + BLOCK_HEAD + count * last.row + 15);
  blocks[2].node.append(sum);
  return {
    bottom: last.y + BLOCK_HEAD + count * last.row + 24,
    nodes: blocks.map(({ node }) => node),
    draw(chosen) {
      for (const block of blocks) block.draw(chosen);
      const weights = [...ctx.model.value(names.weights, 0)];
      const printed = weights.reduce((all, weight) => all + Math.round(100 * weight), 0);
      const total = weights.reduce((all, weight) => all + weight, 0);
      setText(sum, `Σ ${printed === Math.round(100 * total) ? "=" : "≈"} ${fixed(total)}`);
    },
    rowOf: (name, index) => blocks.find((block) => block.name === name)?.rows[index]?.node ?? null,
  };
}

function blockBox({ x, y, width, height, across }, k, count) {
  const gap = 12;
  const row = Math.max(15, Math.min(24, (across ? 22 : (height - 3 * BLOCK_HEAD - 20) / (3 * count))));
  if (!across) return { x, y: y + k * (BLOCK_HEAD + count * row + 8), width, row, labelled: true };
  const first = NAME_ROOM - 6;
  const each = (width - first - 2 * gap) / 3;
  return { x: x + (k === 0 ? 0 : first + k * (each + gap)), y, width: k === 0 ? first + each : each, row, labelled: k === 0 };
}

/** What the end of a bar stands for: scores before and after the temperature share it. */
function scaleOf(ctx, name, names) {
  if (name === names.weights) return { most: 1, signed: false };
  const stretch = Math.max(1, Math.min(MOST_STRETCH, Math.abs(ctx.model.scene.facts.scale)));
  return { most: FULL * stretch * reachOf(ctx.model, names.query) ** 2, signed: true };
}

function makeBlock(ctx, name, keys, box, scale) {
  const head = svgNode("text", { class: "bar-head", x: box.x, y: box.y + 13 }, ctx.word(`plane.${name}`));
  const under = svgNode("text", { class: "bar-under", x: box.x, y: box.y + 29 }, underOf(ctx, name, box));
  const values = ctx.model.value(name, 0);
  const rows = [...values].map((_, index) => makeBarRow(ctx, name, keys, index, box, scale));
  const node = svgNode("g", { class: "bars", "data-stage": name }, head, under, ...rows.map((row) => row.node));
  return {
    name,
    node,
    rows,
    draw(chosen) {
      const now = ctx.model.value(name, 0);
      rows.forEach((row, index) => row.draw(now[index], index === chosen));
    },
  };
}

/** Under the name of a block: what is done here, with the temperature in numbers. */
function underOf(ctx, name, { width }) {
  const { scale } = ctx.model.scene.facts;
  const values = { scale: fixed(scale), temperature: scale === 0 ? "∞" : fixed(1 / scale) };
  return say(ctx.words, `plane.${name}_${width < SHORT_UNDER ? "short" : "under"}`, values);
}

function makeBarRow(ctx, name, keys, index, { x, y, width, row, labelled }, { most, signed }) {
  const top = y + BLOCK_HEAD + index * row;
  const from = x + (labelled ? NAME_ROOM : 0);
  const room = width - (labelled ? NAME_ROOM : 0) - NUMBER_ROOM;
  const zero = from + (signed ? room / 2 : 0);
  const full = signed ? room / 2 : room;
  const thick = Math.max(6, row - 8);
  const middle = top + row / 2;
  const bar = svgNode("rect", { class: "bar-fill", y: middle - thick / 2, height: thick, rx: 1.5 });
  const number = svgNode("text", { class: "bar-number", x: x + width, y: middle + 4, "text-anchor": "end" });
  const role = name.startsWith("weights") ? "attention" : "given";
  const called = [...rowLabel(ctx.model, keys, index)];
  const short = called.length > LETTERS ? `${called.slice(0, LETTERS - 1).join("")}…` : called.join("");
  const label = labelled ? svgNode("text", { class: "bar-label", x, y: middle + 4 }, short) : null;
  if (label) label.style.fill = ctx.palette.text(ctx.model.tensor(keys).role);
  const node = svgNode("g", { class: "bar-row", "data-place": `${name} ${index}` },
    svgNode("rect", { class: "bar-hit", x: x - 4, y: top, width: width + 8, height: row, rx: 4 }),
    svgNode("rect", { class: "bar-track", x: from, y: middle - thick / 2, width: room, height: thick, rx: 1.5 }),
    bar,
    signed ? svgNode("line", { class: "bar-zero", x1: zero, x2: zero, y1: top + 2, y2: top + row - 2 }) : null,
    label,
    number);
  return {
    node,
    draw(value, chosen) {
      const share = Math.max(-1, Math.min(1, value / most)) || 0;
      setAttribute(bar, "x", (share < 0 ? zero + share * full : zero).toFixed(1));
      setAttribute(bar, "width", (Math.abs(share) * full).toFixed(1));
      setAttribute(bar, "fill", ctx.palette.line(role));
      bar.classList.toggle("negative", share < 0);
      setText(number, ctx.short(value));
      node.classList.toggle("chosen", chosen);
    },
  };
}
