// Buttons that zoom large sheets, and the whole again.
import { htmlNode, setHidden } from "./svg.js";
import { makeButton } from "./controls.js";

/** @param {{zoom: (by: number) => void, zooms: () => boolean, zoomed: () => number}} sheets */
export function makeZoomBar(ctx, sheets) {
  const act = (by) => () => {
    sheets.zoom(by);
    draw();
  };
  const out = makeButton(ctx, "−", act(-1), { "aria-label": ctx.word("sheet.zoom_out"), title: `${ctx.word("sheet.zoom_out")} (Z)` });
  const into = makeButton(ctx, "+", act(1), { "aria-label": ctx.word("sheet.zoom_in"), title: `${ctx.word("sheet.zoom_in")} (z)` });
  const scale = htmlNode("span", { class: "zoom-scale muted small" }, "1×");
  const node = htmlNode("div", { class: "segmented zoom", role: "group", "aria-label": ctx.word("sheet.zoom") }, out, scale, into);
  function draw() {
    setHidden(node, !sheets.zooms());
    scale.textContent = `${sheets.zoomed()}×`;
    into.disabled = sheets.zoomed() >= sheets.most();
    out.disabled = sheets.zoomed() === 1;
  }
  return { node, draw };
}
