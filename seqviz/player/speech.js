/**
 * A sentence in words for a step. The templates come from the reader's language.
 *
 * Every template may use {t} {T} {x} {unit}, and for each panel's tensor of one number per unit
 * its value at the chosen unit {f}, one step earlier {f_before}, and in percent {f_percent};
 * with an output layer {prediction} {probability} {target}; where the scene says which tensor
 * keeps the old state (facts.keeps), {keep_percent} is its value at the unit.
 */
import { fixed, percent, precise } from "./digits.js";
import { planeSentence, rotationSentence } from "./planespeech.js";
import { groupLetter, say, visibleToken } from "./symbols.js";

/**
 * The most probable class of a step, or null without an output layer.
 *
 * @param {{prediction: string|null, classes: string[]|null}} who  the scene's own model, or one
 *   of its groups
 */
export function predictionAt(model, t, who = model.scene.sequence) {
  if (!who?.prediction || !who.classes) return null;
  const probabilities = model.value(who.prediction, t);
  const best = probabilities.reduce((top, p, k) => (p > probabilities[top] ? k : top), 0);
  if (Number.isNaN(probabilities[best])) return null;
  return { token: who.classes[best], probability: probabilities[best], index: best };
}

/** Where every step has several answers: what each is called, and its probabilities. */
export function namedAnswers({ layout, sequence }) {
  if (sequence?.asks !== "label") return [];
  const { classes } = sequence;
  return (layout?.nodes ?? []).filter(({ answer }) => answer)
    .map(({ label, tensor }) => ({ label, prediction: tensor, classes }));
}

/** The value that the step read as the one before it: zero if it was wiped. */
function valueBefore(model, name, t, unit) {
  if (model.has(`${name}_wiped`)) return model.number(`${name}_wiped`, t, unit);
  if (t > 0) return model.number(name, t - 1, unit);
  const edge = model.has(`${name}_0`) ? model.value(`${name}_0`, 0) : null;
  return edge ? edge[unit] : 0;
}

function unitValues(model, t, unit) {
  const values = {};
  for (const name of model.scene.panels ?? []) {
    if (!model.stepped(name) || unit >= model.value(name, t).length) continue;
    const value = model.number(name, t, unit);
    values[name] = model.tensor(name).role === "gradient" ? precise(value) : fixed(value);
    values[`${name}_percent`] = percent(value);
    values[`${name}_before`] = fixed(valueBefore(model, name, t, unit));
  }
  return values;
}

/** Everything the templates may name at a step. */
export function speechValues(model, { t, unit }) {
  const { inputs, targets } = model.scene.sequence ?? {};
  const said = predictionAt(model, t);
  const keeps = model.scene.facts?.keeps;
  return {
    keep_percent: keeps && unit < model.value(keeps, t).length ? percent(model.number(keeps, t, unit)) : "",
    t: t + 1,
    T: model.steps,
    x: visibleToken(inputs?.[t] ?? ""),
    unit: unit + 1,
    ...unitValues(model, t, unit),
    prediction: visibleToken(said?.token ?? ""),
    probability: said ? percent(said.probability) : "",
    target: visibleToken(targets?.[t] ?? ""),
  };
}

/** The kinds of scenes that are spoken of in sentences of their own. */
const SAID = {
  plane: (model, _, words) => planeSentence(model, words),
  rotation: rotationSentence,
};

/** "Step 3 of 4: input l. Unit 1 keeps 93 % of its memory. The model expects l (98 %)." */
export function sentence(model, state, words) {
  const own = SAID[model.scene.kind];
  if (own) return own(model, state, words);
  const values = speechValues(model, state);
  const { kind, sequence } = model.scene;
  const keys = ["speech.step"];
  if (sequence?.unknown?.includes(state.t)) keys.push("speech.unknown");
  if (words?.[`speech.${kind}`]) keys.push(`speech.${kind}`);
  if (predictionAt(model, state.t)) keys.push(sequence.asks === "label" ? "speech.answer" : "speech.prediction");
  const said = [...keys.map((key) => say(words, key, values)), ...ofModels(model, state.t, words)];
  return [...said, ...(asksAhead(model, state) ? [say(words, "speech.ask", values)] : [])].join(" ");
}

/** While what comes is hidden, and there is something to come, the reader is asked for it. */
export function asksAhead(model, { t, future }) {
  const last = model.scene.direction === -1 ? 0 : model.steps - 1;
  return future === "hidden" && t !== last;
}

/** Of several models: what each says, and how well the first token can be read from each. */
function ofModels(model, t, words) {
  const groups = model.scene.groups ?? [];
  const answers = groups.map((group) => [group, predictionAt(model, t, group)])
    .filter(([, said]) => said)
    .map(([{ name }, { token, probability }]) => say(words, "speech.model", {
      model: groupLetter(name), prediction: visibleToken(token), probability: percent(probability),
    }));
  const known = groups.filter(({ name }) => model.has(`${name}_known`))
    .map(({ name }) => `${groupLetter(name)} ${percent(model.number(`${name}_known`, t, 0))} %`);
  return [
    ...(answers.length ? [say(words, "speech.models", { answers: answers.join(", ") })] : []),
    ...(known.length ? [say(words, "speech.known", { known: known.join(", ") })] : []),
  ];
}
