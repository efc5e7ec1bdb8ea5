// A drawing as one self-contained SVG element, under its title and what is said of it.
import { svgNode } from "./svg.js";
import { csvText, inlined } from "./save.js";
import { rowLabel } from "./planerows.js";

const MARGIN = 20;
const LINE = 19;
const LETTER_WIDTH = 8;
const TITLE = 40;

/** @param {string} told  the sentence of the step, broken into lines where it is long */
export function drawingNode(ctx, drawing, told) {
  const box = { width: Number(drawing.getAttribute("width")), height: Number(drawing.getAttribute("height")) };
  const lines = brokenLines(told, box.width / LETTER_WIDTH);
  const top = MARGIN + TITLE + lines.length * LINE;
  const width = box.width + 2 * MARGIN;
  const height = top + box.height + MARGIN;
  const text = (y, size, words, weight = 400) =>
    svgNode("text", { x: MARGIN, y, "font-size": size, "font-weight": weight }, words);
  return svgNode(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, "font-family": getComputedStyle(drawing).fontFamily, fill: ctx.palette.ink },
    svgNode("rect", { width, height, fill: ctx.palette.paper }),
    text(MARGIN + 16, 18, ctx.model.scene.title, 650),
    ...lines.map((line, k) => text(MARGIN + TITLE + k * LINE, 14, line)),
    svgNode("svg", { x: MARGIN, y: top, ...box, viewBox: `0 0 ${box.width} ${box.height}` }, ...inlined(drawing)),
  );
}

/** Every number of a plane as it stands now: points with two coordinates, scores with one. */
export function planeNumbers({ model }) {
  const rows = ["tensor,name,x,y"];
  for (const { tensor: name, part } of model.scene.layout.nodes) {
    const values = model.value(name, 0);
    const [width, rowsOf] = part === "bars" ? [1, "k"] : [2, part === "query" ? "q" : "k"];
    for (let row = 0; row < values.length / width; row += 1) {
      const called = part === "blend" ? "" : rowLabel(model, rowsOf, row);
      const numbers = [...values.subarray(width * row, width * (row + 1)), ""].slice(0, 2);
      rows.push([name, csvText(called), ...numbers].join(","));
    }
  }
  return `${rows.join("\n")}\n`;
}

function brokenLines(words, most) {
  const lines = [];
  for (const word of words.split(" ")) {
    const last = lines.length - 1;
    if (last >= 0 && lines[last].length + word.length < most) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}
