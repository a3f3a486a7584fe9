// What the operations centre has confirmed, lane by lane.
import { byId, make, mark, say } from "./dom.js";
import { hasWord, language, word } from "./language.js";
import { whole } from "./format.js";
import { ago } from "./reading.js";

const STUCK_AFTER_MS = 60000;
const rows = new Map();

export function render(sync, now) {
  if (rows.size !== sync.lanes.length || !sync.lanes.every(({ lane }) => rows.has(lane))) {
    rows.clear();
    for (const { lane } of sync.lanes) rows.set(lane, new Row());
    for (const body of byId("lanes").querySelectorAll("tbody")) body.remove();
    byId("lanes").append(...[...rows.values()].map((row) => row.element));
  }
  for (const lane of sync.lanes) rows.get(lane.lane).render(lane, now);
  say(byId("receiver"), sync.broker === "" ? word("uplink.none") : [
    sync.broker,
    sync.receiver_seen_ms === null
      ? word("ioc.never")
      : word("ioc.heard", { ago: ago(now - sync.receiver_seen_ms) }),
  ].filter(Boolean).join(" · "));
}

class Row {
  constructor() {
    this.name = make("span");
    this.moved = make("span", { class: "moved quiet figure" });
    this.counts = ["stored", "sent", "confirmed", "waiting"].map((what) => (
      [what, make("td", { class: `figure ${what}` })]
    ));
    this.element = make(
      "tbody", {},
      make("tr", {}, make("th", { scope: "rowgroup", colspan: "4" }, this.name, " ", this.moved)),
      make("tr", {}, ...this.counts.map(([, cell]) => cell)),
    );
  }

  render(lane, now) {
    const key = `lane.${lane.lane}`;
    this.element.dataset.lane = lane.lane;
    say(this.name, hasWord(key) ? word(key) : lane.lane);
    const stuck = lane.waiting > 0 && now - (lane.confirmed_at_ms ?? 0) > STUCK_AFTER_MS;
    mark(this.element, "grade", stuck ? "uncertain" : "good");
    for (const [what, cell] of this.counts) {
      const shape = stuck && what === "waiting" ? "◆ " : "";
      say(cell, `${shape}${whole(lane[what], language)}`);
    }
    const moved = () => word("lane.moved", { ago: ago(now - lane.confirmed_at_ms) });
    say(this.moved, !lane.stored ? word("lane.empty")
      : lane.confirmed_at_ms === null ? word("lane.still") : moved());
  }
}
