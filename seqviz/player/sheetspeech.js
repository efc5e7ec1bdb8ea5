// A sentence in words for one query: what it takes from which key.
import { percent } from "./digits.js";
import { asksAhead, namedAnswers, predictionAt } from "./speech.js";
import { say, visibleToken } from "./symbols.js";
import { hatchOf, headOf, rowValues, shownName } from "./sheetfacts.js";

const MOST_SHARES = 3;
const LEAST_SHARE = 0.005;
/** Stages that every form has, but that do here what they do nowhere else. */
const ABOUT = { prediction: "about.readout" };

/** "sat takes 44 % from cat, 38 % from itself …; it cannot see what comes later." */
export function sheetSentence(ctx) {
  const { weights, queries, heads } = ctx.sheets;
  const { words } = ctx;
  const { t } = ctx.state;
  const x = visibleToken(queries[t] ?? "");
  const parts = [say(words, "speech.query", { t: t + 1, T: queries.length })];
  if (heads > 1) parts.push(say(words, "speech.head", { n: headOf(ctx) + 1 }));
  if (weights) parts.push(...takes(ctx, x));
  parts.push(...answered(ctx, t));
  if (asksAhead(ctx.model, ctx.state)) parts.push(say(words, "speech.ask_query"));
  return parts.join(" ");
}

/** What the model answers to a query: its one answer, or every one under its name. */
function answered({ model, words }, t) {
  const told = (found, label) => ({
    label, prediction: visibleToken(found.token), probability: percent(found.probability),
  });
  const named = namedAnswers(model.scene)
    .map((who) => [predictionAt(model, t, who), who.label])
    .filter(([found]) => found)
    .map(([found, label]) => say(words, "speech.named", told(found, label)));
  if (named.length) return [say(words, "speech.answers", { answers: named.join(", ") })];
  const found = predictionAt(model, t);
  if (!found) return [];
  const asked = model.scene.sequence.asks === "label" ? "speech.answer" : "speech.prediction";
  return [say(words, asked, told(found, ""))];
}

/** What a stage does, and at the weights what this query takes. */
export function stageSentence(ctx, name) {
  const about = `${ctx.word(`substep.${name}`)}: ${ctx.word(ABOUT[name] ?? `about.${name}`)}`;
  const { weights, sheets, queries } = ctx.sheets;
  if (!weights || sheets.find(({ node }) => node.stage === name) !== weights) return about;
  return [about, ...takes(ctx, visibleToken(queries[ctx.state.t] ?? ""))].join(" ");
}

function takes(ctx, x) {
  const { weights } = ctx.sheets;
  const { t } = ctx.state;
  const row = [...rowValues(ctx, weights, shownName(ctx, weights), t)];
  const ordered = row.map((value, key) => ({ value, key })).sort((a, b) => b.value - a.value);
  if (!(ordered[0]?.value > 0)) {
    const open = hatchOf(ctx, weights, t)?.some((seen) => seen !== 0) ?? true;
    return [say(ctx.words, open ? "speech.nothing" : "speech.empty", { x })];
  }
  const named = ordered.filter(({ value }, k) => k === 0 || (k < MOST_SHARES && value >= LEAST_SHARE));
  const shares = named.map((one) => takenText(ctx, one));
  const rest = ordered.slice(named.length).filter(({ value }) => value >= LEAST_SHARE);
  const left = rest.reduce((sum, { value }) => sum + value, 0);
  const others = rest.length === 1 ? "speech.other" : "speech.others";
  if (rest.length) shares.push(say(ctx.words, others, { percent: percent(left), n: rest.length }));
  return [say(ctx.words, "speech.takes", { x, shares: shares.join(", ") }), ...unseen(ctx, weights, t)];
}

function takenText(ctx, { value, key }) {
  const { keys, same } = ctx.sheets;
  const own = same && key === ctx.state.t;
  return say(ctx.words, own ? "speech.share_self" : "speech.share", {
    percent: percent(value), key: visibleToken(keys[key] ?? ""),
  });
}

/** Whether no query may look at a key that stands after it: padding alone does not do that. */
function looksBack(ctx, weights) {
  return ctx.sheets.queries.every((_, t) =>
    [...(hatchOf(ctx, weights, t) ?? [])].every((seen, key) => key <= t || seen === 0));
}

/** What the query may not look at: everything later, or so many keys. */
function unseen(ctx, weights, t) {
  const allowed = hatchOf(ctx, weights, t);
  if (!allowed) return [];
  const closed = [...allowed].map((seen, key) => (seen === 0 ? key : -1)).filter((key) => key >= 0);
  if (closed.length === 0) return [];
  const later = closed.length === allowed.length - t - 1 && looksBack(ctx, weights);
  return [say(ctx.words, later ? "speech.later" : "speech.unseen", { n: closed.length })];
}
