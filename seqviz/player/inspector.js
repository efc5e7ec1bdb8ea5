// The inspector: where one value came from, in words, symbols and numbers.
import { htmlNode } from "./svg.js";
import { explain } from "./explain.js";
import { chainOf } from "./chain.js";
import { fixed } from "./digits.js";
import { curveNode } from "./slope.js";
import { plainText, say, visibleToken } from "./symbols.js";
import { cellTitle, cellWhere } from "./sheetfacts.js";
import { planeTitle, planeWhere } from "./planespeech.js";

const ROWS = 6;
const MORE_ROWS = 14;
const MOST_PARTS = 4;
const LETTERS_MOST = 28;

/** Parts of a formula as inline nodes. */
export function partNodes(parts) {
  return parts.map(({ text, sub, sup, role }) => {
    if (!role && !sub && !sup) return text;
    const node = htmlNode("span", { class: "symbol" }, htmlNode("i", {}, text));
    if (sub) node.append(htmlNode("sub", {}, sub));
    if (sup) node.append(htmlNode("sup", {}, sup));
    return node;
  });
}

/** @param {object} ctx the player's context */
export function makeInspector(ctx) {
  const main = htmlNode("div", { class: "why" });
  const pins = htmlNode("div", { class: "pins" });
  const node = htmlNode(
    "aside",
    { class: "inspector", "aria-label": ctx.word("inspector.label") },
    main,
    pins,
  );
  let shown = "";
  return {
    node,
    /** @returns {object|null} the explanation shown */
    draw(place, why) {
      const key = JSON.stringify([
        place,
        ctx.state.level,
        isDeep(ctx),
        ctx.state.pins,
        ctx.generation,
        ctx.model.version,
        ctx.state.selected,
      ]);
      if (key === shown) return;
      shown = key;
      main.replaceChildren(...(why ? mainNodes(ctx, place, why) : []));
      const others = ctx.state.pins.filter((pin) => !samePlaceAs(pin, place));
      pins.replaceChildren(...others.map((pin) => pinNode(ctx, pin)));
    },
  };
}

/** Do two places name the same value? */
export function samePlaceAs(a, b) {
  return Boolean(a && b) && a.name === b.name && a.t === b.t && a.index === b.index;
}

/** The explanation of a place, or null where there is none. */
export function whyOf(ctx, place) {
  if (!place || !ctx.model.has(place.name)) return null;
  const limit = ctx.state.level === "arithmetic" ? MORE_ROWS : ROWS;
  return explain(ctx.model, place.name, place.t ?? ctx.state.t, place.index, ctx.words, { limit });
}

function mainNodes(ctx, place, why) {
  const tensor = ctx.model.tensor(place.name);
  const colour = ctx.palette.text(tensor.role);
  const title = htmlNode("h3", {}, (ctx.sheets ? cellTitle(ctx, place) : planeTitle(ctx, place)) || why.title);
  title.style.color = colour;
  const head = htmlNode(
    "header",
    {},
    htmlNode("div", {}, title, whenNode(ctx, place)),
    pinButton(ctx, place),
  );
  const nodes = [head, htmlNode("p", { class: "formula" }, ...partNodes(why.formula))];
  if (why.note) nodes.push(htmlNode("p", { class: "note" }, why.note));
  if (!why.terms.length) nodes.push(htmlNode("p", { class: "numbers" }, ...partNodes(why.numbers)));
  else nodes.push(termsTable(ctx, why, colour, tensor));
  const ghost = ctx.sheets ? ctx.model.scene.ghost[place.name] : null;
  if (ghost) nodes.push(htmlNode("p", { class: "muted small" }, say(ctx.words, "inspector.before", {
    value: fixed(ctx.model.number(ghost, place.t, place.index)),
  })));
  const parts = isDeep(ctx) ? [] : partsOf(ctx, why);
  if (parts.length) nodes.push(htmlNode("div", { class: "made-of" }, ...parts));
  if (why.zeros) nodes.push(htmlNode(
    "p",
    { class: "muted small" },
    say(ctx.words, "inspector.zeros", { n: why.zeros }),
  ));
  const operation = ctx.model.tensor(place.name).operation;
  if (why.sum && operation.name === "activation") nodes.push(curveNode(
    ctx,
    operation.function,
    why,
    colour,
  ));
  if (ctx.state.level === "arithmetic" && why.terms.length > 1) {
    nodes.push(htmlNode("p", { class: "numbers" }, ...partNodes(why.numbers)));
  }
  if (isDeep(ctx)) {
    const chain = chainOf(place, (above) => madeOf(ctx, whyOf(ctx, above)));
    nodes.push(...chain.map((below) => chainNode(ctx, below)));
  }
  return nodes;
}

/** Is everything below the value written out too? Not while it changes many times a second. */
function isDeep(ctx) {
  return ctx.state.level === "arithmetic" && !ctx.sheets && !ctx.state.playing;
}

/** The computed values that a value was computed from, where they are few. */
function madeOf(ctx, why) {
  const isComputed = ({ name, t }) =>
    t !== null && ctx.visible(t) && ctx.model.tensor(name).operation.name !== "given";
  const computed = why.sources.filter(isComputed);
  return computed.length > MOST_PARTS ? [] : computed;
}

/** A value further down: its formula, which chooses it, and its terms. */
function chainNode(ctx, place) {
  const why = whyOf(ctx, place);
  const tensor = ctx.model.tensor(place.name);
  const button = partButton(ctx, place, ...partNodes(why.formula));
  const body = why.terms.length
    ? termsTable(ctx, why, ctx.palette.text(tensor.role), tensor, false)
    : htmlNode("p", { class: "numbers" }, ...partNodes(why.numbers));
  const note = why.note ? htmlNode("p", { class: "note" }, why.note) : null;
  return htmlNode("section", { class: "below", "aria-label": why.title }, button, note, body);
}

/** A button with something about a value that makes it the one explained. */
function partButton(ctx, place, ...inside) {
  const button = htmlNode("button", { type: "button", tabindex: -1, class: "part" }, ...inside);
  button.style.borderColor = ctx.palette.line(ctx.model.tensor(place.name).role);
  button.addEventListener("click", () => {
    ctx.act({ type: "select", place });
    ctx.focus();
  });
  return button;
}

/** What the value is made of, one level down, where that is few values. */
function partsOf(ctx, why) {
  return madeOf(ctx, why).map((source) => {
    const below = whyOf(ctx, source);
    const step = source.t === ctx.looked.t ? null : whenNode(ctx, source);
    const numbers = htmlNode("span", { class: "part-numbers" }, ...partNodes(below.numbers));
    return partButton(ctx, source, numbers, ...(step ? [step] : []));
  });
}

/** Of which model, at which step: the line under a value's name. */
function whenNode(ctx, place) {
  const where = ctx.sheets ? cellWhere(ctx, place) : planeWhere(ctx, place);
  if (where) return htmlNode("span", { class: "muted" }, where);
  const { group } = ctx.model.tensor(place.name);
  const whose = group ? `${ctx.groupLabel(group)} · ` : "";
  if (place.t === null) return htmlNode("span", { class: "muted" }, whose, ctx.word("inspector.always"));
  const token = ctx.model.scene.sequence.inputs[place.t];
  const words = say(ctx.words, "inspector.when", { t: place.t + 1, token: visibleToken(token ?? "") });
  return htmlNode("span", { class: "muted" }, whose, words);
}

function pinButton(ctx, place) {
  const pinned = ctx.state.pins.some((pin) => samePlaceAs(pin, place));
  const button = htmlNode("button", {
    class: "pin",
    type: "button",
    tabindex: -1,
    "aria-pressed": pinned,
  },
    ctx.word(pinned ? "inspector.unpin" : "inspector.pin"));
  button.addEventListener("click", () => ctx.act({ type: "pin", place }));
  return button;
}

function termsTable(ctx, why, colour, tensor, ranked = true) {
  const largest = Math.max(
    ...why.terms.map(({ value }) => Math.abs(value)).filter(Number.isFinite),
    1e-12,
  );
  const rows = why.terms.map((row, k) => htmlNode(
    "tr", { class: row.kind },
    htmlNode(
      "td",
      { class: "rank" },
      ranked && rankOf(why, k) ? htmlNode("span", {}, String(rankOf(why, k))) : null,
    ),
    htmlNode("td", { class: "term-label" }, ...labelNodes(row.label)),
    htmlNode("td", { class: "term-text" }, row.text),
    htmlNode("td", { class: "term-sign" }, row.text ? (row.exact ? "=" : "≈") : ""),
    htmlNode("td", { class: "term-value" }, row.printed),
    htmlNode("td", { class: "term-bar" }, termBar(ctx, row.value / largest, tensor.role)),
  ));
  if (why.sum) rows.push(totalRow(why.sum, "sum", ctx.word("inspector.sum")));
  const result = totalRow(
    why.result,
    "result",
    resultLabel(ctx, why),
  );
  result.querySelector(".term-value").style.color = colour;
  const length = ({ label, text, printed }) => label.length + text.length + printed.length;
  const crowded = Math.max(...why.terms.map(length)) > LETTERS_MOST;
  const body = htmlNode("tbody", {}, ...rows, result);
  return htmlNode("table", crowded ? { class: "crowded" } : {}, body);
}

/** A term's plain label, “x_9,15” or “S_mask “cat””, with what follows _ set below the line. */
function labelNodes(label) {
  const [symbol] = label.split("“");
  const pieces = symbol.split(/_([\p{L}\p{N},]+)/u);
  const nodes = pieces.map((text, k) => (k % 2 ? htmlNode("sub", {}, text) : text));
  return [...nodes, label.slice(symbol.length)].filter((node) => node !== "");
}

/** The element's own symbol in its letters, or what is done to the sum. */
function resultLabel(ctx, why) {
  if (why.result.label === plainText(why.symbol)) return partNodes(why.symbol);
  return why.result.label || (why.terms.length > 1 ? ctx.word("inspector.sum") : "");
}

/** The rank that a row's sources wear in the picture; rows that merge several wear none. */
export function rankOf(why, k) {
  const row = why.terms[k];
  return row.kind === "rest" || row.kind === "bias" || why.terms.length < 2 ? 0 : k + 1;
}

function totalRow({ text, sign }, kind, label) {
  return htmlNode(
    "tr", { class: kind },
    htmlNode("td"),
    htmlNode("td", { class: "term-label", colspan: 2 }, label),
    htmlNode("td", { class: "term-sign" }, sign),
    htmlNode("td", { class: "term-value" }, text),
    htmlNode("td"),
  );
}

function termBar(ctx, share, role) {
  const bar = htmlNode("i", { class: share < 0 ? "negative" : "" });
  const size = Number.isFinite(share) ? Math.min(1, Math.abs(share)) : 1;
  bar.style.width = `${50 * size}%`;
  bar.style.background = share < 0 ? "" : ctx.palette.line(role);
  return bar;
}

function pinNode(ctx, pin) {
  const why = whyOf(ctx, pin);
  const { role } = ctx.model.tensor(pin.name);
  const value = htmlNode("b", {}, why.result.text);
  value.style.color = ctx.palette.text(role);
  const title = htmlNode("span", { class: "pin-title" }, ...partNodes(why.symbol));
  const open = htmlNode(
    "button",
    { class: "pin-card", type: "button", tabindex: -1 },
    title,
    whenNode(ctx, pin),
    value,
    htmlNode("span", { class: "small muted pin-numbers" }, ...partNodes(why.numbers)),
  );
  open.addEventListener("click", () => ctx.act({ type: "select", place: pin }));
  const close = htmlNode(
    "button",
    { class: "pin-close", type: "button", tabindex: -1, "aria-label": ctx.word("inspector.unpin") },
    "×",
  );
  close.addEventListener("click", () => ctx.act({ type: "unpin", place: pin }));
  return htmlNode("div", { class: "pin-holder" }, open, close);
}
