// What happened lately, newest first.
import { byId, make } from "./dom.js";
import { called, hasWord, language, word } from "./language.js";
import { counter, time } from "./format.js";

const SHOWN = 20;

export function render(events, site, now) {
  const named = new Map(site.devices.map((device) => [device.id, device]));
  byId("no-events").hidden = events.length > 0;
  byId("events").replaceChildren(...events.slice(0, SHOWN).map((event) => {
    const key = `event.${event.kind}`;
    return make(
      "li", {},
      make("time", { class: "figure quiet", datetime: new Date(event.at_ms).toISOString() },
        time(event.at_ms, language, site.timezone, now)),
      make("span", { class: "kind" }, hasWord(key) ? word(key) : event.kind),
      make("span", { class: "subject" }, subject(event.subject, named)),
      make("span", { class: "detail quiet" }, detail(event.detail, site.timezone)),
    );
  }));
}

function subject(id, named) {
  const dot = id.indexOf(".");
  const device = named.get(dot < 0 ? id : id.slice(0, dot));
  if (!device) return id;
  const name = called(device.labels, device.id);
  const point = dot < 0 ? null : device.points.find((one) => one.name === id.slice(dot + 1));
  return point ? `${name}: ${called(point.labels, point.name)}` : dot < 0 ? name : id;
}

function detail(said, timezone) {
  return Object.entries(said).map(([name, value]) => {
    const text = plain(name, value, timezone);
    const key = `detail.${name}`;
    return hasWord(key) ? word(key, { text }) : `${name} ${text}`;
  }).join(" · ");
}

function plain(name, value, timezone) {
  if (Array.isArray(value)) return value.map((one) => plain("", one, timezone)).join(", ");
  if (name === "from_ms" || name === "to_ms") return time(value, language, timezone);
  if (typeof value === "number") return counter(value, language);
  const key = `quality.${value}`;
  return hasWord(key) ? word(key) : String(value);
}
