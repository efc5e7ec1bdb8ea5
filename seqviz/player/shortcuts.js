// Keys for what the mouse does elsewhere: walking from value to value, the equations, saving.
const SHORTCUTS = {
  "[": (ctx) => walk(ctx, -1),
  "]": (ctx) => walk(ctx, 1),
  e: (ctx) => ctx.toggleEquations(),
  s: (ctx) => ctx.save("svg"),
  p: (ctx) => ctx.save("png"),
  d: (ctx) => ctx.save("csv"),
  z: (ctx) => ctx.zoom(1),
  Z: (ctx) => ctx.zoom(-1),
};

/** Does what a key stands for inside the player; false if it stands for nothing here. */
export function shortcut(ctx, event) {
  const plain = !(event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented);
  if (!plain || !Object.hasOwn(SHORTCUTS, event.key)) return false;
  SHORTCUTS[event.key](ctx);
  return true;
}

/** Selects the next value in the order of the computation, at this step and of this unit. */
function walk(ctx, by) {
  const names = drawnNames(ctx);
  const { t, unit } = ctx.state;
  const here = names.indexOf(ctx.looked ? ctx.looked.name : ctx.focusName);
  const name = names[(here + by + names.length) % names.length];
  const index = Math.min(unit, ctx.model.value(name, t).length - 1);
  ctx.act({ type: "select", place: { name, t, index } });
}

function drawnNames(ctx) {
  const { layout, panels, sequence, gradient, tensors, tracks, groups } = ctx.model.scene;
  const drawn = new Set([
    ...layout.nodes.map(({ tensor }) => tensor),
    ...panels,
    sequence.prediction,
    ...Object.values(gradient || {}),
    ...(tracks ?? []).flatMap((track) => track.tensors),
    ...(groups ?? []).map(({ prediction }) => prediction),
  ]);
  return tensors.map(({ name }) => name).filter((name) => drawn.has(name) && ctx.model.stepped(name));
}
