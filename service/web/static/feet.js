// Two insoles, toes up, seen from above. A cell is a disc where the insole has one; where it has none, nothing is
// painted, unless a map between many cells is asked for. Pictures arrive in bursts and are played a moment later, evenly, at the screen's own rate.

import { median, ms } from "./format.js";
import { LEAST_CELLS, LoadMap } from "./map.js";
import { even, stepped } from "./palette.js";

const NS = "http://www.w3.org/2000/svg";
const DELAY_MS = 150; // the bridge puts every 100 ms, so the oldest sample of a put is that much older than the newest
const KEEP = 60; // pictures at most: a hidden page draws none but goes on hearing
const STALE_MS = 1500;
const TRAIL = 30; // places of the center of pressure: longer than any stance of a walk
const MARGIN = 6; // mm around the outline

// The outline of a usual insole in the profile's own coordinates: [ml, ap], 0 lateral to 1 medial, 0 heel to 1 toe.
const OUTLINE = [
  [0.49, 0], [0.29, 0.022], [0.165, 0.095], [0.14, 0.2], [0.125, 0.32], [0.075, 0.46], [0.01, 0.61], [0.015, 0.72],
  [0.085, 0.825], [0.225, 0.915], [0.42, 0.976], [0.63, 1], [0.825, 0.98], [0.95, 0.9], [0.995, 0.785], [0.975, 0.66],
  [0.85, 0.51], [0.785, 0.38], [0.805, 0.24], [0.815, 0.12], [0.7, 0.026],
];

function element(name, attributes = {}, parent = null) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

/** A closed curve through points (Catmull-Rom as Bézier). */
function closed(points) {
  const at = (i) => points[(i + points.length) % points.length];
  const f = (n) => n.toFixed(1);
  let path = `M${f(at(0)[0])} ${f(at(0)[1])}`;
  for (let i = 0; i < points.length; i += 1) {
    const [p, q, r, s] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    const handles = [0, 1].map((k) => [q[k] + (r[k] - p[k]) / 6, r[k] - (s[k] - q[k]) / 6]);
    path += `C${f(handles[0][0])} ${f(handles[1][0])} ${f(handles[0][1])} ${f(handles[1][1])} ${f(r[0])} ${f(r[1])}`;
  }
  return `${path}Z`;
}

/** One factor for all discs, so that they keep their proportions and most do not lie on each other. */
function shrink(places, radii) {
  const room = places.map(([x, y], i) => {
    const others = places.map(([p, q], j) => (i === j ? Infinity : Math.hypot(x - p, y - q) / (radii[i] + radii[j])));
    return Math.min(...others);
  });
  return Math.min(0.9, Math.max(0.5, 0.97 * (median(room) ?? 1)));
}

/** A smooth line through the middles between points. */
function smoothed(points) {
  const f = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  if (points.length < 2) return "";
  const middles = points.slice(1).map(([x, y], i) => [(x + points[i][0]) / 2, (y + points[i][1]) / 2]);
  const bends = middles.slice(1).map((middle, i) => `Q${f(points[i + 1])} ${f(middle)}`);
  return `M${f(points[0])}L${f(middles[0])}${bends.join("")}L${f(points.at(-1))}`;
}

export class Foot {
  constructor(svg, side, canvas) {
    this.svg = svg;
    this.canvas = canvas;
    this.look = { map: false, stepped: false };
    this.side = side;
    this.cells = [];
    this.queue = [];
    this.trail = [];
    this.lag = []; // [when heard, how late] of recent pictures: the smallest is the way's own delay
    this.setDevice(null);
  }

  /** Draw the insole that a device event describes; without one, an empty outline. */
  setDevice(device) {
    this.device = device;
    this.length = device?.length_mm ?? 265;
    this.width = device?.width_mm ?? 96;
    this.scale = even(device?.scale.max ?? 1);
    this.queue = [];
    this.trail = [];
    this.cells = [];
    const { svg, side } = this;
    svg.replaceChildren();
    svg.setAttribute("viewBox", `${-MARGIN} ${-MARGIN} ${this.width + 2 * MARGIN} ${this.length + 2 * MARGIN}`);
    this._patterns();
    const path = closed(OUTLINE.map(([ml, ap]) => this.place(ml, ap)));
    element("path", { d: path }, element("clipPath", { id: `sole-${side}` }, svg));
    element("path", { d: path, class: "sole" }, svg);
    const group = element("g", { "clip-path": `url(#sole-${side})` }, svg);
    if (device) this._cells(group, device.sensors);
    element("path", { d: path, class: "rim" }, svg);
    this.line = element("path", { class: "trail", d: "" }, svg);
    this.dot = element("circle", { class: "cop up", r: 4.2 }, svg);
    this._outline = path;
    this.setLook(this.look);
  }

  /** Whether a map between the cells would tell anything, and whether the stepped scale, which is in kPa, applies. */
  get offers() {
    return { map: this.cells.length >= LEAST_CELLS, stepped: this.device?.scale.unit === "kPa" };
  }

  /** Show cells or the map, on the even scale or the stepped one; what does not apply is left out. */
  setLook(look) {
    this.look = look;
    const { map, stepped: steps } = this.offers;
    this.scale = look.stepped && steps ? stepped : even(this.device?.scale.max ?? 1);
    for (const cell of this.cells) cell.color = "";
    const mapped = Boolean(this.canvas) && look.map && map;
    this.svg.classList.toggle("mapped", mapped);
    this.map = null;
    if (this.canvas) this.canvas.hidden = !mapped;
    if (!mapped) return;
    const { area_mm2: area } = this.device.sensors;
    const radii = area.map((mm2) => Math.sqrt(mm2 / Math.PI));
    const size = { width: this.width, length: this.length, margin: MARGIN, places: this._places, radii, outline: this._outline };
    this.map = new LoadMap(this.canvas, size);
    this.sole = getComputedStyle(this.svg).getPropertyValue("--sole").trim();
    this.map.paint(this._places.map(() => 0), this.scale.rgb, this.sole);
  }

  /** Profile coordinates to millimeters on the page: the one place where a foot is mirrored. */
  place(ml, ap) {
    return [(this.side === "left" ? ml : 1 - ml) * this.width, (1 - ap) * this.length];
  }

  _patterns() {
    const hatch = element("pattern", { id: `hatch-${this.side}`, width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, this.svg);
    element("rect", { width: 1.7, height: 4, class: "hatch" }, hatch);
  }

  _cells(group, { ml, ap, area_mm2: area }) {
    const places = (this._places = ml.map((_, i) => this.place(ml[i], ap[i])));
    const radii = area.map((mm2) => Math.sqrt(mm2 / Math.PI));
    const factor = shrink(places, radii);
    places.forEach(([x, y], i) => {
      const r = radii[i] * factor;
      const disc = element("circle", { class: "cell", cx: x.toFixed(1), cy: y.toFixed(1), r: r.toFixed(1) }, group);
      disc.setAttribute("fill", this.scale.css(0));
      const limit = element("circle", { class: "limit", cx: x, cy: y, r, fill: `url(#hatch-${this.side})`, visibility: "hidden" }, group);
      const d = r * 0.5;
      const cross = element("path", { class: "cross", visibility: "hidden", d: `M${x - d} ${y - d}L${x + d} ${y + d}M${x - d} ${y + d}L${x + d} ${y - d}` }, group);
      this.cells.push({ disc, limit, cross, color: "", dead: false, full: false });
    });
  }

  /** Take a picture in; it is drawn when its moment comes. */
  hear(picture, now) {
    picture.at = ms(picture.time);
    const last = this.queue.at(-1);
    if (last && picture.at <= last.at) return;
    this.lag.push([now, now - picture.at]);
    while (this.lag.length > 1 && this.lag[0][0] < now - 5000) this.lag.shift();
    this.queue.push(picture);
    if (this.queue.length > KEEP) this.queue.shift();
  }

  /** Draw what the foot looked like a moment ago. */
  draw(now, smooth) {
    const lag = this.lag.reduce((least, [, late]) => Math.min(least, late), Infinity);
    const moment = now - lag - DELAY_MS;
    while (this.queue.length > 1 && this.queue[1].at <= moment) this._passed(this.queue.shift());
    const [from, to] = this.queue;
    const fresh = Boolean(from) && now - this.lag.at(-1)[0] < STALE_MS;
    this.svg.classList.toggle("stale", Boolean(this.device) && !fresh);
    if (!from || !fresh) return;
    const part = to && smooth ? Math.min(1, Math.max(0, (moment - from.at) / (to.at - from.at))) : 0;
    this._paint(from, part > 0 ? to : from, part);
  }

  _passed(picture) {
    if (!picture.cop) {
      this.down = false;
      return;
    }
    if (!this.down) this.trail = []; // a new stance
    this.down = true;
    this.trail.push(this.place(...picture.cop));
    if (this.trail.length > TRAIL) this.trail.shift(); // standing still
  }

  _paint(from, to, part) {
    this.cells.forEach((cell, i) => {
      const [a, b] = [from.cells[i], to.cells[i] ?? from.cells[i]];
      const dead = a === null || a === undefined;
      if (dead !== cell.dead) {
        cell.dead = dead;
        cell.disc.classList.toggle("dead", dead);
        cell.cross.setAttribute("visibility", dead ? "visible" : "hidden");
      }
      const color = dead ? "none" : this.scale.css(a + (b - a) * part);
      if (color !== cell.color) cell.disc.setAttribute("fill", (cell.color = color));
      const full = from.saturated.includes(i);
      if (full !== cell.full) cell.limit.setAttribute("visibility", (cell.full = full) ? "visible" : "hidden");
    });
    this.map?.paint(from.cells.map((a, i) => (a === null ? null : a + ((to.cells[i] ?? a) - a) * part)), this.scale.rgb, this.sole);
    this._paintCenter(from, to, part);
  }

  _paintCenter(from, to, part) {
    this.line.classList.toggle("past", !from.cop);
    this.dot.classList.toggle("up", !from.cop);
    if (!from.cop) {
      this.line.setAttribute("d", smoothed(this.trail));
      return;
    }
    const [a, b] = [this.place(...from.cop), this.place(...(to.cop ?? from.cop))];
    const center = [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part];
    // the first picture of a stance has not passed yet: the trail is still that of the stance before
    this.line.setAttribute("d", smoothed([...(this.down ? this.trail : []), a, center]));
    this.dot.setAttribute("cx", center[0].toFixed(1));
    this.dot.setAttribute("cy", center[1].toFixed(1));
  }
}
