// What one cell says to a person.
import * as format from "./format.js";
import { hasWord, language, word } from "./language.js";

export const MARKS = { good: "✓", uncertain: "◆", bad: "▲" };

const STALE = 65;

let names = {};

// `{code: name}` as the gateway has them.
export function learnQualities(table) {
  names = table;
}

export function grade(code) {
  return code >= 192 ? "good" : code >= 64 ? "uncertain" : "bad";
}

// Shape and words of a quality; colour comes on top, never alone.
export function quality(code) {
  const name = names[code] ?? grade(code);
  return `${MARKS[grade(code)]} ${word(`quality.${name}`)}`;
}

// What was good when the gateway fell silent may be anything by now.
export function shown(code, isLive) {
  return isLive ? code : Math.min(code, STALE);
}

export function remedy(code) {
  const key = `remedy.${names[code]}`;
  return hasWord(key) ? word(key) : "";
}

export function value(point, number) {
  if (number === null || number === undefined) return "—";
  switch (point.kind) {
    case "counter":
      return format.counter(number, language);
    case "state":
      return point.states[number] ?? word("state.unknown", { n: number });
    case "bit":
      return point.states[number] ?? word(number ? "bit.on" : "bit.off");
    default:
      return format.gauge(number, language);
  }
}

export function unit(point) {
  return point.kind === "gauge" || point.kind === "counter" ? format.unit(point.unit) : "";
}

export function withUnit(point, number) {
  return [value(point, number), unit(point)].filter(Boolean).join(" ");
}

export function age(ms) {
  const [key, n] = format.age(ms);
  return word(key, { n });
}

export function ago(ms) {
  return word("ago", { age: age(ms) });
}
