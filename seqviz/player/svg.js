// Small makers of nodes. Text always enters as text nodes, never as markup.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
const BAR_GAP = 1.5;

/**
 * @param {string} tag
 * @param {Object<string, string|number>} [attributes]
 * @param {...(Node|string|null)} children
 * @returns {SVGElement}
 */
export function svgNode(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);
}

/**
 * @param {string} tag
 * @param {Object<string, string|number>} [attributes]
 * @param {...(Node|string|null)} children
 * @returns {HTMLElement}
 */
export function htmlNode(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    const left = value === null || value === undefined || value === false;
    if (!left) node.setAttribute(name, String(value));
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) node.append(child);
  return node;
}

/** Sets an attribute only when it changes, so that a step touches little. */
export function setAttribute(node, name, value) {
  const text = String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** Replaces the text of a node that holds one text node. */
export function setText(node, text) {
  const first = node.firstChild;
  if (first === null) node.append(text);
  else if (first.nodeValue !== text) first.nodeValue = text;
}

/** As `setText`, in letters small enough for `room` pixels, at most `most` pixels high. */
export function fitText(node, text, most, room) {
  setText(node, text);
  const size = Math.min(most, room / ([...text].length * 0.62));
  node.style.fontSize = size < most ? `${size.toFixed(1)}px` : "";
}

/** Shows or hides a node without moving its neighbours' code paths. */
export function setHidden(node, hidden) {
  if (hidden) node.setAttribute("hidden", "");
  else node.removeAttribute("hidden");
}

/**
 * A symbol such as "W_ih", "U_f·h" or "h_0" cut into plain and lowered parts.
 * @param {string} symbol
 * @returns {{text: string, low: boolean}[]}
 */
export function symbolParts(symbol) {
  const parts = [];
  for (const piece of symbol.split(/(_[\p{L}\p{N}−+]+)/u)) {
    if (piece) parts.push(piece[0] === "_" ? { text: piece.slice(1), low: true } : {
      text: piece,
      low: false,
    });
  }
  return parts;
}

/** Inline HTML for a symbol, with `lower` as a further subscript (a step, a unit). */
export function symbolNode(symbol, lower = "") {
  const node = htmlNode("span", { class: "symbol" });
  for (const { text, low } of symbolParts(symbol)) node.append(htmlNode(low ? "sub" : "i", {}, text));
  if (lower) node.append(htmlNode("sub", {}, lower));
  return node;
}

/** SVG tspans for a symbol, for use inside a text element. */
export function symbolSpans(symbol, lower = "") {
  const parts = [...symbolParts(symbol), ...(lower ? [{ text: lower, low: true }] : [])];
  let down = false;
  return parts.flatMap(({ text, low }) => {
    const shift = low === down ? 0 : low ? 4 : -4;
    down = low;
    if (low) return [svgNode("tspan", { dy: shift, class: "low" }, text)];
    return barred(text).map((piece, k) => {
      const at = k ? { dx: BAR_GAP } : { dy: shift };
      return svgNode("tspan", piece === "‖" ? { ...at, class: "bar-sign" } : at, piece);
    });
  });
}

/** "‖J‖" as its bars and what stands between them: the bars stay upright. */
function barred(text) {
  return text.split(/(‖)/).filter((piece) => piece !== "");
}

/**
 * A polyline as a path with rounded corners.
 * @param {number[][]} points
 * @param {number} radius
 */
export function roundedPath(points, radius) {
  const [first, ...rest] = points;
  let path = `M${first[0]} ${first[1]}`;
  rest.forEach((corner, k) => {
    const before = points[k];
    const after = points[k + 2];
    if (!after) {
      path += `L${corner[0]} ${corner[1]}`;
      return;
    }
    const r = Math.min(radius, distance(before, corner) / 2, distance(corner, after) / 2);
    const enter = towards(corner, before, r);
    const leave = towards(corner, after, r);
    path += `L${enter[0]} ${enter[1]}Q${corner[0]} ${corner[1]} ${leave[0]} ${leave[1]}`;
  });
  return path;
}

function distance(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

function towards(from, to, length) {
  const whole = distance(from, to) || 1;
  const part = length / whole;
  return [round2(from[0] + (to[0] - from[0]) * part), round2(from[1] + (to[1] - from[1]) * part)];
}

function round2(value) {
  return Math.round(value * 100) / 100;
}
