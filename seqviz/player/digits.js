/** Numbers as a reader sees them; a printed sum is the sum of the printed terms. */

export const MINUS = "−";
const BIG = 1e6;
const MOST_EXTRA = 3;
const MOST_DECIMALS = 90;
const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const SUBSCRIPT = "₀₁₂₃₄₅₆₇₈₉";

const withMinus = (text) => text.replace("-", MINUS);

/** A whole number in subscript digits: 12 → "₁₂". */
export function subscript(whole) {
  return [...String(whole)].map((digit) => SUBSCRIPT[digit] ?? digit).join("");
}

function nonFinite(x) {
  if (Number.isNaN(x)) return "NaN";
  return x > 0 ? "∞" : `${MINUS}∞`;
}

/** 0.00001234 → "1.23×10⁻⁵". */
export function scientific(x, decimals = 2) {
  if (!Number.isFinite(x)) return nonFinite(x);
  const [mantissa, exponent] = x.toExponential(decimals).split("e");
  const power = [...exponent.replace("+", "")].map((sign) => SUPERSCRIPT[sign]).join("");
  return `${withMinus(mantissa)}×10${power}`;
}

/** So many decimals, always; a million and more as a power of ten. Never "−0.00". */
export function fixed(x, decimals = 2) {
  if (!Number.isFinite(x)) return nonFinite(x);
  if (Math.abs(x) >= BIG) return scientific(x);
  const text = x.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : withMinus(text);
}

/** As `fixed`, but a number too small for its decimals keeps its size: "1.23×10⁻⁵". */
export function precise(x, decimals = 2) {
  if (x !== 0 && Math.abs(x) < 10 ** -decimals / 2) return scientific(x);
  return fixed(x, decimals);
}

/** A factor: whole numbers without decimals. */
export function factorText(x, decimals = 2) {
  return Number.isInteger(x) && Math.abs(x) < 1e4 ? fixed(x, 0) : precise(x, decimals);
}

/**
 * 0.987 → "98.7" or, whole, "99"; the sign % belongs to the words. What is not quite 0 or 100
 * does not say so: 0.998 → ">99".
 */
export function percent(x, decimals = 0) {
  const text = fixed(100 * x, decimals);
  const step = 10 ** -decimals;
  if (x > 0 && Number(text) === 0) return `<${fixed(step, decimals)}`;
  return x < 1 && Number(text) === 100 ? `>${fixed(100 - step, decimals)}` : text;
}

/** The decimals that show a digit of the largest value, at least two; a browser prints 100. */
function firstDecimals(values) {
  const largest = Math.max(...values.map(Math.abs), 0);
  if (largest === 0 || !Number.isFinite(largest)) return 2;
  return Math.min(MOST_DECIMALS, Math.max(2, -Math.floor(Math.log10(largest))));
}

const printed = (x, decimals) => Number(x.toFixed(decimals));

/** Printed terms added without rounding error, as they are on paper. */
function addPrinted(values, decimals) {
  const unit = 10 ** decimals;
  return values.reduce((sum, x) => sum + Math.round(printed(x, decimals) * unit), 0) / unit;
}

/**
 * Prints terms and their sum with the fewest decimals at which the printed terms add up to
 * the printed sum and none that is not zero looks like it; `holds(sum)` may ask for more of the
 * printed sum. Otherwise not `exact`, and what is too small for the decimals keeps its size.
 *
 * @param {number[]} values
 * @param {number} sum
 * @param {(printedSum: number, decimals: number) => boolean} holds
 * @returns {{texts: string[], sum: string, printedSum: number, decimals: number, exact: boolean}}
 */
export function adding(values, sum, holds = () => true) {
  const start = firstDecimals([...values, sum]);
  const show = (decimals, exact, printedSum) => ({
    texts: values.map((x) => (exact ? fixed : precise)(x, decimals)),
    sum: fixed(sum, decimals),
    printedSum,
    decimals,
    exact,
  });
  if (!Number.isFinite(sum)) return show(2, values.some((x) => !Number.isFinite(x)), sum);
  if ([...values, sum].some((x) => Math.abs(x) >= BIG) || start > 8) {
    const texts = values.map((x) => precise(x));
    return { ...show(start, false, asRead(sum, 2)), texts, sum: precise(sum) };
  }
  for (let decimals = start; decimals <= start + MOST_EXTRA; decimals += 1) {
    if (values.some((x) => x !== 0 && printed(x, decimals) === 0)) continue;
    const onPaper = addPrinted(values, decimals);
    if (onPaper === printed(sum, decimals) && holds(onPaper, decimals)) return show(decimals, true, onPaper);
  }
  return show(start, false, printed(sum, start));
}

/** The number that a reader reads off `factorText(x, decimals)`. */
function asRead(x, decimals) {
  if (!Number.isFinite(x)) return x;
  const tiny = x !== 0 && Math.abs(x) < 10 ** -decimals / 2;
  return tiny || Math.abs(x) >= BIG ? Number(x.toExponential(2)) : printed(x, decimals);
}

/** The fewest decimals at which the printed values combine to the printed result `text`. */
function combining(values, combine, first, decimals, text) {
  for (let digits = first; digits <= decimals + 2; digits += 1) {
    const onPaper = values.map((x) => asRead(x, digits)).reduce(combine);
    if (fixed(onPaper, decimals) === text || precise(onPaper) === text) {
      return { texts: values.map((x) => factorText(x, digits)), exact: true };
    }
  }
  return { texts: values.map((x) => factorText(x, first)), exact: false };
}

/**
 * Prints factors so that their printed product rounds to the printed result: `text`, or
 * `result` with `decimals` decimals. `exact` says whether it does.
 *
 * @returns {{texts: string[], exact: boolean}}
 */
export function multiplying(factors, result, decimals = 2, text = fixed(result, decimals)) {
  return combining(factors, (all, x) => all * x, 2, decimals, text);
}

/** As `multiplying`, for a small sum inside a row. */
export function summing(parts, result, decimals = 2, text = fixed(result, decimals)) {
  return combining(parts, (all, x) => all + x, decimals, decimals, text);
}

/** As `multiplying`, for e^a. */
export function powering(power, result, decimals = 2, text = fixed(result, decimals)) {
  const raised = (x) => fixed(Math.exp(x), decimals) === text || precise(Math.exp(x)) === text;
  for (let digits = 2; digits <= decimals + 2; digits += 1) {
    if (raised(asRead(power, digits))) return { texts: [factorText(power, digits)], exact: true };
  }
  return { texts: [factorText(power, 2)], exact: false };
}
