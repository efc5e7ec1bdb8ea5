// Heat strips over time: one canvas a tensor, painted once; a step only moves the overlays.
import { sizeOf } from "./values.js";
import { penOf } from "./canvas.js";
import { htmlNode, setText, setHidden, symbolNode } from "./svg.js";

const STRIP_HEIGHT = 112;
const ROW_MOST = 18;
const COLUMN_MOST = 44;
const GHOST_PART = 0.04;
const CAPTION_LEAST = 170;
const AXIS_LEAST = 10;
const AXIS_LETTER = 5.5;

/**
 * @param {object} ctx the player's context
 * @returns {{node: HTMLElement, build: () => void, paint: () => void, draw: () => void}}
 */
export function makePanels(ctx) {
  const node = htmlNode("section", { class: "panels", "aria-label": ctx.word("panels.label") });
  let panels = [];
  node.addEventListener("pointermove", (event) => ctx.hover(panelCell(ctx, panels, event)));
  node.addEventListener("pointerleave", () => ctx.hover(null));
  node.addEventListener("click", (event) => ctx.choose(panelCell(ctx, panels, event)));
  return {
    node,
    build() {
      const { scene } = ctx.model;
      panels = scene.panels.map((name) => makePanel(ctx, name));
      node.replaceChildren(...panels.map((panel) => panel.node));
      node.dataset.count = String(panels.length);
    },
    widths: () => panels.map((panel) => panel.plot.parentNode.clientWidth),
    paint(widths) {
      panels.forEach((panel, k) => paintPanel(ctx, panel, widths[k]));
    },
    draw: () => panels.forEach((panel) => drawPanel(ctx, panel)),
  };
}

function makePanel(ctx, name) {
  const tensor = ctx.model.tensor(name);
  const canvas = htmlNode("canvas");
  const veil = htmlNode("div", { class: "veil" });
  const frame = htmlNode("div", { class: "frame" });
  const row = htmlNode("div", { class: "row-mark" });
  const marks = htmlNode("div", { class: "marks" });
  const axis = htmlNode("div", { class: "axis" });
  const plot = htmlNode("div", { class: "plot", "data-panel": name }, canvas, veil, row, frame, marks);
  const range = htmlNode("span", { class: "muted range" });
  const title = htmlNode("span", { class: "role-name" }, symbolNode(tensor.symbol));
  title.style.color = ctx.palette.text(tensor.role);
  const caption = htmlNode(
    "figcaption",
    {},
    title,
    htmlNode("span", { class: "muted" }, ctx.roleWord(tensor)),
    range,
  );
  const figure = htmlNode("figure", { class: "panel" }, caption, plot, axis);
  return {
    name,
    node: figure,
    caption,
    range,
    plot,
    canvas,
    veil,
    frame,
    row,
    marks,
    axis,
    boxes: [],
    width: 0,
    at: -1,
  };
}

function rangeWord(ctx, name, tensor) {
  if (tensor.scale === "unit") return "0…1";
  return `±${ctx.short(ctx.model.range(name))}`;
}

function paintPanel(ctx, panel, width) {
  const { model } = ctx;
  const steps = model.steps;
  const rows = sizeOf(model.shape(panel.name));
  const plotWidth = Math.min(width, steps * COLUMN_MOST);
  const height = Math.round(rows * Math.min(ROW_MOST, STRIP_HEIGHT / rows));
  Object.assign(
    panel,
    { width: plotWidth, height, rows, column: plotWidth / steps, line: height / rows },
  );
  panel.plot.style.width = `${plotWidth}px`;
  panel.plot.style.height = `${height}px`;
  panel.caption.style.maxWidth = `${Math.max(plotWidth, CAPTION_LEAST)}px`;
  const density = globalThis.devicePixelRatio || 1;
  const pen = penOf(panel.canvas, plotWidth, height, density);
  for (let t = 0; t < steps; t += 1) {
    const values = model.value(panel.name, t);
    for (let unit = 0; unit < rows; unit += 1) paintCell(ctx, panel, pen, t, unit, values[unit]);
  }
  setText(panel.range, rangeWord(ctx, panel.name, model.tensor(panel.name)));
  paintAxis(ctx, panel);
  panel.at = -1;
  drawPanel(ctx, panel);
}

/** One value of a strip, with a dash where it is negative and what it was before a change. */
export function paintCell(ctx, panel, pen, t, unit, value) {
  const { role, scale } = ctx.model.tensor(panel.name);
  const gap = panel.column >= 6 && panel.line >= 5 ? 1 : 0;
  const x = Math.round(t * panel.column * 2) / 2;
  const y = Math.round(unit * panel.line * 2) / 2;
  const w = Math.round((t + 1) * panel.column * 2) / 2 - x - gap;
  const h = Math.round((unit + 1) * panel.line * 2) / 2 - y - gap;
  if (!Number.isFinite(value)) {
    paintBroken(ctx, pen, x, y, w, h);
    return;
  }
  const range = ctx.model.range(panel.name);
  const shade = ctx.palette.shade(role, scale, range, value);
  pen.fillStyle = shade.fill;
  pen.fillRect(x, y, w, h);
  if (value < 0 && w >= 5 && h >= 4) {
    pen.fillStyle = shade.ink;
    pen.globalAlpha = 0.65;
    const dash = Math.min(6, w - 3);
    pen.fillRect(x + (w - dash) / 2, y + h / 2 - 0.5, dash, 1);
    pen.globalAlpha = 1;
  }
  const before = ctx.model.scene.ghost[panel.name];
  if (before) paintGhost(ctx, pen, { x, y, w, h }, value, ctx.model.number(before, t, unit), panel);
}

function paintGhost(ctx, pen, { x, y, w, h }, value, before, panel) {
  const { role, scale } = ctx.model.tensor(panel.name);
  const range = ctx.model.range(panel.name);
  const least = GHOST_PART * (scale === "unit" ? 1 : range);
  if (!(Math.abs(before - value) > least) || w < 5 || h < 5) return;
  const side = Math.min(w, h) * 0.62;
  pen.beginPath();
  pen.moveTo(x + w, y + h - side);
  pen.lineTo(x + w, y + h);
  pen.lineTo(x + w - side, y + h);
  pen.closePath();
  pen.fillStyle = ctx.palette.shade(role, scale, range, before).fill;
  pen.fill();
  pen.strokeStyle = ctx.palette.paper;
  pen.lineWidth = 1;
  pen.stroke();
}

/** NaN and infinities: crossed hatching, never a plain colour. */
function paintBroken(ctx, pen, x, y, w, h) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, w, h);
  pen.clip();
  pen.strokeStyle = ctx.palette.ink;
  pen.lineWidth = 1;
  pen.globalAlpha = 0.7;
  for (let k = -h; k < w; k += 4) {
    pen.beginPath();
    pen.moveTo(x + k, y + h);
    pen.lineTo(x + k + h, y);
    pen.moveTo(x + k, y);
    pen.lineTo(x + k + h, y + h);
    pen.stroke();
  }
  pen.restore();
}

function paintAxis(ctx, panel) {
  const { inputs } = ctx.model.scene.sequence;
  const longest = Math.max(1, ...inputs.map((token) => [...token].length));
  const fits = panel.column >= Math.max(AXIS_LEAST, AXIS_LETTER * longest);
  setHidden(panel.axis, !fits);
  panel.axis.style.width = `${panel.width}px`;
  const labels = fits ? inputs.map((token) => htmlNode("span", {}, ctx.token(token))) : [];
  panel.axis.replaceChildren(...labels);
  panel.fits = fits;
}

function drawPanel(ctx, panel) {
  if (!panel.width) return;
  const { state } = ctx;
  if (panel.at !== state.t || panel.future !== state.future) {
    const veiled = ctx.backwards ? state.t * panel.column - panel.width : (state.t + 1) * panel.column;
    panel.veil.style.transform = `translateX(${veiled}px)`;
    panel.frame.style.transform = `translateX(${state.t * panel.column}px)`;
    panel.frame.style.width = `${panel.column}px`;
    if (panel.fits) markAxis(ctx, panel);
    panel.at = state.t;
    panel.future = state.future;
  }
  const inRange = state.unit < panel.rows;
  setHidden(panel.row, !inRange);
  if (inRange) {
    panel.row.style.transform = `translateY(${state.unit * panel.line}px)`;
    panel.row.style.height = `${panel.line}px`;
  }
  drawMarks(ctx, panel);
}

function markAxis(ctx, panel) {
  const labels = panel.axis.children;
  for (let t = 0; t < labels.length; t += 1) {
    const ahead = ctx.backwards ? t < ctx.state.t : t > ctx.state.t;
    labels[t].className = t === ctx.state.t ? "now" : ahead ? "future" : "";
  }
}

/** The frames around what is looked at, its sources and the pins. */
export function drawMarks(ctx, panel) {
  const marked = ctx.marked.filter((mark) => mark.name === panel.name && ctx.visible(mark.t));
  while (panel.boxes.length < marked.length) {
    const box = htmlNode("div", { class: "mark" }, htmlNode("b"));
    panel.boxes.push(box);
    panel.marks.append(box);
  }
  panel.boxes.forEach((box, k) => {
    const mark = marked[k];
    setHidden(box, !mark);
    if (!mark) return;
    box.className = `mark ${mark.kind}`;
    box.style.transform = `translate(${mark.t * panel.column}px, ${mark.index * panel.line}px)`;
    box.style.width = `${panel.column}px`;
    box.style.height = `${panel.line}px`;
    setText(box.firstChild, mark.rank ? String(mark.rank) : "");
  });
}

function panelCell(ctx, panels, event) {
  const plot = event.target.closest(".plot");
  const panel = plot && panels.find((candidate) => candidate.plot === plot);
  if (!panel || !panel.width) return null;
  const box = plot.getBoundingClientRect();
  const t = Math.floor(((event.clientX - box.left) / box.width) * ctx.model.steps);
  const index = Math.floor(((event.clientY - box.top) / box.height) * panel.rows);
  const inside = t >= 0 && t < ctx.model.steps && index >= 0 && index < panel.rows;
  return inside && ctx.visible(t) ? { name: panel.name, t, index } : null;
}
