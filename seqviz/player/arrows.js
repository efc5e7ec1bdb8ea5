// Arrows from what a value was computed from to the value, and ribbons from sheet to sheet.
import { svgNode, setAttribute, setHidden } from "./svg.js";
import { cellRect } from "./sheet.js";
import { findCell } from "./sheetfacts.js";

const HEADROOM = 7;
const BEND = 0.45;
const DEEP = 4;
const RIBBON_MS = 620;

/** @param {object} ctx the player's context */
export function makeArrows(ctx) {
  const asked = svgNode("g", { class: "sheet-arrows" });
  const ribbons = svgNode("g", { class: "sheet-ribbons" });
  const paths = [];
  return {
    asked,
    ribbons,
    /** Arrows to the cell that the reader asks about; none where nobody asks. */
    draw(drawnSheets) {
      const found = askedPaths(ctx, drawnSheets);
      while (paths.length < found.length) {
        const line = svgNode("path", { class: "arrow-line" });
        const head = svgNode("path", { class: "arrow-head" });
        paths.push(svgNode("g", {}, line, head));
        asked.append(paths[paths.length - 1]);
      }
      paths.forEach((path, k) => {
        setHidden(path, !found[k]);
        if (!found[k]) return;
        setAttribute(path.firstChild, "d", found[k].line);
        setAttribute(path.lastChild, "d", found[k].head);
      });
    },
    /** Ribbons from the sheets that this stage reads; they fade unless the picture shows flow. */
    flow(drawnSheets, within) {
      const stays = ctx.state.level === "flow";
      const none = ctx.state.substep === null || (!stays && (ctx.state.reduced || within < 240));
      ribbons.replaceChildren(...(none ? [] : stageRibbons(ctx, drawnSheets)));
      ribbons.style.setProperty("--ribbon-time", `${Math.min(within, RIBBON_MS)}ms`);
    },
    clear: () => ribbons.replaceChildren(),
  };
}

function askedPaths(ctx, drawnSheets) {
  const looked = ctx.marked.find(({ kind }) => kind === "looked");
  const target = looked && findCell(ctx, looked);
  const to = target && drawnOf(drawnSheets, target.sheet);
  const end = to && cellRect(to, target.row, target.column);
  if (!end) return [];
  const blocks = new Map();
  for (const mark of ctx.marked) {
    const from = mark.kind === "source" ? findCell(ctx, mark) : null;
    const drawn = from && drawnOf(drawnSheets, from.sheet);
    const rect = drawn && cellRect(drawn, from.row, from.column);
    if (rect) blocks.set(drawn, blocks.has(drawn) ? joinRects(blocks.get(drawn), rect) : rect);
  }
  return [...blocks.values()].map((start) => sourcePath(start, end));
}

const drawnOf = (drawnSheets, sheet) => drawnSheets.find((drawn) => drawn.sheet === sheet);

function joinRects(a, b) {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}

const centreOf = ({ x, y, width, height }) => [x + width / 2, y + height / 2];

/** Sideways where the sheets stand beside each other, downwards where they do not. */
function sourcePath(start, end) {
  const beside = start.y < end.y + end.height + 60 && end.y < start.y + start.height + 60 && end.x >= start.x + start.width - 2;
  const [mx, my] = centreOf(start);
  const [ex, ey] = centreOf(end);
  const above = start.y + start.height <= end.y;
  const [x0, y0] = beside ? [start.x + start.width + 1, my] : [mx, above ? start.y + start.height + 1 : start.y - 1];
  const [x1, y1] = beside ? [end.x - HEADROOM, ey] : [ex, above ? end.y - HEADROOM : end.y + end.height + HEADROOM];
  const bend = BEND * (beside ? x1 - x0 : y1 - y0);
  const line = beside
    ? `M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`
    : `M${x0} ${y0}C${x0} ${y0 + bend} ${x1} ${y1 - bend} ${x1} ${y1}`;
  const way = beside ? [1, 0] : [0, above ? 1 : -1];
  return { line, head: sourceHead(x1, y1, way) };
}

function sourceHead(x, y, [dx, dy]) {
  const tip = [x + 6 * dx, y + 6 * dy];
  return `M${tip[0]} ${tip[1]}L${x - 3.5 * dy} ${y + 3.5 * dx}L${x + 3.5 * dy} ${y - 3.5 * dx}Z`;
}

/** From every sheet that this stage's sheets read to the row of the query. */
function stageRibbons(ctx, drawnSheets) {
  return drawnSheets.filter(({ sheet }) => sheet.stage === ctx.state.substep).flatMap((to) => {
    const end = rowRect(ctx, to);
    const sources = end ? readSheets(ctx, to.sheet, drawnSheets) : [];
    return sources.map((from) => {
      const start = rowRect(ctx, from);
      if (!start) return null;
      const path = svgNode("path", { class: "ribbon", d: sourcePath(start, end).line, pathLength: 100 });
      path.style.stroke = ctx.palette.line(ctx.model.tensor(from.sheet.node.tensor).role);
      return path;
    }).filter(Boolean);
  });
}

function rowRect(ctx, drawn) {
  const { sheet } = drawn;
  if (sheet.rows === "query") return cellRect(drawn, ctx.state.t, 0, 1, sheet.width);
  return cellRect(drawn, 0, 0, sheet.height, sheet.width);
}

/** The sheets that a sheet's tensor is computed from, through tensors that are not drawn. */
function readSheets(ctx, sheet, drawnSheets) {
  const found = new Set();
  const visit = (name, depth) => {
    for (const { tensor } of ctx.model.tensor(name).operation.operands) {
      const drawn = drawnSheets.find((other) => other.sheet.names.includes(tensor) || other.sheet.node.row === tensor);
      if (drawn) found.add(drawn);
      else if (depth < DEEP) visit(tensor, depth + 1);
    }
  };
  visit(sheet.names[Math.min(ctx.state.head, sheet.names.length - 1)], 0);
  return [...found];
}
