// The unrolled view: the edges of the cells one step earlier and one step later.
import { svgNode, setText, fitText, setHidden } from "./svg.js";

const VISIBLE = 50;
const FADE = 26;
const FAR = 60;
const STUB_GLYPH = [14, 25];

/** Stubs at both sides, joined to the state strips by short wires. */
export function makeStubs(ctx, diagram, body, boxes) {
  const { width, strips } = diagram;
  const token = diagram.tokens[0];
  const before = makeStub(ctx, body, token, VISIBLE, -FAR);
  const after = makeStub(ctx, body, token, width - VISIBLE, width + FAR);
  const links = strips
    .filter(({ node }) => ctx.states.has(node.tensor))
    .map(({ node, box }) => link(ctx, node, box, width));
  const fades = fadeNodes(ctx, width, ctx.model.scene.layout.height);
  const group = svgNode(
    "g",
    { class: "stubs" },
    ...links.map(({ path }) => path),
    before.group,
    after.group,
    ...fades,
  );
  return { group, before, after, boxes };
}

function makeStub(ctx, body, token, near, far) {
  const left = Math.min(near, far);
  const box = svgNode(
    "rect",
    { class: "body", x: left, y: body.y, width: Math.abs(far - near), height: body.height, rx: 16 },
  );
  const x = far < near ? near - 20 : near + 20;
  const caption = svgNode("text", { class: "stub-caption", x, y: body.y + body.height / 2 });
  const nodes = [box, caption];
  let text = null;
  let group = null;
  if (token) {
    const y = token.box.y + token.box.height / 2;
    const r = token.box.height / 2 - 3;
    const from = body.y + body.height + 4;
    const wire = svgNode(
      "path",
      { class: "stub-wire", d: y - r > from ? `M${x} ${y - r - 4}V${from}` : "" },
    );
    text = svgNode("text", { x, y: y + 5, class: "token-text" });
    group = svgNode("g", { class: "token-node" }, wire, svgNode("circle", { cx: x, cy: y, r }), text);
    nodes.push(group);
  }
  return { group: svgNode("g", { class: "stub" }, ...nodes), caption, text };
}

function link(ctx, node, box, width) {
  const y = box.y + box.height / 2;
  const { backwards } = ctx;
  const role = ctx.model.tensor(node.tensor).role;
  const [left, right] = [box.x - 5, box.x + box.width + 5];
  const [from, to] = {
    "-1": [VISIBLE + 4, left],
    0: backwards ? [left, VISIBLE + 4] : [right, width - VISIBLE - 4],
    1: [width - VISIBLE - 4, right],
  }[node.shift ?? 0];
  const along = Math.sign(to - from);
  const stroke = ctx.palette.shade(role, "unit", 1, 0.55).fill;
  const head = `M${to - 5 * along} ${y - 3.7}L${to + along} ${y}L${to - 5 * along} ${y + 3.7}Z`;
  return {
    path: svgNode("g", { class: "stub-link" },
      svgNode("path", { d: `M${from} ${y}H${to - 4 * along}`, stroke, "stroke-width": 2.5, fill: "none" }),
      svgNode("path", { d: head, fill: stroke })),
  };
}

function fadeNodes(ctx, width, height) {
  return [0, 1].map((right) => {
    const id = `${ctx.brokenId}-fade-${right}`;
    const stop = (offset, opacity) => svgNode(
      "stop",
      { offset, "stop-color": ctx.palette.paper, "stop-opacity": opacity },
    );
    const stops = right ? [stop(0, 0), stop(1, 1)] : [stop(0, 1), stop(1, 0)];
    const gradient = svgNode("linearGradient", { id }, ...stops);
    const x = right ? width - FADE : 0;
    const veil = svgNode(
      "rect",
      { x, y: 0, width: FADE, height, fill: `url(#${id})`, "pointer-events": "none" },
    );
    return svgNode("g", {}, gradient, veil);
  });
}

export function drawStubs(ctx, { before, after }) {
  const { t } = ctx.state;
  const last = t >= ctx.model.steps - 1;
  setText(before.caption, t > 0 ? `t−1` : ctx.word("stub.start"));
  setText(after.caption, last ? ctx.word("stub.end") : "t+1");
  setHidden(after.group, last);
  if (before.text) fitText(before.text, t > 0 ? ctx.tokenAt(t - 1) : "", ...STUB_GLYPH);
  if (after.text) fitText(after.text, last ? "" : ctx.tokenAt(t + 1), ...STUB_GLYPH);
  if (before.text) setHidden(before.text.parentNode, t === 0);
}
