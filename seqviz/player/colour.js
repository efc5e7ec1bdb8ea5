// One hue a role, lightness from the background by size, slate for what is negative.
// Everything is computed in OKLCH from the theme's own background, so light and dark both hold.

const ROLE_HEX = {
  forget: "#D55E00",
  input: "#009E73",
  candidate: "#B58900",
  output: "#3A8FD0",
  cell: "#1F4E9C",
  hidden: "#8E44AD",
  query: "#CC79A7",
  key: "#8C564B",
  value: "#0F766E",
  gradient: "#64748B",
};
const SHADES = 128;
const READABLE = 4.5;
const SLATE = { chroma: 0.035, hue: 257 };
const THEME_PROBE = ["color", "background-color"];

/**
 * @typedef {{fill: string, ink: string}} Shade
 * @typedef {object} Palette
 * @property {boolean} dark
 * @property {string} ink
 * @property {string} paper
 * @property {(role: string) => string} line  a role's colour for wires and bars
 * @property {(role: string) => string} text  the same hue, at least 4.5:1 on the background
 * @property {(role: string, scale: string, range: number, value: number) => Shade} shade
 */

/** The colours of the theme that `root` stands in. @returns {Palette} */
export function readPalette(root) {
  const style = getComputedStyle(root);
  const [ink, paper] = THEME_PROBE.map((name) => parseColour(style.getPropertyValue(name)));
  return makePalette(ink, paper);
}

/** A word that changes exactly when the theme's colours do. */
export function themeKey(root) {
  const style = getComputedStyle(root);
  return THEME_PROBE.map((name) => style.getPropertyValue(name)).join(" ");
}

/** @param {number[]} ink @param {number[]} paper sRGB 0…1 @returns {Palette} */
export function makePalette(ink, paper) {
  const ground = toOklch(paper);
  const dark = ground.l < 0.5;
  const ramps = new Map();
  const texts = new Map();
  const pure = roleColours(ink, dark);
  const colourOf = (role) => pure[role] || pure.given;
  function rampOf(role, sign) {
    const key = role + sign;
    if (!ramps.has(key)) ramps.set(key, ramp(ground, colourOf(role), sign, ink, paper));
    return ramps.get(key);
  }
  return {
    dark,
    ink: css(ink),
    paper: css(paper),
    line: (role) => css(fromOklch(colourOf(role))),
    text(role) {
      if (!texts.has(role)) texts.set(role, css(readable(colourOf(role), paper, dark)));
      return texts.get(role);
    },
    shade(role, scale, range, value) {
      const size = Math.min(1, Math.abs(value) / (scale === "unit" ? 1 : range || 1));
      return rampOf(role, value < 0 ? "-" : "+")[Math.round(size * (SHADES - 1))];
    },
  };
}

function roleColours(ink, dark) {
  const colours = { given: { ...toOklch(ink), c: 0.012, l: dark ? 0.78 : 0.48 } };
  for (const [role, hex] of Object.entries(ROLE_HEX)) {
    const colour = toOklch(fromHex(hex));
    const l = dark ? Math.max(colour.l, 0.7) : colour.l;
    colours[role] = { ...colour, l };
  }
  colours.attention = toOklch(ink);
  colours.prediction = { ...toOklch(ink), l: dark ? 0.82 : 0.36, c: 0.015 };
  colours.weight = colours.given;
  colours.plain = colours.given;
  return colours;
}

function ramp(ground, colour, sign, ink, paper) {
  const end = sign === "-" ? { l: colour.l, c: SLATE.chroma, h: SLATE.hue } : colour;
  return Array.from({ length: SHADES }, (_, k) => {
    const size = k / (SHADES - 1);
    const part = 0.03 + 0.97 * size;
    const rgb = fromOklch({
      l: ground.l + (end.l - ground.l) * part,
      c: end.c * part ** 0.75,
      h: end.h,
    });
    return { fill: css(rgb), ink: css(bestInk(rgb, ink, paper)) };
  });
}

/** The ink to print on `fill`: the theme's own where it can be read, else black or white. */
export function bestInk(fill, ink, paper) {
  const inks = [ink, paper, [0, 0, 0], [1, 1, 1]];
  return inks.find((candidate) => contrast(candidate, fill) >= READABLE + 0.05) || inks[2];
}

function readable(colour, paper, dark) {
  let { l } = colour;
  for (let k = 0; k < 60; k += 1) {
    const rgb = fromOklch({ ...colour, l });
    if (contrast(rgb, paper) >= READABLE + 0.1) return rgb;
    l += dark ? 0.01 : -0.01;
  }
  return dark ? [1, 1, 1] : [0, 0, 0];
}

/** WCAG contrast of two sRGB colours. */
export function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function luminance(rgb) {
  const [r, g, b] = rgb.map(toLinear);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** "rgb(1 2 3)", "rgba(…)", "#abc", "color(srgb …)" -> sRGB 0…1. */
export function parseColour(text) {
  if (text.trim().startsWith("#")) return fromHex(text.trim());
  const numbers = (text.match(/-?[\d.]+(e-?\d+)?/g) || ["255", "255", "255"]).map(Number);
  const scale = text.includes("srgb") ? 1 : 255;
  return numbers.slice(0, 3).map((n) => n / scale);
}

function fromHex(hex) {
  const digits = hex.slice(1);
  const pairs = digits.length < 6 ? [...digits].map((d) => d + d) : digits.match(/../g);
  return pairs.slice(0, 3).map((pair) => parseInt(pair, 16) / 255);
}

function css(rgb) {
  return `rgb(${rgb.map((v) => Math.round(Math.min(1, Math.max(0, v)) * 255)).join(" ")})`;
}

function toLinear(v) {
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

function fromLinear(v) {
  return v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055;
}

function toOklch(rgb) {
  const [r, g, b] = rgb.map(toLinear);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  const lightness = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
  return { l: lightness, c: Math.hypot(a, bb), h: (Math.atan2(bb, a) * 180) / Math.PI };
}

function fromOklch({ l, c, h }) {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const ll = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const mm = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const ss = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * ll - 3.3077115913 * mm + 0.2309699292 * ss,
    -1.2684380046 * ll + 2.6097574011 * mm - 0.3413193965 * ss,
    -0.0041960863 * ll - 0.7034186147 * mm + 1.707614701 * ss,
  ].map((v) => fromLinear(Math.min(1, Math.max(0, v))));
}
