// The page: asks for the site, listens to the stream, and hands each part what is its.
import { byId, make, mark, say } from "./dom.js";
import { Devices } from "./devices.js";
import * as events from "./events.js";
import * as format from "./format.js";
import * as lanes from "./lanes.js";
import { choose, language, onLanguage, show, word } from "./language.js";
import * as reading from "./reading.js";
import { Stream } from "./stream.js";
import { Trend } from "./trend.js";

const IOC_SILENT_MS = 120000;

let site = null;
let revision = null;
let asking = false;
let last = null; // the last message of the stream
let happened = [];

const trend = new Trend();
const devices = new Devices((picked) => trend.open(picked, stream.now, site.timezone), () => render());
const lamps = new Map(["live", "uplink", "clock", "store"].map((name) => {
  const lamp = {
    element: make("li"), shape: make("span", { class: "shape", "aria-hidden": "true" }),
    name: make("span", { class: "quiet" }), says: make("strong"),
  };
  lamp.element.append(lamp.shape, " ", lamp.name, " ", lamp.says);
  byId("lamps").append(lamp.element);
  return [name, lamp];
}));

async function ask() {
  if (asking) return;
  asking = true;
  try {
    const answer = await (await fetch("/api/site")).json();
    if (site && site.version !== answer.site.version) {
      location.reload(); // the gateway was updated, and this page with it
      return;
    }
    ({ site, revision } = answer);
    reading.learnQualities(answer.quality);
    devices.build(site);
    stream.open();
    renderAll();
  } catch {
    // the page says by itself that nothing comes
    if (!site) setTimeout(ask, 2000);
  } finally {
    asking = false;
  }
}

function hear(told) {
  last = told;
  if (told.events) happened = told.events;
  if (told.site !== revision) {
    ask();
    return;
  }
  devices.take(told.cells, told.health);
  trend.grow(devices);
  if (told.events) renderEvents();
  render();
}

function renderEvents() {
  if (site) events.render(happened, site, stream.now);
}

function renderAll() {
  if (site) {
    say(byId("place"), site.place || site.gateway);
    document.title = `${site.place || site.gateway} · Ria`;
    say(byId("gateway"), `${word("gateway", { gateway: site.gateway })} ${site.version && `· Ria ${site.version}`}`);
  }
  renderEvents();
  render();
}

function render() {
  const now = stream.now;
  const live = stream.state;
  mark(document.body, "live", live);
  light("live", { live: "good", waiting: "waiting", lost: "bad" }[live], word(`live.${live}`));
  byId("lost").hidden = live !== "lost";
  if (live === "lost") {
    say(byId("lost"), stream.heardAt === null ? word("lost.never") : word("lost", {
      time: format.time(stream.heardAt, language, site?.timezone ?? "UTC", now),
      age: reading.age(now - stream.heardAt),
    }));
  }
  if (!last || !site) return;
  say(byId("now"), format.time(now, language, site.timezone));
  const { sync, store, clock } = last;
  if (live === "lost") {
    for (const name of ["uplink", "clock", "store"]) light(name, "waiting", word("unknown"));
  } else {
    light("uplink", ...uplink(sync, now));
    light("clock", clock === "synced" ? "good" : clock === "unknown" ? "bad" : "uncertain", word(`clock.${clock}`));
    light("store", ...disk(store));
  }
  lamps.get("store").element.title = store.degraded;
  devices.render(now, live !== "lost");
  lanes.render(sync, now);
  trend.render(now, live !== "lost");
}

function uplink(sync, now) {
  if (!sync.broker) return ["waiting", word("uplink.none")];
  if (!sync.connected) return ["bad", word("uplink.down")];
  const silent = sync.receiver_seen_ms === null || now - sync.receiver_seen_ms > IOC_SILENT_MS;
  return silent ? ["uncertain", word("uplink.silent")] : ["good", word("uplink.up")];
}

function disk(store) {
  if (store.degraded) return ["bad", word("store.degraded")];
  if (!store.limit_bytes) {
    return ["good", word("store.no_limit", { megabytes: format.whole(store.bytes / 1e6, language) })];
  }
  const full = (100 * store.bytes) / store.limit_bytes;
  const percent = full > 0 && full < 1 ? "<1" : Math.round(full);
  return [full > 95 ? "uncertain" : "good", word("store.ok", { percent })];
}

function light(name, grade, says) {
  const lamp = lamps.get(name);
  mark(lamp.element, "grade", grade);
  say(lamp.shape, { good: "●", uncertain: "◆", bad: "▲", waiting: "○" }[grade]);
  say(lamp.name, word(`lamp.${name}`));
  say(lamp.says, says);
}

for (const button of document.querySelectorAll("[data-language]")) {
  button.onclick = () => choose(button.dataset.language);
}
onLanguage(() => {
  devices.rename();
  trend.rename();
  renderAll();
});
const stream = new Stream(hear);
show();
ask();
setInterval(render, 1000);
