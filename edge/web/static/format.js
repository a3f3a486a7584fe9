// Numbers, units and times as people write them. Pure: the language is an argument.

const LOCALES = { vi: "vi-VN", en: "en-GB" };
const made = new Map();

function numberFormat(language, minimum, maximum) {
  const key = `${language} ${minimum} ${maximum}`;
  if (!made.has(key)) {
    made.set(key, new Intl.NumberFormat(LOCALES[language], {
      minimumFractionDigits: minimum,
      maximumFractionDigits: maximum,
    }));
  }
  return made.get(key);
}

// A register that people are billed by: every whole digit, and thousandths.
export function counter(value, language) {
  return numberFormat(language, 0, 3).format(value);
}

// A level: about four digits, and as many behind the comma from one second to the next.
export function gauge(value, language) {
  const size = Math.abs(value);
  if (size > 0 && (size < 0.001 || size >= 1e9)) {
    const [digits, exponent] = value.toExponential(2).split("e");
    return `${numberFormat(language, 2, 2).format(Number(digits))}·10${superscript(Number(exponent))}`;
  }
  const decimals = size >= 10000 ? 0 : size >= 1000 ? 1 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  // a tiny negative must not be shown as minus zero
  const rounded = Number(value.toFixed(decimals)) + 0;
  return numberFormat(language, decimals, decimals).format(rounded === 0 ? 0 : rounded);
}

export function whole(value, language) {
  return fixed(value, 0, language);
}

export function fixed(value, decimals, language) {
  return numberFormat(language, decimals, decimals).format(value);
}

function superscript(whole) {
  return String(whole).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)]));
}

const UNITS = {
  "1": "", "": "", "Cel": "°C", "deg": "°", "Ohm": "Ω", "kOhm": "kΩ", "%": "%", "[pH]": "pH",
  "[NTU]": "NTU", "[ppm]": "ppm", "kW.h": "kWh", "W.h": "Wh", "MW.h": "MWh", "V.A": "VA",
  "kV.A": "kVA", "V.A.h": "VAh", "kV.A.h": "kVAh", "kvar.h": "kvarh", "var.h": "varh",
  "uS/cm": "µS/cm", "us": "µs", "um": "µm", "mm[Hg]": "mmHg",
};

// A UCUM code as it stands on an instrument.
export function unit(code) {
  if (Object.hasOwn(UNITS, code)) return UNITS[code];
  return code
    .replace(/\{([^}]*)\}/g, "$1")
    .replace(/([a-z])3\b/gi, "$1³")
    .replace(/([a-z])2\b/gi, "$1²")
    .replace(/\bCel\b/g, "°C")
    .replace(/\[([^\]]*)\]/g, "$1")
    .replace(/\./g, "·");
}

// `[key, number]` of the word that says how long ago: seconds up to a minute and a half, and so on.
export function age(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 90) return ["age.s", seconds < 1 ? "<1" : Math.floor(seconds)];
  if (seconds < 90 * 60) return ["age.min", Math.floor(seconds / 60)];
  if (seconds < 36 * 3600) return ["age.h", Math.floor(seconds / 3600)];
  return ["age.d", Math.floor(seconds / 86400)];
}

const clocks = new Map();

// Time of day at the site; with the date where it is not the site's today.
export function time(ms, language, timezone, nowMs = ms) {
  const day = part("day", language, timezone).format(ms);
  const at = part("time", language, timezone).format(ms);
  return day === part("day", language, timezone).format(nowMs) ? at : `${day} ${at}`;
}

function part(which, language, timezone) {
  const key = `${which} ${language} ${timezone}`;
  if (!clocks.has(key)) {
    const shape = which === "day"
      ? { day: "2-digit", month: "2-digit" }
      : { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    let made;
    try {
      made = new Intl.DateTimeFormat(LOCALES[language], { ...shape, timeZone: timezone });
    } catch {
      made = new Intl.DateTimeFormat(LOCALES[language], shape);
    }
    clocks.set(key, made);
  }
  return clocks.get(key);
}
