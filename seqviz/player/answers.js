// The top of the score: the tokens, under each what every model says, and the right answer. Where
// there is no room for every token, the one at the cursor is always there.
import { htmlNode } from "./svg.js";
import { predictionAt } from "./speech.js";
import { percent } from "./digits.js";
import { visibleToken } from "./symbols.js";
import { modelName, rowName } from "./rows.js";

const ROOM_FOR_PERCENT = 76;
const ROOM_FOR_MARK = 26;
const ROOM_FOR_LETTER = 10;
const LETTER = { short: 10.5, long: 7.5 };
const LONG_TOKEN = 2;
const GAP_TOKEN = 6;

/** @param {object} ctx the player's context */
export function makeAnswers(ctx) {
  const { sequence, groups } = ctx.model.scene;
  const tokens = makeRow(htmlNode("span", { class: "row-name muted" }, ctx.word("tokens.input")), "token-row");
  const answering = groups.filter(({ prediction }) => prediction);
  const says = answering.map((group) => ({
    group,
    row: makeRow(rowName(ctx, group.name, modelName(group)), "answer-row"),
  }));
  const asked = answering.length > 0 && sequence.targets;
  const target = asked
    ? makeRow(htmlNode("span", { class: "row-name muted" }, ctx.word("tokens.target")), "target-row")
    : null;
  const rows = [tokens, ...says.map(({ row }) => row), ...(target ? [target] : [])];
  const legend = htmlNode("p", { class: "score-legend small" }, groups.map(({ label }) => label).join("   "));
  const node = htmlNode("div", { class: "answers", "data-scrub": "" }, legend, ...rows.map((row) => row.node));
  const longest = Math.max(1, ...sequence.inputs.map((token) => [...token].length));
  tokens.node.classList.toggle("long", longest > LONG_TOKEN);
  let at = -1;
  let every = 1;
  return {
    node,
    place: (event, t) => answerPlace(ctx, says, event, t),
    /** Where the tokens begin, in pixels from the top of the score. */
    top: () => tokens.node.offsetTop,
    resize(grid) {
      every = spacing(longest, grid.column);
      fillRow(tokens, grid, (t) => [
        htmlNode("i", {}, ctx.token(sequence.inputs[t] ?? "")),
        { class: t % every === 0 ? "" : "skipped" },
      ]);
      for (const { group, row } of says) fillRow(row, grid, (t) => answerCell(ctx, group, t, grid));
      if (target) fillRow(target, grid, (t) => [targetText(sequence.targets[t], t % every === 0), {}]);
      at = -1;
    },
    draw() {
      if (at === ctx.state.t) return;
      at = ctx.state.t;
      tokens.cells.forEach(({ classList }, t) => {
        classList.toggle("now", t === at);
        classList.toggle("near", t !== at && Math.abs(t - at) < every);
      });
    },
  };
}

function makeRow(name, kind) {
  const track = htmlNode("div", { class: "score-track" });
  return { node: htmlNode("div", { class: `score-row ${kind}` }, name, track), track, cells: [] };
}

function fillRow(row, grid, cell) {
  const steps = Math.round(grid.plot / grid.column);
  row.track.style.gridTemplateColumns = `repeat(${steps}, ${grid.column}px)`;
  row.cells = Array.from({ length: steps }, (_, t) => {
    const [text, attributes] = cell(t);
    return htmlNode("span", attributes, text);
  });
  row.track.replaceChildren(...row.cells);
}

/** Every how many steps there is room for a token. */
function spacing(longest, column) {
  const width = longest * (longest > LONG_TOKEN ? LETTER.long : LETTER.short) + GAP_TOKEN;
  return Math.max(1, Math.ceil(width / column));
}

function targetText(target, shown) {
  if (target === null || target === undefined) return shown ? "·" : "";
  return shown ? visibleToken(target) : "";
}

function answerCell(ctx, group, t, grid) {
  const said = predictionAt(ctx.model, t, group);
  const target = ctx.model.scene.sequence.targets?.[t];
  const judged = target !== null && target !== undefined;
  const verdict = !said || !judged ? "open" : said.token === target ? "hit" : "miss";
  const mark = { hit: "✓", miss: "✗", open: "" }[verdict];
  const chance = said ? `${percent(said.probability)} %` : "";
  const title = said ? `${visibleToken(said.token)} ${chance} ${mark}` : "?";
  const attributes = { "data-verdict": verdict, title };
  if (grid.column < ROOM_FOR_LETTER) return ["", { ...attributes, class: "dot" }];
  const token = said ? visibleToken(said.token) : "?";
  if (grid.column < ROOM_FOR_MARK) return [token, attributes];
  return [grid.column < ROOM_FOR_PERCENT ? `${token} ${mark}` : `${token} ${mark} ${chance}`, attributes];
}

function answerPlace(ctx, says, event, t) {
  const found = says.find(({ row }) => row.node.contains(event.target));
  const said = found && predictionAt(ctx.model, t, found.group);
  return said ? { name: found.group.prediction, t, index: said.index } : null;
}
