// What a key does: in the picture of a cell, in a score, and in sheets.
const ANYWHERE = {
  ArrowLeft: { type: "step", by: -1 },
  ArrowRight: { type: "step", by: 1 },
  Home: { type: "home" },
  End: { type: "end" },
};

const INSIDE = {
  " ": { type: "play" },
  ArrowUp: { type: "unit", by: -1 },
  ArrowDown: { type: "unit", by: 1 },
  Enter: { type: "pin" },
  Escape: { type: "release" },
  1: { type: "level", level: "flow" },
  2: { type: "level", level: "numbers" },
  3: { type: "level", level: "arithmetic" },
  "+": { type: "speed", by: 1 },
  "-": { type: "speed", by: -1 },
  h: { type: "future" },
  v: { type: "view" },
};

const FINE = { ArrowLeft: { type: "fine", by: -1 }, ArrowRight: { type: "fine", by: 1 } };

const SHEETS_ANYWHERE = { ...ANYWHERE, ...FINE };
const SHEETS_INSIDE = {
  ...INSIDE,
  ArrowUp: { type: "step", by: -1 },
  ArrowDown: { type: "step", by: 1 },
  "[": { type: "unit", by: -1 },
  "]": { type: "unit", by: 1 },
  0: { type: "substeps", on: false },
  l: { type: "level", by: 1 },
};
const SHEETS_QUERY = { ArrowLeft: { type: "step", by: -1 }, ArrowRight: { type: "step", by: 1 } };
const HEAD_KEY = /^[1-8]$/;
const PRESSES_BUTTON = [" ", "Enter"];

/** In sheets a number chooses a head, where there are several. */
function headAction(key, { sheets, heads }) {
  return sheets && heads > 1 && HEAD_KEY.test(key) ? { type: "head", head: Number(key) - 1 } : null;
}

/**
 * What a key does, or null if it is not ours.
 *
 * @param {{key: string, shiftKey?: boolean, ctrlKey?: boolean, altKey?: boolean,
 *   metaKey?: boolean, defaultPrevented?: boolean}} event
 * @param {boolean} inside  is the focus in the player?
 * @param {boolean|"button"} controlFocused  does a control own the keys? A button owns only
 *   Space and Enter, and only leaves the others to a player it stands in.
 * @param {{sheets?: boolean, turns?: boolean, heads?: number}} bounds  of the cursor
 */
export function keyAction(event, inside, controlFocused, bounds = {}) {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return null;
  if (controlFocused && !(controlFocused === "button" && inside)) return null;
  if (controlFocused && PRESSES_BUTTON.includes(event.key)) return null;
  const shifted = bounds.sheets ? SHEETS_QUERY : FINE;
  const anywhere = bounds.sheets || bounds.turns ? SHEETS_ANYWHERE : ANYWHERE;
  const within = bounds.sheets ? SHEETS_INSIDE : INSIDE;
  if (event.shiftKey && Object.hasOwn(shifted, event.key)) return inside ? shifted[event.key] : null;
  if (Object.hasOwn(anywhere, event.key)) return event.shiftKey ? null : anywhere[event.key];
  if (!inside) return null;
  return headAction(event.key, bounds) ?? (Object.hasOwn(within, event.key) ? within[event.key] : null);
}

/** How an element takes keys: true (text, sliders, lists), "button", or false. */
export function controlKind(element) {
  if (!element) return false;
  const tag = (element.tagName ?? "").toLowerCase();
  const role = element.getAttribute?.("role") ?? "";
  if (element.isContentEditable || ["textarea", "select", "iframe", "video", "audio"].includes(tag)) return true;
  if (tag === "input") return ["button", "submit", "reset"].includes(element.type) ? "button" : true;
  if (["slider", "textbox", "combobox", "listbox", "option", "tab", "radio", "menuitem", "spinbutton"].includes(role)) return true;
  return tag === "button" || tag === "summary" || tag === "a" || role === "button" ? "button" : false;
}
