// Small multiples: the weights of every head and their mean, on one scale.
import { penOf } from "./canvas.js";
import { htmlNode, setAttribute, setHidden, symbolNode } from "./svg.js";
import { say } from "./symbols.js";
import { heatImage, paintHatch } from "./sheetcells.js";
import { hatchOf } from "./sheetfacts.js";

const MAP = { widest: 132, least: 64, around: 27 };

/** @param {object} ctx the player's context */
export function makeMaps(ctx) {
  const { maps, heads } = ctx.sheets;
  const node = htmlNode("section", { class: "maps", "aria-label": ctx.word("maps.label") });
  if (!maps || heads < 2) {
    setHidden(node, true);
    return { node, resize() {}, draw() {} };
  }
  const all = maps.tensors.map((name, head) => makeMap(ctx, name, head));
  const mean = maps.mean ? makeMap(ctx, maps.mean, null) : null;
  const row = htmlNode("div", { class: "map-row", role: "group", "aria-label": ctx.word("maps.label") });
  row.append(...all.map((map) => map.node), ...(mean ? [mean.node] : []));
  const caption = htmlNode("p", { class: "muted small" }, ctx.word("maps.scale"));
  node.append(row, caption);
  return {
    node,
    canvases: () => [...all, ...(mean ? [mean] : [])].map(({ canvas }) => canvas),
    resize(width) {
      const count = all.length + (mean ? 1 : 0);
      const room = (width - MAP.around * count - 24) / count;
      const size = Math.max(MAP.least, Math.min(MAP.widest, room));
      for (const map of [...all, ...(mean ? [mean] : [])]) paintMap(ctx, map, size);
    },
    draw() {
      all.forEach(({ node: button, line }, head) => {
        setAttribute(button, "aria-pressed", String(head === ctx.state.head));
        button.classList.toggle("shown", head === (ctx.preview ?? ctx.state.head));
        placeLine(ctx, line);
      });
      if (mean) placeLine(ctx, mean.line);
    },
  };
}

function makeMap(ctx, name, head) {
  const canvas = htmlNode("canvas", { class: "map-heat" });
  const line = htmlNode("i", { class: "map-line" });
  const title = head === null ? ctx.word("maps.mean") : say(ctx.words, "maps.head", { n: head + 1 });
  const plot = htmlNode("span", { class: "map-plot" }, canvas, line);
  const symbol = htmlNode("span", { class: "map-name" }, symbolNode(ctx.model.tensor(name).symbol), " ", head === null ? title : "");
  if (head === null) return { name, canvas, line, head, node: htmlNode("figure", { class: "map mean" }, symbol, plot) };
  const node = htmlNode(
    "button",
    { type: "button", class: "map", tabindex: -1, "aria-label": title, title: `${title} · ${head + 1}` },
    symbol,
    plot,
  );
  node.classList.toggle("silenced", (ctx.model.scene.facts.silenced ?? []).includes(head));
  node.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && ctx.previewHead(head));
  node.addEventListener("pointerleave", () => ctx.previewHead(null));
  node.addEventListener("click", () => {
    ctx.act({ type: "head", head });
    ctx.focus();
  });
  return { name, canvas, line, head, node };
}

function paintMap(ctx, { name, canvas, line, head }, size) {
  const { keys, queries, weights } = ctx.sheets;
  const width = keys.length;
  const height = queries.length;
  const unit = size / Math.max(width, height);
  const density = Math.min(2, globalThis.devicePixelRatio || 1);
  Object.assign(canvas.style, { width: `${width * unit}px`, height: `${height * unit}px` });
  Object.assign(line.style, { width: `${width * unit}px`, height: `${Math.max(3, unit)}px` });
  line.dataset.unit = String(unit);
  const alike = new Set(weights?.node.hatches ?? []).size <= 1;
  const image = heatImage(ctx, name, {
    width,
    height,
    range: 1,
    values: (row) => ctx.model.value(name, row),
    allowed: (row) => (weights && (head !== null || alike) ? hatchOf(ctx, weights, row, head ?? 0) : null),
  });
  const pen = penOf(canvas, width * unit, height * unit, density);
  if (weights?.node.hatch) paintHatch(ctx, pen, { x: 0, y: 0, w: width * unit, h: height * unit });
  pen.imageSmoothingEnabled = false;
  pen.drawImage(image, 0, 0, width * unit, height * unit);
}

function placeLine(ctx, line) {
  const unit = Number(line.dataset.unit || 0);
  line.style.transform = `translateY(${ctx.state.t * unit - Math.max(0, (3 - unit) / 2)}px)`;
}
