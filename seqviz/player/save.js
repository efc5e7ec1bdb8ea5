// Saving what is shown: the picture as SVG or PNG, the numbers as CSV. Nothing leaves the page.
import { svgNode } from "./svg.js";
import { sizeOf } from "./values.js";
import { visibleToken } from "./symbols.js";

const STYLES = [
  "fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray",
  "stroke-linecap", "stroke-linejoin", "paint-order", "opacity", "display", "text-anchor",
  "font-family", "font-size", "font-weight", "font-style", "font-variant-numeric",
];
const PAD = 20;
const HEAD = 64;
export const SAVE_PAD = PAD;
export const SAVE_HEAD = HEAD;
const PNG_SCALE = 2;

/** A picture of this size with a title, and the node that everything else is drawn into. */
export function framed(ctx, { width, height }, font, head) {
  const frame = svgNode(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, "font-family": font, fill: ctx.palette.ink },
  );
  frame.append(svgNode("rect", { width, height, fill: ctx.palette.paper }), ...headNodes(ctx, head));
  return frame;
}

/** The current step as one self-contained SVG element: title, tokens, diagram, heat strips. */
export function pictureNode(ctx, diagram, panels) {
  const box = {
    width: Number(diagram.getAttribute("width")),
    height: Number(diagram.getAttribute("height")),
  };
  const strips = [...panels.querySelectorAll(".panel")];
  const origin = panels.getBoundingClientRect();
  const below = PAD + HEAD + box.height + 16;
  const width = Math.max(box.width, panels.clientWidth) + 2 * PAD;
  const height = below + panels.clientHeight + PAD;
  const font = getComputedStyle(diagram).fontFamily;
  const picture = framed(ctx, { width, height }, font, ctx.model.scene.sequence.inputs);
  const place = { x: PAD, y: PAD + HEAD, ...box, viewBox: `0 0 ${box.width} ${box.height}` };
  picture.append(svgNode("svg", place, ...inlined(diagram)));
  for (const strip of strips) picture.append(panelPicture(ctx, strip, origin, below));
  return picture;
}

/** A score as one self-contained SVG element: every row where it stands, and the cursor. */
export function scoreNode(ctx, score) {
  const origin = score.getBoundingClientRect();
  const scale = origin.width / (score.offsetWidth || 1);
  const placed = (node) => {
    const box = node.getBoundingClientRect();
    return {
      x: PAD + (box.left - origin.left) / scale,
      y: PAD + HEAD + (box.top - origin.top) / scale,
      width: box.width / scale,
      height: box.height / scale,
    };
  };
  const all = (selector) => [...score.querySelectorAll(selector)];
  const size = { width: score.offsetWidth + 2 * PAD, height: score.offsetHeight + HEAD + 2 * PAD };
  const picture = framed(ctx, size, getComputedStyle(score).fontFamily, []);
  const veil = score.querySelector(".score-veil");
  const opacity = getComputedStyle(veil).opacity;
  picture.append(
    ...all("canvas").map((canvas) =>
      svgNode("image", { ...placed(canvas), href: canvas.toDataURL("image/png") })),
    ...all(".curve-plot").map((plot) =>
      svgNode("svg", { ...placed(plot), viewBox: plot.getAttribute("viewBox") }, ...inlined(plot))),
    ...all(".token-row i, .answer-row .score-track span, .target-row .score-track span")
      .map((node) => textOf(node, placed(node), "middle")),
    svgNode("rect", { ...placed(veil), fill: ctx.palette.paper, "fill-opacity": opacity }),
    ...all(".row-name b, .row-detail, .track-title, figcaption .small")
      .map((node) => textOf(node, placed(node), "start")),
    svgNode("rect", {
      ...placed(score.querySelector(".score-cursor")),
      fill: "none",
      stroke: ctx.palette.ink,
      "stroke-width": 2,
      rx: 3,
    }),
  );
  return picture;
}

/** The text of a node where it stands; nothing where it does not show. */
function textOf(node, { x, y, width, height }, anchor) {
  const style = getComputedStyle(node);
  const shown = style.visibility !== "hidden" && width > 0;
  return svgNode("text", {
    x: anchor === "middle" ? x + width / 2 : x,
    y: y + 0.5 * height + 4,
    "text-anchor": anchor,
    "font-size": style.fontSize,
    "font-weight": style.fontWeight,
    "text-decoration": style.textDecorationLine,
    fill: style.color,
  }, shown ? node.textContent : "");
}

function headNodes(ctx, inputs) {
  const { scene } = ctx.model;
  const { t } = ctx.state;
  const tokens = inputs.slice(0, 60).map((token, k) =>
    svgNode(
      "tspan",
      k === t ? { "font-weight": 700, "text-decoration": "underline" } : { opacity: k > t ? 0.45 : 1 },
      `${visibleToken(token)} `,
    ));
  return [
    svgNode("text", { x: PAD, y: PAD + 18, "font-size": 18, "font-weight": 650 }, scene.title),
    svgNode(
      "text",
      { x: PAD, y: PAD + 44, "font-size": 14 },
      `t = ${t + 1} / ${ctx.model.steps}   `,
      ...tokens,
    ),
  ];
}

/** The children of an SVG with their styles written into them. */
export function inlined(source) {
  const copy = source.cloneNode(true);
  const from = [...source.querySelectorAll("*")];
  const to = [...copy.querySelectorAll("*")];
  from.forEach((element, k) => {
    const style = getComputedStyle(element);
    for (const name of STYLES) {
      const value = style.getPropertyValue(name);
      if (value) to[k].setAttribute(name, value);
    }
    to[k].removeAttribute("class");
  });
  return [...copy.childNodes];
}

function panelPicture(ctx, strip, origin, below) {
  const plot = strip.querySelector(".plot").getBoundingClientRect();
  const x = plot.left - origin.left + PAD;
  const y = plot.top - origin.top + below;
  const canvas = strip.querySelector("canvas");
  const step = plot.width / ctx.model.steps;
  const image = svgNode(
    "image",
    { x, y, width: plot.width, height: plot.height, href: canvas.toDataURL("image/png") },
  );
  const caption = svgNode(
    "text",
    { x, y: y - 6, "font-size": 12 },
    [...strip.querySelector("figcaption").children].map((part) => part.textContent).join("  "),
  );
  const frame = svgNode("rect", {
    x: x + ctx.state.t * step,
    y: y - 2,
    width: step,
    height: plot.height + 4,
    fill: "none",
    stroke: ctx.palette.ink,
    "stroke-width": 2,
  });
  const future = svgNode("rect", {
    x: ctx.backwards ? x : x + (ctx.state.t + 1) * step,
    y,
    width: Math.max(0, (ctx.backwards ? ctx.state.t : ctx.model.steps - ctx.state.t - 1) * step),
    height: plot.height,
    fill: ctx.palette.paper, "fill-opacity": ctx.state.future === "hidden" ? 1 : 0.65,
  });
  return svgNode("g", {}, caption, image, future, frame);
}

/** The numbers of the tensors that are drawn, one row a number; hidden steps are left out. */
export function shownNumbers(ctx) {
  const { scene } = ctx.model;
  const names = new Set([...scene.panels, ...scene.layout.nodes.map(({ tensor }) => tensor)]);
  for (const { tensors } of scene.tracks ?? []) for (const name of tensors) names.add(name);
  for (const { prediction } of [scene.sequence, ...(scene.groups ?? [])]) if (prediction) names.add(prediction);
  for (const name of Object.values(scene.gradient || {})) if (ctx.model.has(name)) names.add(name);
  const rows = ["step,token,tensor,unit,value"];
  for (const name of [...names].filter((shown) => ctx.model.has(shown) && ctx.model.stepped(shown))) {
    for (let t = 0; t < ctx.model.steps; t += 1) {
      if (!ctx.visible(t)) continue;
      const token = csvText(scene.sequence.inputs[t]);
      for (let unit = 0; unit < sizeOf(ctx.model.shape(name)); unit += 1) {
        rows.push(`${t + 1},${token},${name},${unit + 1},${ctx.model.number(name, t, unit)}`);
      }
    }
  }
  return `${rows.join("\n")}\n`;
}

/** A field that a spreadsheet reads as text: quoted, and never the start of a formula. */
export function csvText(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replace(/"/g, '""')}"`;
}

/**
 * @param {() => SVGElement} draw  the picture of what is shown now
 * @param {() => string} numbers  what is drawn as a table
 * @returns {{svg: () => void, png: () => void, csv: () => void}}
 */
export function makeSave(ctx, draw, numbers = () => shownNumbers(ctx)) {
  const name = () => `seqviz-${ctx.model.scene.kind}-t${ctx.state.t + 1}`;
  const picture = () => new XMLSerializer().serializeToString(draw());
  return {
    svg: () => download(new Blob([picture()], { type: "image/svg+xml" }), `${name()}.svg`),
    png: () => toPng(picture(), (blob) => download(blob, `${name()}.png`)),
    csv: () => download(new Blob([numbers()], { type: "text/csv" }), `${name()}.csv`),
  };
}

function toPng(text, done) {
  const image = new Image();
  image.addEventListener("load", () => {
    const canvas = document.createElement("canvas");
    canvas.width = image.width * PNG_SCALE;
    canvas.height = image.height * PNG_SCALE;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(done, "image/png");
  });
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}

function download(blob, filename) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
