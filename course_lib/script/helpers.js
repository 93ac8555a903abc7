// y[i] += W[i, j] a[j]: n rows, m columns; number (i, j) of the matrix is W[first + i down + j right].
// Four sums at a time do not wait for each other; of a one-hot a, one number of a row counts.
function times(y, at, n, W, first, down, right, a, from, m) {
  let some = 0, only = 0;
  for (let j = 0; j < m && some < 2; j++) if (a[from + j] !== 0) [some, only] = [some + 1, j];
  for (let i = 0; i < n; i++) {
    let p = first + i * down, j = 0, s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    if (some < 2) {
      s0 = W[p + only * right] * a[from + only];
    } else {
      if (right === 1) for (let q = from; j + 3 < m; j += 4, p += 4, q += 4) {
        s0 += W[p] * a[q];
        s1 += W[p + 1] * a[q + 1];
        s2 += W[p + 2] * a[q + 2];
        s3 += W[p + 3] * a[q + 3];
      }
      for (; j < m; j++, p += right) s0 += W[p] * a[from + j];
    }
    y[at + i] += s0 + s1 + (s2 + s3);
  }
}

// The gradient of `times`: from that of y to those of W (null: it gets none) and of a.
function back(dy, n, W, dW, first, down, right, a, from, da, to, m) {
  for (let i = 0; i < n; i++) {
    const g = dy[i];
    for (let j = 0, p = first + i * down; j < m; j++, p += right) {
      if (dW) dW[p] += g * a[from + j];
      da[to + j] += g * W[p];
    }
  }
}

// Numbers of a go to y, along three loops of a count and a step in each: taken, added, or the greatest kept.
function move(how, a, from, y, to, first, goal, n0, a0, y0, n1, a1, y1, n2, a2, y2) {
  for (let i = 0; i < n0; i++) for (let j = 0; j < n1; j++) for (let k = 0; k < n2; k++) {
    const value = a[from + first + i * a0 + j * a1 + k * a2], p = to + goal + i * y0 + j * y1 + k * y2;
    if (how === "take") y[p] = value;
    else if (how === "sum") y[p] += value;
    else if (!(value <= y[p])) y[p] = value;
  }
}

// The functions (step, value, unit, sequence) that an override stands for.
function rulesOf(gates, override) {
  const rules = {};
  for (const [gate, rule] of Object.entries(override)) {
    if (!(gate in gates)) throw new Error(`${cell.name} needs a gate among ${Object.keys(gates).join(", ")}; got ${gate}`);
    if (rule !== undefined && rule !== null) rules[gate] = typeof rule === "function" ? rule : () => rule;
  }
  return rules;
}

function ruled(rule, fixed, at, step, value, unit, sequence) {
  const given = rule(step, value, unit, sequence);
  fixed[at] = given === undefined ? 0 : 1;
  return given === undefined ? value : given;
}

function copysign(size, sign) {
  return sign < 0 || Object.is(sign, -0) ? -Math.abs(size) : Math.abs(size);
}
