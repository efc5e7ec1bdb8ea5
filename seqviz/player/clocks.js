// Positions as clocks: each pair (sin, cos) is a hand, and a shift of the position turns it by an
// angle that does not depend on where it stands. Sine is to the right, cosine up.
import { setAttribute, setText, svgNode } from "./svg.js";
import { fixed, precise } from "./digits.js";
import { round1 } from "./geometry.js";
import { say } from "./symbols.js";

const CLOCK_WIDEST = 240;
const CLOCK_LEAST = 150;
const CLOCK_GAP = 18;
const CLOCK_HEAD = 40;
const CLOCK_ROW = 19;
const WAVE_HEIGHT = 44;
const TABLE = 6.4 * CLOCK_ROW;
const NARROW_CLOCK = 200;
const CLOCK_BEEN = 12;
const TWEEN_MS = 450;
const TURNS_DRAWN = 3;
const WHOLE_TURN = 2 * Math.PI;


/** @param {object} ctx the player's context */
export function makeClocks(ctx) {
  const node = svgNode("svg", { class: "diagram clocks", role: "group", "aria-label": ctx.word("clocks.label") });
  const face = { node, clocks: [], shown: ctx.state.t, frame: 0 };
  const paint = () => face.clocks.forEach((clock) => clock.paint(face.shown));
  listenClocks(ctx, face);
  return {
    node,
    build(width) {
      buildClocks(ctx, face, width);
    },
    draw() {
      if (face.frame === 0 && (ctx.state.reduced || Math.abs(face.shown - ctx.state.t) > 1)) face.shown = ctx.state.t;
      for (const clock of face.clocks) clock.draw();
      paint();
    },
    animate(within) {
      cancelAnimationFrame(face.frame);
      const [from, to] = [face.shown, ctx.state.t];
      const length = ctx.state.reduced || Math.abs(from - to) > 1.5 ? 0 : Math.min(TWEEN_MS, within);
      const start = performance.now();
      const beat = (now) => {
        const share = length === 0 ? 1 : Math.min(1, Math.max(0, (now - start) / length));
        face.shown = share === 1 ? to : from + (to - from) * (1 - (1 - share) ** 2);
        face.frame = share === 1 ? 0 : requestAnimationFrame(beat);
        paint();
      };
      beat(start);
    },
    stop() {
      cancelAnimationFrame(face.frame);
      face.frame = 0;
      face.shown = ctx.state.t;
    },
  };
}

function buildClocks(ctx, face, width) {
  const nodes = ctx.model.scene.layout.nodes.filter(({ kind }) => kind === "clock");
  const across = Math.max(1, Math.min(nodes.length, Math.floor((width + CLOCK_GAP) / (CLOCK_LEAST + CLOCK_GAP))));
  const each = Math.min(CLOCK_WIDEST, (width - (across - 1) * CLOCK_GAP) / across);
  const dial = each - 20;
  const height = tableTop(dial) + TABLE + WAVE_HEIGHT + 22;
  face.clocks = nodes.map((pair, k) => {
    const [x, y] = [(k % across) * (each + CLOCK_GAP), Math.floor(k / across) * (height + CLOCK_GAP)];
    return makeClock(ctx, pair, { x, y, width: each, dial });
  });
  const rows = Math.ceil(nodes.length / across);
  const size = { width, height: rows * height + (rows - 1) * CLOCK_GAP };
  for (const [name, value] of Object.entries(size)) setAttribute(face.node, name, value);
  setAttribute(face.node, "viewBox", `0 0 ${size.width} ${size.height}`);
  face.node.replaceChildren(...face.clocks.map(({ node }) => node));
}

const tableTop = (dial) => CLOCK_HEAD + dial;

function makeClock(ctx, pair, { x, y, width, dial }) {
  const { model } = ctx;
  const node = svgNode("g", { class: "clock", transform: `translate(${x} ${y})` });
  const omega = model.number(pair.stages.omega, 0, 0);
  const turn = model.number(pair.stages.turn, 0, 0);
  const centre = [width / 2, CLOCK_HEAD + dial / 2];
  const hands = makeHands(ctx, pair, { centre, radius: dial / 2 - 14, omega, turn });
  const table = makeTable(ctx, pair, { y: tableTop(dial), width });
  const wave = makeWave(ctx, pair, { y: tableTop(dial) + TABLE, width });
  const period = say(ctx.words, "clocks.period", { n: fixed(WHOLE_TURN / omega, omega > 0.2 ? 1 : 0) });
  node.append(
    svgNode("text", { class: "bar-head", x: 0, y: 14 }, say(ctx.words, "clocks.pair", { i: pair.pair })),
    svgNode("text", { class: "bar-under", x: width, y: 14, "text-anchor": "end" },
      say(ctx.words, "clocks.features", { a: 2 * pair.pair, b: 2 * pair.pair + 1 })),
    svgNode("text", { class: "bar-under", x: 0, y: 31 }, period),
    hands.node, ...table.nodes, wave.node,
  );
  return {
    node,
    paint(at) {
      hands.paint(at * omega);
      wave.paint(at);
    },
    draw: table.draw,
  };
}

/** A place on the dial: angles run clockwise from the top, where p = 0 stands. */
const onDial = ([cx, cy], radius, angle) => [cx + radius * Math.sin(angle), cy - radius * Math.cos(angle)];

function makeHands(ctx, pair, { centre, radius, omega, turn }) {
  const [here, there] = [pair.tensor, pair.stages.there].map((name) => ctx.palette.line(ctx.model.tensor(name).role));
  const [cx, cy] = centre;
  const line = (name, stroke) => svgNode("line", { class: name, x1: cx, y1: cy, stroke });
  const drops = [svgNode("line", { class: "clock-drop", stroke: here }), svgNode("line", { class: "clock-drop", stroke: here })];
  const been = Array.from({ length: CLOCK_BEEN }, () => svgNode("circle", { class: "clock-been", r: 2.6, fill: here }));
  const arc = svgNode("path", { class: "clock-arc" });
  const hand = line("clock-hand", here);
  const far = line("clock-hand far", there);
  const tips = [
    svgNode("circle", { r: 5.5, fill: here }),
    svgNode("rect", { x: -5, y: -5, width: 10, height: 10, rx: 1.5, fill: there }),
  ];
  const ticks = Array.from({ length: 12 }, (_, k) => {
    const angle = (k * WHOLE_TURN) / 12;
    const [[x1, y1], [x2, y2]] = [onDial(centre, radius, angle), onDial(centre, radius - (k % 3 ? 4 : 8), angle)];
    return svgNode("line", { class: "clock-tick", x1, y1, x2, y2 });
  });
  const axis = (text, at, anchor) =>
    svgNode("text", { class: "clock-axis", x: at[0], y: at[1], "text-anchor": anchor }, text);
  const node = svgNode("g", {},
    svgNode("circle", { class: "clock-face", cx, cy, r: radius }),
    svgNode("line", { class: "clock-tick", x1: cx - radius, x2: cx + radius, y1: cy, y2: cy }),
    svgNode("line", { class: "clock-tick", x1: cx, x2: cx, y1: cy - radius, y2: cy + radius }),
    ...ticks,
    axis(ctx.word("clocks.cosine"), [cx - 9, cy - radius - 3], "end"),
    axis(ctx.word("clocks.sine"), [cx + radius + 1, cy - 4], "start"),
    ...been, ...drops, arc, far, hand, svgNode("circle", { class: "clock-pin", cx, cy, r: 3, fill: here }), tips[1], tips[0]);
  return {
    node,
    paint(angle) {
      const near = onDial(centre, radius, angle);
      const end = onDial(centre, radius, angle + turn);
      drawTo(hand, near);
      drawTo(far, end);
      setAttribute(tips[0], "transform", `translate(${near.map(round1).join(" ")})`);
      setAttribute(tips[1], "transform", `translate(${end.map(round1).join(" ")})`);
      drawTo(drops[0], near, [near[0], cy]);
      drawTo(drops[1], near, [cx, near[1]]);
      setAttribute(arc, "d", arcPath(centre, radius * 0.42, angle, turn));
      been.forEach((dot, k) => {
        const past = angle - (k + 1) * omega;
        const [x, y] = onDial(centre, radius, past);
        setAttribute(dot, "cx", round1(x));
        setAttribute(dot, "cy", round1(y));
        setAttribute(dot, "visibility", past < -1e-9 ? "hidden" : "visible");
      });
    },
  };
}

function drawTo(node, [x2, y2], from = null) {
  const ends = { x2, y2, ...(from ? { x1: from[0], y1: from[1] } : {}) };
  for (const [name, value] of Object.entries(ends)) setAttribute(node, name, round1(value));
}

/** The way from one hand to the other, clockwise, with an arrow's head; of whole turns the last. */
function arcPath(centre, radius, angle, whole) {
  if (whole < 0.02) return "";
  const left = Math.max(0, Math.floor(whole / WHOLE_TURN) - TURNS_DRAWN) * WHOLE_TURN;
  const turn = whole - left;
  const count = Math.max(2, Math.ceil(turn / 0.12));
  const points = Array.from({ length: count + 1 }, (_, k) =>
    onDial(centre, radius + (4 * k * turn) / count / WHOLE_TURN, angle + (turn * k) / count));
  const [ex, ey] = points[count];
  const size = Math.min(6, radius * turn * 0.5);
  const wings = [0.5, -0.5].map((side) => {
    const back = angle + turn - Math.PI / 2 + side;
    return [ex + size * Math.sin(back), ey - size * Math.cos(back)].map(round1).join(" ");
  });
  const end = `${round1(ex)} ${round1(ey)}`;
  return `M${points.map((point) => point.map(round1).join(" ")).join("L")}M${wings[0]}L${end}L${wings[1]}`;
}

/** PE(p), PE(p) turned, and the true PE(p + k): two numbers each, which can be asked. */
function makeTable(ctx, pair, { y, width }) {
  const { model } = ctx;
  const columns = [width - (width < NARROW_CLOCK ? 42 : 62), width];
  const head = ["sine", "cosine"].map((word, k) =>
    svgNode("text", { class: "clock-axis", x: columns[k], y: y + 10, "text-anchor": "end" }, ctx.word(`clocks.${word}`)));
  const rows = [["here", pair.tensor], ["turned", pair.stages.there], ["true", pair.stages.true]].map(([word, name], r) => {
    const at = y + 10 + (r + 1) * CLOCK_ROW;
    const label = svgNode("text", { class: "clock-row", x: 0, y: at }, ctx.word(`clocks.${word}`));
    label.style.fill = ctx.palette.text(model.tensor(name).role);
    const numbers = columns.map((x, index) =>
      svgNode("text", { class: "clock-number", x, y: at, "data-place": `${name} ${index}` }));
    return { name, label, numbers };
  });
  const turn = model.number(pair.stages.turn, 0, 0);
  const told = {
    k: model.scene.facts.offset,
    omega: precise(model.number(pair.stages.omega, 0, 0), 3),
    radians: precise(turn, 2),
    degrees: precise((turn * 180) / Math.PI, 1),
  };
  const under = ["clocks.angle", "clocks.degrees"].map((word, k) => svgNode(
    "text", { class: "bar-under", x: 0, y: y + 12 + 4 * CLOCK_ROW + 15 * k }, say(ctx.words, word, told)));
  return {
    nodes: [...head, ...rows.flatMap(({ label, numbers }) => [label, ...numbers]), ...under],
    draw() {
      const marked = new Set(ctx.marked.map(({ name, index }) => `${name} ${index}`));
      for (const { name, numbers } of rows) {
        numbers.forEach((number, index) => {
          setText(number, fixed(model.number(name, ctx.state.t, index)));
          number.classList.toggle("marked", marked.has(`${name} ${index}`));
        });
      }
    },
  };
}

/** The sine over all positions: where the cursor is, and where the shift leads. */
function makeWave(ctx, pair, { y, width }) {
  const { model } = ctx;
  const { offset } = model.scene.facts;
  const last = model.steps - 1 + offset;
  const x = (p) => 4 + ((width - 8) * p) / Math.max(1, last);
  const omega = model.number(pair.stages.omega, 0, 0);
  const up = (p, wave) => y + WAVE_HEIGHT / 2 - (WAVE_HEIGHT / 2 - 5) * wave(p * omega);
  const count = Math.min(600, Math.max(60, Math.ceil((last * omega * 16) / WHOLE_TURN)));
  const path = (wave) => Array.from({ length: count + 1 }, (_, k) => (last * k) / count)
    .map((p) => `${round1(x(p))},${round1(up(p, wave))}`).join(" ");
  const [here, there] = [pair.tensor, pair.stages.there].map((name) => ctx.palette.line(model.tensor(name).role));
  const now = svgNode("line", { class: "clock-now", y1: y, y2: y + WAVE_HEIGHT });
  const dots = [svgNode("circle", { r: 4.5, fill: here }), svgNode("rect", { x: -4, y: -4, width: 8, height: 8, rx: 1.5, fill: there })];
  const text = svgNode("text", { class: "clock-axis", x: 4, y: y + WAVE_HEIGHT + 14 }, say(ctx.words, "clocks.place", { p: 0 }));
  const end = svgNode("text", { class: "clock-axis", x: width - 4, y: y + WAVE_HEIGHT + 14, "text-anchor": "end" }, String(last));
  const scrub = svgNode("rect", { class: "clock-scrub", x: 0, y, width, height: WAVE_HEIGHT });
  const node = svgNode("g", { "data-wave": "", "data-last": last },
    svgNode("polyline", { class: "clock-wave", stroke: here, points: path(Math.sin) }),
    svgNode("polyline", { class: "clock-wave second", stroke: here, points: path(Math.cos) }),
    now, ...dots.reverse(), text, end, scrub);
  return {
    node,
    paint(at) {
      const place = (p) => `translate(${round1(x(p))} ${round1(up(p, Math.sin))})`;
      setAttribute(now, "x1", round1(x(at)));
      setAttribute(now, "x2", round1(x(at)));
      setAttribute(dots[1], "transform", place(at));
      setAttribute(dots[0], "transform", place(at + offset));
    },
  };
}

/** Dragging over a wave moves the cursor; a number is asked where it came from. */
function listenClocks(ctx, { node }) {
  let scrubbed = null;
  const goTo = (event) => {
    const box = scrubbed.querySelector(".clock-scrub").getBoundingClientRect();
    const p = Math.round(((event.clientX - box.left) / box.width) * Number(scrubbed.dataset.last));
    ctx.act({ type: "go", t: Math.min(ctx.model.steps - 1, Math.max(0, p)) });
  };
  const placeAt = (event) => {
    const asked = event.target.closest("[data-place]")?.dataset.place.split(" ");
    return asked ? { name: asked[0], t: ctx.state.t, index: Number(asked[1]) } : null;
  };
  node.addEventListener("pointerdown", (event) => {
    scrubbed = event.button === 0 ? event.target.closest("[data-wave]") : null;
    if (!scrubbed) return;
    node.setPointerCapture(event.pointerId);
    goTo(event);
  });
  node.addEventListener("pointermove", (event) => {
    if (scrubbed) goTo(event);
    else ctx.hover(placeAt(event));
  });
  const drop = () => { scrubbed = null; };
  node.addEventListener("pointerup", drop);
  node.addEventListener("pointercancel", drop);
  node.addEventListener("pointerleave", () => ctx.hover(null));
  node.addEventListener("click", (event) => ctx.choose(placeAt(event)));
}
