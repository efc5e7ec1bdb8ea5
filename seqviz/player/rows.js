// What stands at the left of a score's rows.
import { htmlNode } from "./svg.js";
import { groupLetter } from "./symbols.js";

/** A model's letter, then a symbol or a word; its whole label on hover. */
export function rowName(ctx, group, ...detail) {
  const letter = htmlNode("b", {}, groupLetter(group));
  return htmlNode(
    "span",
    { class: "row-name", title: ctx.groupLabel(group) },
    letter,
    htmlNode("span", { class: "row-detail" }, ...detail),
  );
}

/** What a model's label says beside its letter: of "A · LSTM" it is "LSTM". */
export function modelName({ label }) {
  return label.replace(/^\S+ · /u, "");
}
