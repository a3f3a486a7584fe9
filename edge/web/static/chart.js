// uPlot, dressed for one point: breaks where nothing was known, hatching over them.
import * as format from "./format.js";
import { language } from "./language.js";
import * as reading from "./reading.js";

let loading = null;

// 51 kB that only a reader who opens a trend has to wait for.
export function load() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/static/vendor/uplot/uPlot.iife.min.js";
    script.onload = () => resolve(window.uPlot);
    script.onerror = () => {
      loading = null;
      reject(new Error("uPlot"));
    };
    document.head.append(script);
  });
  return loading;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function hatch(u, holes) {
  const { ctx, bbox } = u;
  const step = 8 * devicePixelRatio;
  for (const [from, until] of holes) {
    const left = Math.max(bbox.left, u.valToPos(from / 1000, "x", true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(until / 1000, "x", true));
    if (right <= left) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    ctx.strokeStyle = colour("--hatch");
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    const first = Math.floor((left - bbox.height) / step) * step; // so that the lines stand still
    for (let x = first; x < right; x += step) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }
}

// `tell(index or null)` is called as the pointer moves; `holes()` gives what to hatch.
export function chart(uPlot, place, { point, timezone, range, holes, tell }) {
  const isCode = point.kind === "state" || point.kind === "bit";
  const ink = colour("--quiet");
  const axis = {
    stroke: ink,
    font: "12px system-ui, sans-serif",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1, size: 4 },
  };
  const line = { stroke: colour("--trend"), width: 1.6, spanGaps: false, points: { show: false } };
  if (isCode) line.paths = uPlot.paths.stepped({ align: 1 });
  return new uPlot({
    width: place.clientWidth,
    height: place.clientHeight,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: {
      x: { time: true, range },
      y: isCode ? { range: (_, low, high) => [low - 0.5, high + 0.5] } : { range: around },
    },
    series: [
      {}, line,
      {
        stroke: colour("--uncertain"), spanGaps: false, paths: () => null,
        points: { show: true, size: 6, stroke: colour("--uncertain"), fill: colour("--card") },
      },
    ],
    axes: [
      {
        ...axis,
        space: 70,
        size: 34,
        values: (_, splits) => {
          const shown = splits.some((s) => s % 60) ? 8 : 5; // with seconds where they differ
          return splits.map((s) => format.time(s * 1000, language, timezone).slice(0, shown));
        },
        incrs: [10, 15, 30, 60, 120, 180, 300],
      },
      {
        ...axis,
        size: (_, values) => 14 + 7.2 * Math.max(3, ...(values ?? []).map((v) => v.length)),
        values: (_, splits) => tickTexts(point, isCode, splits),
        incrs: isCode ? [1, 2, 5, 10, 100, 1000] : undefined,
      },
    ],
    hooks: {
      drawAxes: [(u) => hatch(u, holes())],
      setCursor: [(u) => tell(u.cursor.idx ?? null)],
    },
  }, [[], [], []], place);
}

// A level that stands still is a line in the middle, not noise blown up to the edges.
function around(_, low, high) {
  if (low === null || high === null) return [0, 1];
  const room = Math.max((high - low) * 0.12, Math.abs(high) * 0.002, 1e-9);
  return [low - room, high + room];
}

function tickTexts(point, isCode, splits) {
  if (isCode) {
    return splits.map((v) => (Number.isInteger(v) ? reading.value(point, v).slice(0, 14) : ""));
  }
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  const decimals = Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return splits.map((v) => format.fixed(v, decimals, language));
}
