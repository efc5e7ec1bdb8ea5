// The diagram of one step: strips, glyphs and tokens where the scene's layout puts them.
import { svgNode, setAttribute, setText, fitText, setHidden } from "./svg.js";
import { makeStrip, drawStrip, shownPlace, wordWidth } from "./strips.js";
import { makeWire, drawWire } from "./wires.js";
import { makeStubs, drawStubs } from "./stubs.js";
import { makeMatrix, drawMatrix } from "./matrix.js";

const ROOMY = 640;
const STUBS = 680;
const STUB_SHARE = 0.1;
const STUB_MOST = 92;
const GLYPH = 14;
const TOKEN = 17;
const TOKEN_GLYPH = [16, 30];
const BODY_PAD = 20;
const LABEL_ROOM = 12;
const NEIGHBOUR = 54;
const BESIDE_WIRE = 36;
const LABEL_REACH = 36;
const LEFT_LABEL = 34;

/** @param {object} ctx the player's context */
export function makeDiagram(ctx) {
  const node = svgNode("svg", { class: "diagram", role: "img", "aria-label": ctx.word("diagram.label") });
  const diagram = { node, strips: [], matrices: [], glyphs: [], tokens: [], wires: [], stubs: null, width: 0 };
  node.addEventListener("pointerover", (event) => ctx.hover(diagramPlace(ctx, diagram, event)));
  node.addEventListener("pointerleave", () => ctx.hover(null));
  node.addEventListener("click", (event) => ctx.choose(diagramPlace(ctx, diagram, event)));
  return {
    node,
    wires: () => diagram.wires,
    build: (width) => buildDiagram(ctx, diagram, width),
    draw: () => drawDiagram(ctx, diagram),
  };
}

function buildDiagram(ctx, diagram, width) {
  const { layout } = ctx.model.scene;
  const built = `${width} ${ctx.state.view}`;
  if (diagram.built === built) return;
  diagram.built = built;
  const stubbed = width >= STUBS && ctx.state.view === "unrolled";
  const margin = stubbed ? Math.min(STUB_MOST, width * STUB_SHARE) : 4;
  const column = (width - 2 * margin) / layout.columns;
  const x = (at) => Math.round((margin + at * column) * 2) / 2;
  const roomy = width >= ROOMY;
  Object.assign(diagram, { width, x, roomy, strips: [], matrices: [], glyphs: [], tokens: [], wires: [] });
  setAttribute(diagram.node, "viewBox", `0 0 ${width} ${layout.height}`);
  setAttribute(diagram.node, "width", width);
  setAttribute(diagram.node, "height", layout.height);
  const boxes = new Map();
  const upper = layout.nodes.map((node) => {
    const place = {
      x: x(node.x),
      y: node.y,
      room: column - 7,
      roomy,
      gaps: gapsBeside(layout, node, column),
    };
    return placeNode(ctx, diagram, node, place, boxes);
  });
  const wires = layout.wires.map((wire) => {
    const points = wire.points.map(([px, py]) => [x(px), py]);
    const made = makeWire(ctx, wire, points, { from: boxes.get(wire.from), to: boxes.get(wire.to) });
    diagram.wires.push(made);
    return made.group;
  });
  const body = bodyBox(ctx, diagram);
  const lanes = layout.lanes.flatMap((lane) => laneNodes(
    ctx,
    lane,
    { body, width, stubbed, items: [...diagram.glyphs, ...diagram.matrices, ...diagram.strips] },
  ));
  diagram.stubs = stubbed ? makeStubs(ctx, diagram, body, boxes) : null;
  diagram.node.replaceChildren(
    diagramDefs(ctx),
    svgNode(
      "rect",
      { class: "body", x: body.x, y: body.y, width: body.width, height: body.height, rx: 16 },
    ),
    ...lanes,
    ...(diagram.stubs ? [diagram.stubs.group] : []),
    svgNode("g", { class: "wires" }, ...wires),
    svgNode("g", { class: "nodes" }, ...upper),
  );
}

function diagramDefs(ctx) {
  const line = (d) => svgNode("path", { d, stroke: ctx.palette.ink, "stroke-width": 1, opacity: 0.55 });
  return svgNode(
    "defs",
    {},
    svgNode("pattern", { id: ctx.brokenId, width: 5, height: 5, patternUnits: "userSpaceOnUse" },
      svgNode("rect", { width: 5, height: 5, fill: ctx.palette.paper }), line("M0 5L5 0"), line("M0 0L5 5")),
  );
}

/** How many pixels are free between a strip and the next nodes and upright wires beside it. */
function gapsBeside(layout, { x, y }, column) {
  const beside = layout.nodes.filter((node) => Math.abs(node.y - y) < 60).map((node) => node.x);
  const wires = layout.wires.flatMap((wire) => uprightAt(wire, y));
  const before = (places) => x - Math.max(0, ...places.filter((at) => at < x));
  const after = (places) => Math.min(layout.columns, ...places.filter((at) => at > x)) - x;
  const left = Math.min(before(beside) * column - NEIGHBOUR, before(wires) * column - BESIDE_WIRE);
  const right = Math.min(after(beside) * column - NEIGHBOUR, after(wires) * column - BESIDE_WIRE);
  return { left, right: right - LEFT_LABEL };
}

/** Where, in columns, a wire runs upright past the label of a strip at this height. */
function uprightAt({ points, view }, y) {
  if (view === "rolled") return [];
  const passes = ([x, from], k) => {
    const [next, to] = points[k + 1] ?? [];
    return x === next && Math.min(from, to) < y + LABEL_REACH && Math.max(from, to) > y - LABEL_REACH;
  };
  return points.filter(passes).map(([x]) => x);
}

function placeNode(ctx, diagram, node, place, boxes) {
  const make = { strip: placeStrip, matrix: placeMatrix, glyph: placeGlyph, token: placeToken }[node.kind];
  const { group, box } = make(ctx, diagram, node, place);
  boxes.set(node.id, box);
  return group;
}

function placeStrip(ctx, diagram, node, place) {
  const strip = makeStrip(ctx, node, place);
  diagram.strips.push(strip);
  return strip;
}

function placeMatrix(ctx, diagram, node, place) {
  const matrix = makeMatrix(ctx, node, place);
  diagram.matrices.push(matrix);
  return matrix;
}

function placeGlyph(ctx, diagram, node, { x, y, roomy }) {
  const long = node.text.length > 1;
  const r = GLYPH + (node.text.length > 2 && roomy ? 3 : 0);
  const { role } = ctx.model.tensor(node.tensor);
  const circle = svgNode("circle", { cx: x, cy: y, r, stroke: ctx.palette.line(role) });
  const text = svgNode("text", { x, y: y + (long ? 3.5 : 5.5), class: long ? "long" : "" }, node.text);
  const badge = badgeAt(x - r, y - r + 3);
  const group = svgNode("g", { class: "glyph", "data-node": node.id }, circle, text, badge);
  const glyph = { node, group, badge, box: around(x, y, r) };
  diagram.glyphs.push(glyph);
  return glyph;
}

function badgeAt(x, y) {
  return svgNode(
    "g",
    { class: "mark", hidden: "" },
    svgNode("circle", { cx: x, cy: y, r: 6.5 }),
    svgNode("text", { x, y: y + 3.2 }),
  );
}

function placeToken(ctx, diagram, node, { x, y, roomy }) {
  const circle = svgNode("circle", { cx: x, cy: y, r: TOKEN });
  const text = svgNode("text", { x, y: y + 6, class: "token-text" });
  const below = node.side === "bottom";
  const at = below ? { x: x - 10, y: y + TOKEN + 16 } : { x: x + TOKEN + 8, y: y + 5 };
  const symbol = svgNode("text", { ...at, class: "strip-symbol" });
  symbol.append(svgNode("tspan", {}, "x"), svgNode("tspan", { class: "low", dy: 4 }, "t"));
  const size = `(${ctx.model.shape(node.tensor).join(", ")})`;
  const word = svgNode(
    "text",
    { x: at.x + 20, y: at.y, class: "strip-word" },
    below ? "" : roomy ? `${ctx.labelWord(node)} ${size}` : size,
  );
  const badge = badgeAt(x - TOKEN + 2, y - TOKEN + 5);
  const parts = [circle, text, symbol, word, badge];
  const group = svgNode("g", { class: "token-node", "data-node": node.id }, ...parts);
  const token = { node, group, text, badge, box: around(x, y, TOKEN) };
  diagram.tokens.push(token);
  return token;
}

function around(x, y, r) {
  return { x: x - r, y: y - r, width: 2 * r, height: 2 * r };
}

/** The body of the cell: everything but the token and the states before and after. */
function bodyBox(ctx, diagram) {
  const isState = ({ node }) => ctx.states.has(node.tensor);
  const gates = diagram.strips.filter((strip) => !isState(strip));
  const inner = [...gates, ...diagram.matrices, ...diagram.glyphs].map(({ box }) => box);
  const outer = diagram.strips.filter(isState);
  const atLeft = ({ node }) => (ctx.backwards ? !node.shift : node.shift === -1);
  const before = outer.filter(atLeft).map(({ box }) => box.x + box.width);
  const after = outer.filter((strip) => !atLeft(strip)).map(({ box }) => box.x);
  const left = Math.max(...before, 0) + (diagram.roomy ? BODY_PAD : 4);
  const right = Math.min(...after, diagram.width) - (diagram.roomy ? BODY_PAD : 4);
  const top = Math.min(...inner.map((box) => box.y)) - 26;
  const bottom = Math.max(...inner.map((box) => box.y + box.height)) + 16;
  return { x: left, y: top, width: Math.max(10, right - left), height: bottom - top };
}

function onLane(box, y) {
  return box.y - 24 < y && box.y + box.height + 6 > y - 12;
}

/** The widest stretch of the body that no box on the lane covers. */
function widestGap(body, boxes) {
  const sorted = boxes.slice().sort((a, b) => a.x - b.x);
  const starts = [body.x, ...sorted.map((box) => box.x + box.width)];
  const ends = [...sorted.map((box) => box.x), body.x + body.width];
  const gaps = starts.map((start, k) => ({ size: ends[k] - start, middle: (start + ends[k]) / 2 }));
  return gaps.reduce((best, gap) => (gap.size > best.size + 1 ? gap : best));
}

function laneNodes(ctx, lane, { body, width, stubbed, items }) {
  const colour = ctx.palette.line(lane.role);
  const line = svgNode(
    "line",
    {
      class: "lane",
      x1: stubbed ? 0 : body.x,
      x2: stubbed ? width : body.x + body.width,
      y1: lane.y,
      y2: lane.y,
      stroke: colour,
    },
  );
  if (width < ROOMY) return [line];
  const gap = widestGap(body, items.map(({ box }) => box).filter((box) => onLane(box, lane.y)));
  const words = ctx.word(lane.label);
  if (gap.size < wordWidth(words) + LABEL_ROOM) return [line];
  return [line, svgNode("text", { class: "lane-label", x: gap.middle, y: lane.y - 12 }, words)];
}

function drawDiagram(ctx, diagram) {
  if (!diagram.width) return;
  for (const strip of diagram.strips) drawStrip(ctx, strip);
  for (const matrix of diagram.matrices) drawMatrix(ctx, matrix);
  for (const wire of diagram.wires) drawWire(ctx, wire);
  for (const glyph of diagram.glyphs) drawGlyph(ctx, glyph);
  for (const token of diagram.tokens) {
    fitText(token.text, ctx.tokenAt(ctx.state.t), ...TOKEN_GLYPH);
    drawGlyph(ctx, token, "token-node");
  }
  if (diagram.stubs) drawStubs(ctx, diagram.stubs);
  drawSubject(ctx, diagram);
}

function drawGlyph(ctx, glyph, kind = "glyph") {
  const marks = ctx.marked.filter(({ name, t }) => name === glyph.node.tensor && t === ctx.state.t);
  const plain = marks.find(({ rank }) => rank) || marks[0];
  const stripToo = ctx.striped.has(glyph.node.tensor);
  const mark = stripToo ? null : plain;
  setAttribute(glyph.group, "class", `${kind}${mark ? ` marked ${mark.kind}` : ""}`);
  setHidden(glyph.badge, !mark || !mark.rank);
  if (mark && mark.rank) setText(glyph.badge.lastChild, String(mark.rank));
}

/** At a sub-step, what is not its subject steps back. */
function drawSubject(ctx, diagram) {
  const { substep } = ctx.state;
  const now = substep === null || substep === undefined ? null : ctx.model.scene.substeps[substep];
  if (diagram.now === now && !now) return;
  diagram.now = now;
  const part = (group, yes) => group.classList.toggle("aside", Boolean(now) && !yes);
  const live = new Set();
  for (const drawn of diagram.wires) {
    const yes = now && drawn.wire.when === now.name;
    if (yes) live.add(drawn.wire.from).add(drawn.wire.to);
    part(drawn.group, yes);
  }
  const made = (node) => now && !node.shift && now.tensors.includes(node.tensor);
  const stage = (node) => now && node.stages && now.tensors.includes(node.stages[now.name]);
  const subject = ({ node }) => live.has(node.id) || made(node) || stage(node);
  const items = [...diagram.strips, ...diagram.matrices, ...diagram.glyphs, ...diagram.tokens];
  const lit = items.some(subject) ? items.filter(subject) : readBy(ctx, now, items);
  for (const item of items) part(item.group, lit.includes(item));
}

/** Where a sub-step makes nothing that is drawn, its subject is what it reads. */
function readBy(ctx, now, items) {
  const operands = (name) => ctx.model.tensor(name).operation.operands;
  const read = new Set((now?.tensors ?? []).flatMap(operands).map(({ tensor }) => tensor));
  return items.filter(({ node }) => node.kind === "strip" && !node.shift && read.has(node.tensor));
}

function diagramPlace(ctx, diagram, event) {
  const group = event.target.closest("[data-node]");
  if (!group) return null;
  const strip = [...diagram.strips, ...diagram.matrices].find((s) => s.group === group);
  const { t, unit } = ctx.state;
  if (!strip) {
    const { node } = [...diagram.glyphs, ...diagram.tokens].find((g) => g.group === group) || {};
    if (!node) return null;
    const index = node.kind === "token" ? ctx.tokenIndex(node.tensor, t) : unit;
    return { name: node.tensor, t, index };
  }
  const place = shownPlace(ctx, strip.node);
  const row = event.target.dataset.unit;
  return place && row !== undefined ? { ...place, index: Number(row) } : null;
}
