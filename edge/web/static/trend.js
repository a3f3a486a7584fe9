// One point over the last quarter of an hour, and on from there.
import { chart, load } from "./chart.js";
import { byId, mark, say } from "./dom.js";
import * as format from "./format.js";
import { History, SPAN_MS } from "./history.js";
import { called, language, word } from "./language.js";
import * as reading from "./reading.js";

const AWAY_MS = 4000;

export class Trend {
  #dialog = byId("trend");
  #picked = null;
  #history = null;
  #chart = null;
  #note = "";
  #now = 0;
  #timezone = "UTC";
  #cell = null;
  #pointer = null;
  #isLive = true;

  constructor() {
    byId("trend-close").onclick = () => this.#dialog.close();
    this.#dialog.onclick = (click) => {
      if (click.target === this.#dialog) this.#dialog.close(); // beside it
    };
    this.#dialog.onclose = () => this.#forget();
    addEventListener("resize", () => this.#redraw());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#redraw());
  }

  async open(picked, now, timezone) {
    this.#forget();
    this.#picked = picked;
    this.#now = now ?? 0;
    this.#timezone = timezone;
    this.#history = new History(picked.device.period_s);
    this.#note = "trend.loading";
    this.#dialog.showModal();
    this.rename();
    await this.#begin(picked, this.#history);
  }

  grow(devices) {
    if (!this.#picked) return;
    const { device, index } = this.#picked;
    const before = this.#cell;
    this.#cell = devices.cell(device.id, index);
    if (!this.#cell) return;
    const away = before && this.#cell.at - before.at > Math.max(AWAY_MS, 2500 * device.period_s);
    if (away) this.#fill(); // what the stream did not bring, the store may have
    this.#history.add(this.#cell);
  }

  render(now, isLive) {
    if (!this.#picked || now === null) return;
    this.#now = now;
    this.#isLive = isLive;
    const { point } = this.#picked;
    this.#history.forget(now - SPAN_MS - 60000);
    if (this.#cell) {
      say(byId("trend-value"), reading.withUnit(point, this.#cell.value));
      const code = reading.shown(this.#cell.quality, isLive);
      say(byId("trend-quality"), reading.quality(code));
      mark(byId("trend-quality"), "grade", reading.grade(code));
    }
    this.#chart?.setData(this.#history.columns());
    this.#sayPointed();
    say(byId("trend-summary"), this.#summary());
  }

  rename() {
    if (!this.#picked) return;
    const { device, point } = this.#picked;
    const name = called(point.labels, point.name.replaceAll("_", " "));
    say(byId("trend-title"), `${called(device.labels, device.id)}: ${name}`);
    say(byId("trend-subject"), `${device.id}.${point.name}`);
    byId("trend-chart").setAttribute("aria-label", word("trend.chart", { name }));
    this.#redraw();
    this.render(this.#now, this.#isLive);
  }

  async #begin(picked, history) {
    const [uPlot] = await Promise.allSettled([load(), this.#fill()]);
    if (this.#picked !== picked || this.#history !== history) return; // another was opened
    if (uPlot.status === "fulfilled") this.#redraw();
    this.render(this.#now, this.#isLive);
  }

  async #fill() {
    const { device, point } = this.#picked;
    const history = this.#history;
    let note = "";
    try {
      const asked = new URLSearchParams({ device: device.id, point: point.name });
      const answer = await fetch(`/api/trend?${asked}`);
      if (!answer.ok) throw new Error((await answer.text()).trim().slice(0, 200));
      history.fill(await answer.json());
    } catch (error) {
      note = error.message;
    }
    if (this.#history === history) this.#note = note;
  }

  #redraw() {
    this.#chart?.destroy();
    this.#chart = null;
    if (!this.#picked || !window.uPlot) return;
    this.#chart = chart(window.uPlot, byId("trend-chart"), {
      point: this.#picked.point,
      timezone: this.#timezone,
      range: () => [this.#history.sinceMs(this.#now) / 1000, this.#now / 1000],
      holes: () => this.#history.holes(this.#now),
      tell: (index) => {
        this.#pointer = index;
        this.#sayPointed();
      },
    });
    this.#chart.setData(this.#history.columns());
  }

  #sayPointed() {
    const [t, line] = this.#chart?.data ?? [[], []];
    const index = this.#pointer;
    say(byId("trend-readout"), index === null || t[index] === undefined ? "" : [
      format.time(t[index] * 1000, language, this.#timezone),
      reading.withUnit(this.#picked.point, line[index]),
    ].join("  "));
  }

  #summary() {
    if (this.#note === "trend.loading") return word("trend.loading");
    const { point } = this.#picked;
    const show = (value) => reading.withUnit(point, value);
    const found = this.#history.extremes();
    const isCode = point.kind === "state" || point.kind === "bit";
    const since = this.#history.sinceMs(this.#now);
    const said = [];
    if (this.#note) said.push(word("trend.failed", { reason: this.#note }));
    said.push(found
      ? word(isCode ? "trend.states" : "trend.summary", {
        age: reading.age(this.#now - since), min: show(found.min), max: show(found.max), last: show(found.last),
      })
      : word("trend.none"));
    const holes = this.#history.holes(this.#now).filter(([, until]) => until > since);
    const silent = holes.reduce((sum, [from, until]) => sum + until - Math.max(from, since), 0);
    if (silent > 0) said.push(word("trend.gaps", { age: reading.age(silent) }));
    if (this.#history.doubtful) said.push(word("trend.doubt", { n: this.#history.doubtful }));
    return said.join(" ");
  }

  #forget() {
    this.#chart?.destroy();
    this.#chart = null;
    this.#picked = null;
    this.#history = null;
    this.#cell = null;
    this.#pointer = null;
    for (const id of ["trend-value", "trend-quality", "trend-readout", "trend-summary"]) {
      byId(id).textContent = "";
    }
  }
}
