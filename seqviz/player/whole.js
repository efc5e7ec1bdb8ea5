/**
 * Whole values at once: the same results as element by element, without a term for each.
 *
 * Each entry takes the operands, the operation and the shape, and fills an array with the value;
 * an operation that has none here is computed element by element.
 *
 * @typedef {import("./values.js").Taken} Taken
 */
const widthOf = (shape) => shape[shape.length - 1];

/** Dot products of every row of `a` with every row of `b`, both `n` long, plus `bias`. */
function rowProducts(out, a, b, n, bias) {
  const columns = b.length / n;
  for (let row = 0; row * n < a.length; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      let sum = 0;
      for (let k = 0; k < n; k += 1) sum += a[row * n + k] * b[column * n + k];
      out[row * columns + column] = bias ? sum + bias[column] : sum;
    }
  }
  return out;
}

/** Rows of `a`, each `n` long, times the columns of `b`. */
function matrixProduct(out, a, b, n, columns) {
  for (let row = 0; row * n < a.length; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      let sum = 0;
      for (let k = 0; k < n; k += 1) sum += a[row * n + k] * b[k * columns + column];
      out[row * columns + column] = sum;
    }
  }
  return out;
}

function softmaxRows(out, a, width) {
  for (let start = 0; start < a.length; start += width) {
    let top = -Infinity;
    for (let k = 0; k < width; k += 1) top = Math.max(top, a[start + k]);
    const largest = Number.isFinite(top) ? top : 0;
    let sum = 0;
    for (let k = 0; k < width; k += 1) {
      out[start + k] = Math.exp(a[start + k] - largest);
      sum += out[start + k];
    }
    for (let k = 0; k < width; k += 1) out[start + k] = sum === 0 ? 0 : out[start + k] / sum;
  }
  return out;
}

function sameSize(operands, out) {
  return operands.every(({ values }) => values.length === out.length);
}

export const WHOLE = {
  affine: (out, [W, v, b]) => rowProducts(out, v.values, W.values, widthOf(W.shape), b?.values),
  matmul(out, [A, B], { transpose }) {
    const n = widthOf(A.shape);
    if (transpose) return rowProducts(out, A.values, B.values, n);
    return matrixProduct(out, A.values, B.values, n, B.shape.length === 1 ? 1 : B.shape[1]);
  },
  lookup(out, [E, ids]) {
    const width = widthOf(E.shape);
    ids.values.forEach((id, row) => out.set(E.values.subarray(id * width, (id + 1) * width), row * width));
    return out;
  },
  concat(out, operands, { axis }) {
    const wide = axis === 0 ? out.length : operands.reduce((sum, { shape }) => sum + widthOf(shape), 0);
    let along = 0;
    for (const { values, shape } of operands) {
      const width = axis === 0 ? values.length : widthOf(shape);
      for (let row = 0; row * width < values.length; row += 1) {
        out.set(values.subarray(row * width, (row + 1) * width), row * wide + along);
      }
      along += width;
    }
    return out;
  },
  softmax: (out, [a]) => softmaxRows(out, a.values, widthOf(a.shape)),
  scale(out, [a], { factor }) {
    for (let k = 0; k < out.length; k += 1) out[k] = a.values[k] * factor;
    return out;
  },
  mask(out, [a, allowed]) {
    if (!sameSize([a, allowed], out)) return null;
    for (let k = 0; k < out.length; k += 1) out[k] = allowed.values[k] === 0 ? -Infinity : a.values[k];
    return out;
  },
  add(out, operands) {
    if (!sameSize(operands, out)) return null;
    for (let k = 0; k < out.length; k += 1) {
      let sum = 0;
      for (const { values } of operands) sum += values[k];
      out[k] = sum;
    }
    return out;
  },
};
