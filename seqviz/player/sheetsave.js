// Saving sheets: the picture as one SVG, the numbers as a table.
import { svgNode } from "./svg.js";
import { csvText, framed, inlined, SAVE_PAD, SAVE_HEAD } from "./save.js";
import { cellVisible, columnTokens, rowTokens, rowValues } from "./sheetfacts.js";

/** The sheets as they are shown now, with a title, as one SVG element of its own. */
export function sheetsNode(ctx, { picture, sheets }) {
  const box = { width: Number(picture.getAttribute("width")), height: Number(picture.getAttribute("height")) };
  const size = { width: box.width + 2 * SAVE_PAD, height: box.height + SAVE_HEAD + 2 * SAVE_PAD };
  const whole = framed(ctx, size, getComputedStyle(picture).fontFamily, ctx.model.scene.sequence.inputs);
  const heats = sheets.drawn.filter(({ heat }) => heat).map(({ heat, x, y, width, height }) => svgNode("image", {
    x, y, width, height, opacity: getComputedStyle(heat.canvas).opacity, href: heat.canvas.toDataURL("image/png"),
  }));
  const place = { x: SAVE_PAD, y: SAVE_PAD + SAVE_HEAD, ...box, viewBox: `0 0 ${box.width} ${box.height}` };
  const copies = inlined(picture).filter((node) => !node.classList?.contains("sheet-ribbons"));
  whole.append(svgNode("svg", place, ...heats, ...copies));
  return whole;
}

/** Every number of every sheet and head, one row a number, its row and column named; hidden rows are left out. */
export function sheetNumbers(ctx) {
  const lines = ["row,token,tensor,axis,column,name,value"];
  for (const sheet of ctx.sheets.sheets) {
    const tokens = rowTokens(ctx, sheet);
    const along = columnTokens(ctx, sheet);
    const axis = sheet.columns === "class" ? "candidate" : sheet.columns;
    for (const name of sheet.names) {
      for (let row = 0; row < sheet.height; row += 1) {
        if (!cellVisible(ctx, sheet, row)) continue;
        const token = csvText(tokens?.[row] ?? "");
        rowValues(ctx, sheet, name, row).forEach((value, column) => {
          lines.push(`${row + 1},${token},${name},${axis},${column + 1},${csvText(along?.[column] ?? "")},${value}`);
        });
      }
    }
  }
  return `${lines.join("\n")}\n`;
}
