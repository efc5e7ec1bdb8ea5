// Canvases: sized in CSS pixels, and kept as they are where their size has not changed.
import { htmlNode } from "./svg.js";

let scratch = null;

/** An empty canvas of so many CSS pixels, with `density` of its own in each; its pen. */
export function penOf(canvas, width, height, density) {
  const wide = Math.max(1, Math.round(width * density));
  const tall = Math.max(1, Math.round(height * density));
  const pen = canvas.getContext("2d");
  if (canvas.width !== wide || canvas.height !== tall) Object.assign(canvas, { width: wide, height: tall });
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

/** A canvas to put pixels on, all of them, and draw at once; the next caller gets the same one. */
export function scratchCanvas(width, height) {
  scratch ??= htmlNode("canvas");
  if (scratch.width !== width || scratch.height !== height) Object.assign(scratch, { width, height });
  return scratch;
}
