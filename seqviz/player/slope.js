// The curve of an activation with one value on it, and how steep it is there.
import { htmlNode, svgNode } from "./svg.js";
import { FUNCTIONS } from "./operations.js";
import { fixed } from "./digits.js";
import { say } from "./symbols.js";

const CURVE = { width: 132, height: 64, reach: 5 };

/** The activation's curve with this value on it: the sum goes in, the result comes out. */
export function curveNode(ctx, name, why, colour) {
  const { apply, symbol } = FUNCTIONS[name];
  const { width, height, reach } = CURVE;
  const low = name === "sigmoid" ? 0 : name === "relu" ? 0 : -1;
  const most = name === "sigmoid" || name === "tanh" ? 1 : reach;
  const least = name === "identity" ? -reach : low;
  const x = (v) => width / 2 + (Math.max(-reach, Math.min(reach, v)) / reach) * (width / 2 - 6);
  const share = (v) => (Math.max(least, Math.min(most, v)) - least) / (most - least);
  const y = (v) => height - 8 - share(v) * (height - 16);
  const points = Array.from({ length: 41 }, (_, k) => -reach + (2 * reach * k) / 40);
  const path = `M${points.map((v) => `${x(v).toFixed(1)} ${y(apply(v)).toFixed(1)}`).join("L")}`;
  const svg = svgNode(
    "svg", {
      class: "curve",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "img",
      "aria-label": symbol || "identity",
    },
    svgNode("line", { x1: 6, x2: width - 6, y1: y(0), y2: y(0) }),
    svgNode("line", { x1: width / 2, x2: width / 2, y1: 6, y2: height - 6 }),
    svgNode("path", { d: path }),
  );
  const sum = why.sum.value;
  const caption = Number.isFinite(sum)
    ? say(ctx.words, "inspector.slope", { slope: fixed(slopeOf(name, sum), 3) })
    : ctx.word("inspector.broken");
  if (Number.isFinite(sum)) {
    svg.append(
      svgNode("path", { class: "drop", d: `M${x(sum)} ${y(0)}V${y(apply(sum))}`, stroke: colour }),
      svgNode("circle", { cx: x(sum), cy: y(apply(sum)), r: 4, fill: colour }),
    );
  }
  return htmlNode(
    "div",
    { class: "curve-row" },
    svg,
    htmlNode("span", { class: "muted small" }, caption),
  );
}

function slopeOf(name, sum) {
  if (name === "sigmoid") {
    const s = FUNCTIONS.sigmoid.apply(sum);
    return s * (1 - s);
  }
  if (name === "tanh") return 1 - Math.tanh(sum) ** 2;
  return name === "relu" ? Number(sum > 0) : 1;
}
