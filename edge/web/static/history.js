// The last quarter of an hour of one point, as columns. Pure.

export const SPAN_MS = 15 * 60 * 1000;
const SHORTEST_MS = 60 * 1000;

export class History {
  #t = [];
  #values = [];
  #quality = [];
  #silenceMs;

  // Longer than `periodS` allows between two cells means that some are missing.
  constructor(periodS) {
    this.#silenceMs = Math.max(2.5 * periodS * 1000, 2500);
  }

  // What the store has, joined with what came live: it may begin before and end behind it.
  fill({ measured_at_ms, values, quality }) {
    const cells = new Map();
    const put = (t, v, q) => t.forEach((at, i) => cells.set(at, [v[i], q[i]]));
    put(this.#t, this.#values, this.#quality);
    put(measured_at_ms, values, quality);
    this.#t = [...cells.keys()].sort((a, b) => a - b);
    this.#values = this.#t.map((at) => cells.get(at)[0]);
    this.#quality = this.#t.map((at) => cells.get(at)[1]);
  }

  add({ at, value, quality }) {
    if (this.#t.length && at <= this.#t[this.#t.length - 1]) return;
    this.#t.push(at);
    this.#values.push(value);
    this.#quality.push(quality);
  }

  // What there is to look at, up to `nowMs`: a quarter of an hour, or less where nothing is older.
  sinceMs(nowMs) {
    const first = Math.min(this.#t[0] ?? nowMs, nowMs - SHORTEST_MS);
    return Math.max(first, nowMs - SPAN_MS);
  }

  forget(beforeMs) {
    let gone = 0;
    while (gone < this.#t.length && this.#t[gone] < beforeMs) gone += 1;
    if (gone) for (const column of [this.#t, this.#values, this.#quality]) column.splice(0, gone);
  }

  // `[seconds, readable values, uncertain ones among them]`, with a null wherever a line must break.
  columns() {
    const t = [];
    const line = [];
    const doubt = [];
    this.#t.forEach((at, i) => {
      if (i && at - this.#t[i - 1] > this.#silenceMs) {
        t.push((this.#t[i - 1] + 1) / 1000);
        line.push(null);
        doubt.push(null);
      }
      t.push(at / 1000);
      line.push(this.#quality[i] < 64 ? null : this.#values[i]);
      doubt.push(this.#isDoubtful(i) ? this.#values[i] : null);
    });
    return [t, line, doubt];
  }

  // `[[fromMs, untilMs], …]` in which no good or uncertain value stood, up to `nowMs`.
  holes(nowMs) {
    const holes = [];
    const n = this.#t.length;
    for (let i = 0; i < n; i += 1) {
      const next = i + 1 < n ? this.#t[i + 1] : nowMs;
      const isBad = this.#quality[i] < 64;
      if (!isBad && next - this.#t[i] <= this.#silenceMs) continue;
      const before = holes[holes.length - 1];
      if (before && before[1] === this.#t[i]) before[1] = next;
      else holes.push([this.#t[i], next]);
    }
    return holes;
  }

  // Least, greatest and latest readable value; null where there was none.
  extremes() {
    let found = null;
    this.#values.forEach((value, i) => {
      if (value === null || this.#quality[i] < 64) return;
      found ??= { min: value, max: value, last: value };
      found.min = Math.min(found.min, value);
      found.max = Math.max(found.max, value);
      found.last = value;
    });
    return found;
  }

  get doubtful() {
    return this.#quality.filter((_, i) => this.#isDoubtful(i)).length;
  }

  #isDoubtful(i) {
    return this.#quality[i] >= 64 && this.#quality[i] < 192;
  }
}
