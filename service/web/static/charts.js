// Balance on the wearer's own grey band, and how the load on the inner side went, per foot.

import { between, known, leaning, ms, number } from "./format.js";

const AXIS_PCT = 12; // of the balance: fixed, so that a place on it always means the same
const BIN_MS = 15000;
const SPAN_MS = 1200000;
const NS = "http://www.w3.org/2000/svg";

const place = (value) => 50 + 50 * Math.max(-1, Math.min(1, value / AXIS_PCT));

function part(track, name) {
  const found = track.querySelector(`.${name}`) ?? document.createElement("i");
  if (!found.parentNode) {
    found.className = name;
    track.append(found);
  }
  return found;
}

/** A span of the track; without both ends it is not there. */
function span(track, name, low, high) {
  const made = part(track, name);
  made.hidden = !known(low) || !known(high);
  if (made.hidden) return;
  made.style.left = `${place(low)}%`;
  made.style.width = `${place(high) - place(low)}%`;
}

/** Draw one balance: `finding` is {value, low, high, strides}, `normal` is {low, high} or null. */
export function drawBalance(row, finding, normal, instead) {
  const track = row.querySelector(".track");
  part(track, "zero");
  span(track, "band", normal?.low, normal?.high);
  span(track, "interval", finding?.low, finding?.high);
  const dot = part(track, "dot");
  dot.hidden = !known(finding?.value);
  const value = row.querySelector(".value");
  if (dot.hidden) {
    value.textContent = instead;
    track.setAttribute("aria-label", instead);
    return;
  }
  dot.style.left = `${place(finding.value)}%`;
  dot.dataset.beyond = Math.abs(finding.value) > AXIS_PCT;
  const interval = between(finding.low, finding.high);
  const strides = finding.strides ? `${finding.strides} strides a foot` : "";
  const detail = [interval && `95 %: ${interval}`, strides].filter(Boolean).join(" · ");
  value.replaceChildren(Object.assign(document.createElement("b"), { textContent: leaning(finding.value) }));
  value.append(Object.assign(document.createElement("span"), { textContent: detail }));
  const usual = normal ? `; your usual: ${between(normal.low, normal.high)}` : "";
  track.setAttribute("aria-label", `${leaning(finding.value)}, ${detail}${usual}`);
}

/** Means of the medial-lateral index over quarters of a minute. */
export function bins(steps) {
  const found = new Map();
  for (const step of steps) {
    if (!step.valid || !known(step.medial_lateral_index)) continue;
    const key = Math.floor(ms(step.time) / BIN_MS);
    const bin = found.get(key) ?? { time: (key + 0.5) * BIN_MS, sum: 0, n: 0 };
    bin.sum += step.medial_lateral_index;
    bin.n += 1;
    found.set(key, bin);
  }
  return [...found.values()].filter((bin) => bin.n >= 3).map((bin) => ({ time: bin.time, value: bin.sum / bin.n }));
}

function draw(parent, name, attributes, text) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
}

/** Draw one foot's trend over the bout; `reach` is the shared half height in %, `normal` {low, high} or null. */
export function drawTrend(figure, values, { start, end, reach, normal }) {
  const svg = figure.querySelector("svg");
  const [width, height] = [svg.clientWidth || 280, svg.clientHeight || 90];
  const first = Math.max(start, end - SPAN_MS);
  const x = (time) => 24 + ((width - 30) * (time - first)) / Math.max(end - first, 60000);
  const y = (value) => height / 2 - ((height / 2 - 8) * Math.max(-reach, Math.min(reach, value))) / reach;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren();
  if (normal) draw(svg, "rect", { class: "band", x: 24, width: width - 30, y: y(normal.high), height: Math.max(1, y(normal.low) - y(normal.high)), rx: 3 });
  for (const tick of [-reach, 0, reach]) {
    draw(svg, "line", { class: tick ? "tick" : "zero", x1: 24, x2: width - 6, y1: y(tick), y2: y(tick) });
    draw(svg, "text", { x: 19, y: y(tick) + 3.5, "text-anchor": "end" }, number(tick));
  }
  const shown = values.filter((bin) => bin.time >= first);
  if (shown.length) draw(svg, "polyline", { class: "line", points: shown.map((b) => `${x(b.time).toFixed(1)},${y(b.value).toFixed(1)}`).join(" ") });
  const last = shown.at(-1);
  if (last) draw(svg, "circle", { class: "end", cx: x(last.time), cy: y(last.value), r: 4 });
  const words = ["outer", "inner"];
  figure.querySelector(".now").textContent = last ? leaning(last.value, words) : "–";
  const usual = normal ? `, your usual ${between(normal.low, normal.high, words)}` : "";
  svg.setAttribute("aria-label", last ? `Now ${leaning(last.value, words)}${usual}` : "No values yet");
}
