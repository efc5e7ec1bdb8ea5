// Which part of large sheets is in view: the same queries and keys in all of them.
import { keyAt } from "./sheetfacts.js";
import { SHEET_PRINTED } from "./sheetgrid.js";

const ZOOMS = [1, 1.6, 2.5, 4, 6.4, 10, 16];
const ROOMY_CELL = 34;

/** @param {object} ctx the player's context */
export function makeView() {
  return { zoom: 1, query: 0, key: 0, most: 1 };
}

/** The largest zoom that still tells more: numbers have room. */
export function limitZoom(view, placed) {
  const many = ({ height, width, columns }) => height > SHEET_PRINTED || (columns === "key" && width > SHEET_PRINTED);
  const heat = placed.filter(({ sheet, closed }) => !closed && sheet.rows !== "none" && many(sheet));
  const least = Math.min(...heat.map(({ line }) => line), ROOMY_CELL);
  const most = heat.length ? ZOOMS.find((zoom) => zoom * least >= ROOMY_CELL) ?? 16 : 1;
  view.most = most;
  view.zoom = Math.min(view.zoom, most);
}

const clampStart = (start, length, zoom) => Math.max(0, Math.min(length - length / zoom, start));

/** Zooms in (1), out (−1) or to the whole (0), about a query and a key. */
export function zoomView(ctx, view, by, about = { query: ctx.state.t, key: keyAt(ctx) }) {
  const at = ZOOMS.indexOf(view.zoom);
  const zoom = by === 0 ? 1 : Math.min(view.most, ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, at + by))]);
  if (zoom === view.zoom) return false;
  const lengths = { query: ctx.sheets.queries.length, key: ctx.sheets.keys.length };
  for (const axis of ["query", "key"]) {
    const share = ((about[axis] + 0.5 - view[axis]) * view.zoom) / lengths[axis];
    const kept = Math.max(0, Math.min(1, share));
    view[axis] = clampStart(about[axis] + 0.5 - (kept * lengths[axis]) / zoom, lengths[axis], zoom);
  }
  view.zoom = zoom;
  return true;
}

/** Moves what is in view by so many queries and keys. */
export function panView(ctx, view, queries, keys) {
  const before = `${view.query} ${view.key}`;
  view.query = clampStart(view.query + queries, ctx.sheets.queries.length, view.zoom);
  view.key = clampStart(view.key + keys, ctx.sheets.keys.length, view.zoom);
  return `${view.query} ${view.key}` !== before;
}

/** The cursor is always in view. */
export function followCursor(ctx, view) {
  if (view.zoom === 1) {
    [view.query, view.key] = [0, 0];
    return;
  }
  const places = { query: [ctx.state.t, ctx.sheets.queries.length], key: [keyAt(ctx), ctx.sheets.keys.length] };
  for (const [axis, [at, length]] of Object.entries(places)) {
    const seen = length / view.zoom;
    const edge = Math.min(1, seen / 4);
    if (at < view[axis] + edge) view[axis] = at - edge;
    if (at + 1 > view[axis] + seen - edge) view[axis] = at + 1 - seen + edge;
    view[axis] = clampStart(view[axis], length, view.zoom);
  }
}

/** What a sheet shows of itself: its first row and column in view, and how large a cell is. */
export function viewOf(view, { sheet, cell, line, printed }) {
  if (printed) return { row: 0, column: 0, line, cell };
  const tokenRows = sheet.rows !== "none";
  const tokenColumns = sheet.columns === "key";
  return {
    row: tokenRows ? view[sheet.rows] : 0,
    column: tokenColumns ? view.key : 0,
    line: line * (tokenRows ? view.zoom : 1),
    cell: cell * (tokenColumns ? view.zoom : 1),
  };
}
