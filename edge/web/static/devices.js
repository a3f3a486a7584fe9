// The devices: one card each, open or folded, with its points.
import { byId, make, mark, say } from "./dom.js";
import { called, language, word } from "./language.js";
import * as format from "./format.js";
import * as reading from "./reading.js";

// Beyond these a reader sees the devices first, and opens what is of interest.
const OPEN_POINTS_MOST = matchMedia("(max-width: 34rem)").matches ? 40 : 300;
// A number of more signs is set smaller, so that it stands on one line.
const LONG_SIGNS = 11;

export class Devices {
  #cards = new Map();
  #onlyAbnormal = false;

  // `pick` is told which point was chosen; `rerender` is asked to call `render`.
  constructor(pick, rerender) {
    this.pick = pick;
    this.rerender = rerender;
    byId("show-all").onclick = () => this.#filter(false);
    byId("show-abnormal").onclick = () => this.#filter(true);
  }

  // A new site description: all cards anew, since a cell is known by its place in the list.
  build(site) {
    const old = this.#cards;
    const points = site.devices.reduce((sum, device) => sum + device.points.length, 0);
    const open = points <= OPEN_POINTS_MOST;
    this.#cards = new Map(site.devices.map((device) => (
      [device.id, new Card(device, this.pick, old.get(device.id)?.isOpen ?? open)]
    )));
    byId("cards").replaceChildren(...[...this.#cards.values()].map((card) => card.element));
  }

  take(cells, health) {
    for (const one of cells) this.#cards.get(one.device)?.take(one);
    for (const one of health) this.#cards.get(one.device)?.feel(one);
  }

  // `isLive` is false where the gateway itself has fallen silent.
  render(now, isLive) {
    let up = 0;
    let abnormal = 0;
    for (const card of this.#cards.values()) {
      card.render(now, isLive);
      if (card.health.state === "up") up += 1;
      if (card.isAbnormal) abnormal += 1;
      card.element.hidden = this.#onlyAbnormal && !card.isAbnormal;
    }
    const all = this.#cards.size;
    byId("show-all").setAttribute("aria-pressed", String(!this.#onlyAbnormal));
    byId("show-abnormal").setAttribute("aria-pressed", String(this.#onlyAbnormal));
    say(byId("tally"), isLive ? word("tally", { up, all }) : "");
    mark(byId("tally"), "grade", up < all ? "bad" : "good");
    say(byId("show-abnormal"), word("show.abnormal", { n: abnormal }));
    byId("none").hidden = !this.#onlyAbnormal || abnormal > 0;
  }

  rename() {
    for (const card of this.#cards.values()) card.rename();
  }

  cell(device, index) {
    return this.#cards.get(device)?.cell(index);
  }

  #filter(onlyAbnormal) {
    this.#onlyAbnormal = onlyAbnormal;
    this.rerender();
  }
}

class Card {
  #cells = null;
  #rows = null;
  #notGood = 0;

  constructor(device, pick, isOpen) {
    this.device = device;
    this.pick = pick;
    this.health = { state: "waiting" };
    this.name = make("span", { class: "name" });
    this.state = make("span", { class: "state" });
    this.read = make("span", { class: "read quiet figure" });
    this.where = make("span", { class: "where quiet" });
    this.cause = make("p", { class: "cause", hidden: "" });
    this.points = make("div", { class: "points", id: `points-${device.id}` });
    this.head = make(
      "button", { type: "button", class: "head", "aria-controls": this.points.id },
      this.name, this.state, this.read, this.where,
    );
    this.head.onclick = () => this.#unfold(!this.isOpen);
    this.element = make(
      "article", { class: "card" },
      make("h3", {}, this.head), this.cause, this.points,
    );
    this.#unfold(isOpen);
    this.rename();
  }

  get isAbnormal() {
    return this.health.state === "down" || this.#notGood > 0;
  }

  take(cells) {
    if (cells.values.length !== this.device.points.length) return; // of another description
    this.#cells = cells;
    this.#notGood = cells.quality.filter((code) => code < 192).length;
  }

  feel(health) {
    this.health = health;
  }

  cell(index) {
    if (!this.#cells) return null;
    const at = this.#cells.measured_at_ms;
    return {
      value: this.#cells.values[index],
      quality: this.#cells.quality[index],
      at: Array.isArray(at) ? at[index] : at,
    };
  }

  rename() {
    const { device } = this;
    say(this.name, called(device.labels, device.id));
    const facts = Object.entries(device.facts).map(([name, text]) => `${name} ${text}`);
    say(this.where, [
      device.id, device.address, device.title,
      word("device.every", { n: format.counter(device.period_s, language) }),
      word("device.points", { n: device.points.length }), ...facts,
    ].filter(Boolean).join(" · "));
    for (const row of this.#rows ?? []) row.rename();
  }

  render(now, isLive) {
    this.#renderHealth(now, isLive);
    if (!this.isOpen || !this.#cells) return;
    this.#rows.forEach((row, index) => row.render(this.cell(index), now, isLive));
  }

  #renderHealth(now, isLive) {
    const { state, since_ms, last_scan_ms, cause, detail } = this.health;
    const down = state === "down";
    const grade = down ? "bad" : this.#notGood ? "uncertain" : "good";
    mark(this.element, "grade", state === "waiting" ? "waiting" : grade);
    const parts = [isLive
      ? word(`device.${state}`, { age: since_ms == null ? "" : reading.age(now - since_ms) }).trim()
      : word("unknown")];
    if (isLive && !down && this.#notGood) parts.push(word("device.not_good", { n: this.#notGood }));
    const shape = !isLive || state === "waiting" ? "○" : reading.MARKS[grade];
    say(this.state, `${shape} ${parts.join(" · ")}`);
    say(this.read, last_scan_ms == null ? "" : word("device.read", { ago: reading.ago(now - last_scan_ms) }));
    this.cause.hidden = !down;
    if (down) {
      const why = cause == null ? "" : reading.quality(cause).slice(2);
      const first = [why, detail].filter(Boolean).join(": ");
      say(this.cause, [first, cause == null ? "" : reading.remedy(cause)].filter(Boolean).join(". "));
    }
  }

  #unfold(isOpen) {
    this.isOpen = isOpen;
    this.points.hidden = !isOpen;
    this.head.setAttribute("aria-expanded", String(isOpen));
    if (isOpen && this.#rows === null) {
      this.#rows = this.#makeRows();
    }
  }

  #makeRows() {
    const rows = this.device.points.map((point, index) => new Row(
      point, () => this.pick({ device: this.device, point, index }),
    ));
    this.points.replaceChildren(...rows.map((row) => row.element));
    return rows;
  }
}

class Row {
  constructor(point, pick) {
    this.point = point;
    this.label = make("span", { class: "label" });
    this.value = make("span", { class: "value figure" });
    this.unit = make("span", { class: "unit" });
    this.quality = make("span", { class: "quality" });
    this.age = make("span", { class: "age figure" });
    this.element = make(
      "button", { type: "button", class: "point", "aria-haspopup": "dialog", title: point.name },
      this.label,
      make("span", { class: "amount" }, this.value, " ", this.unit),
      make("span", { class: "trust" }, this.quality, " ", this.age),
    );
    this.element.dataset.point = point.name;
    this.element.dataset.kind = point.kind;
    this.element.onclick = pick;
    this.rename();
  }

  rename() {
    say(this.label, called(this.point.labels, this.point.name.replaceAll("_", " ")));
    say(this.unit, reading.unit(this.point));
  }

  render(cell, now, isLive) {
    const code = reading.shown(cell.quality, isLive);
    mark(this.element, "grade", reading.grade(code));
    const value = reading.value(this.point, cell.value);
    say(this.value, value);
    mark(this.element, "long", value.length > LONG_SIGNS ? "true" : "false");
    say(this.quality, reading.quality(code));
    say(this.age, reading.age(now - cell.at));
  }
}
