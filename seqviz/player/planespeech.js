// What is said of a plane: who is taken how much of, and where the blend lies.
import { fixed, percent, precise } from "./digits.js";
import { say, visibleToken } from "./symbols.js";
import { rowLabel } from "./planerows.js";

const MOST_NAMED = 4;

/** "it at (1.20, 0.60) takes 62 % from cat, 25 % from sat. The blend lies at (0.61, 0.12)." */
export function planeSentence(model, words) {
  const at = (name) => [...model.value(name, 0)].map((x) => fixed(x)).join(", ");
  const takes = [...model.value("weights", 0)]
    .map((weight, row) => ({ weight, row }))
    .sort((a, b) => b.weight - a.weight);
  const named = takes.slice(0, MOST_NAMED).map(({ weight, row }) =>
    say(words, "plane.takes", { percent: percent(weight), key: rowLabel(model, "k", row) }));
  return say(words, "plane.sentence", {
    query: rowLabel(model, "q", 0), at: at("q"), takes: named.join(", "), blend: at("context"),
  });
}

/** "Position 3: every hand turns by its own angle to position 6 …" */
export function rotationSentence(model, { t }, words) {
  const { offset } = model.scene.facts;
  const angles = model.scene.layout.nodes.map(({ stages }) =>
    `${precise((model.number(stages.turn, 0, 0) * 180) / Math.PI, 1)}°`);
  return say(words, "clocks.sentence", {
    p: visibleToken(model.scene.sequence.inputs[t]), there: t + offset, k: offset, angles: angles.join(", "),
  });
}

/** What a number of the plane is called: "Weight of cat"; null in other scenes. */
export function planeTitle({ model, words }, { name, index }) {
  const { kind } = model.scene;
  if (kind === "rotation") return clockTitle(model, words, name, index);
  if (kind !== "plane") return null;
  const points = ["query", "key", "value"].includes(model.tensor(name).role);
  const row = points ? Math.floor(index / 2) : index;
  const axis = words[`plane.axis_${index % 2}`];
  const named = name === "q" ? "q" : "k";
  return say(words, `plane.of_${name}`, { key: rowLabel(model, named, named === "q" ? 0 : row), axis });
}

function clockTitle(model, words, name, index) {
  const [, part, pair] = /^(\w+)_(\d+)$/.exec(name) ?? [];
  const axis = words[index % 2 ? "clocks.cosine" : "clocks.sine"];
  return part ? say(words, `clocks.of_${part}`, { pair, axis }) : null;
}

/** Under that name: what stays, and where the cursor is. */
export function planeWhere({ model, words }, { t }) {
  const { kind, sequence } = model.scene;
  if (kind === "rotation" && t !== null) return say(words, "clocks.position", { p: sequence.inputs[t] });
  return kind === "plane" ? say(words, "plane.asks", { query: rowLabel(model, "q", 0) }) : null;
}
