// A map between the cells of one foot: interpolated, and only where cells lie close enough to say something.

import { median } from "./format.js";

export const LEAST_CELLS = 12; // fewer tell nothing of what lies between them
const STEP = 1.6; // mm of a pixel that is computed; the screen's own are drawn smoothly from these
const FINE = 3; // pixels of the picture a millimeter
const NEAR = 2.2; // cells this many usual distances apart are neighbors, and the map spans what lies between
const MOST = 6; // cells that a place is computed from

/** The cells around each place with their weights, `MOST` of each, nearest first (Shepard 1968, with an end to its reach). */
function weights(places, reach, columns, rows, margin) {
  const cells = new Int16Array(columns * rows * MOST).fill(-1);
  const shares = new Float32Array(columns * rows * MOST);
  for (let at = 0; at < columns * rows; at += 1) {
    const [x, y] = [((at % columns) + 0.5) * STEP - margin, (Math.floor(at / columns) + 0.5) * STEP - margin];
    const near = [];
    places.forEach(([p, q], i) => {
      const d = Math.hypot(p - x, q - y);
      if (d < 2 * reach) near.push([d, i]);
    });
    near.sort((a, b) => a[0] - b[0]);
    near.slice(0, MOST).forEach(([d, i], k) => {
      cells[at * MOST + k] = i;
      shares[at * MOST + k] = (1 - d / (2 * reach)) ** 2 / (d * d + 1);
    });
  }
  return { cells, shares };
}

export class LoadMap {
  constructor(canvas, { width, length, margin, places, radii, outline }) {
    this.canvas = canvas;
    this.outline = new Path2D(outline);
    this.margin = margin;
    this.places = places;
    const nearest = places.map(([x, y], i) => Math.min(...places.map(([p, q], j) => (i === j ? Infinity : Math.hypot(p - x, q - y)))));
    this.reach = NEAR * (median(nearest) ?? 0);
    const [wide, high] = [width + 2 * margin, length + 2 * margin];
    [this.columns, this.rows] = [Math.ceil(wide / STEP), Math.ceil(high / STEP)];
    canvas.width = Math.round(wide * FINE);
    canvas.height = Math.round(high * FINE);
    this.weights = weights(places, this.reach, this.columns, this.rows, margin);
    this.coarse = Object.assign(document.createElement("canvas"), { width: this.columns, height: this.rows });
    this.pixels = this.coarse.getContext("2d").createImageData(this.columns, this.rows);
    this.mask = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
    this._cut(radii);
  }

  _scaled(canvas) {
    const context = canvas.getContext("2d");
    context.setTransform(FINE, 0, 0, FINE, this.margin * FINE, this.margin * FINE);
    return context;
  }

  /** Where there is anything to paint: the cells, and what lies between neighbors, within the sole. */
  _cut(radii) {
    const context = this._scaled(this.mask);
    const apart = (i, j) => Math.hypot(this.places[i][0] - this.places[j][0], this.places[i][1] - this.places[j][1]);
    const after = this.places.map((_, i) => this.places.map((_, j) => j).filter((j) => j > i && apart(i, j) <= this.reach));
    context.clip(this.outline);
    context.lineCap = "round";
    const span = (...corners) => {
      context.beginPath();
      corners.forEach((i) => context.lineTo(...this.places[i]));
      context.closePath();
    };
    this.places.forEach(([x, y], i) => {
      context.beginPath();
      context.arc(x, y, radii[i], 0, 2 * Math.PI);
      context.fill();
      for (const j of after[i]) {
        context.lineWidth = 2 * Math.min(radii[i], radii[j]);
        span(i, j);
        context.stroke();
        for (const k of after[j]) if (after[i].includes(k)) { span(i, j, k); context.fill(); }
      }
    });
  }

  /** Paint the cells' values; a place whose nearest cell has no reading stays bare. */
  paint(values, rgb, sole) {
    const { data } = this.pixels;
    const { cells, shares } = this.weights;
    for (let at = 0, from = 0; from < cells.length; at += 1, from += MOST) {
      let [sum, whole] = [0, 0];
      const bare = cells[from] < 0 || values[cells[from]] === null;
      for (let k = from; !bare && k < from + MOST && cells[k] >= 0; k += 1) {
        const value = values[cells[k]];
        if (value === null) continue;
        sum += shares[k] * value;
        whole += shares[k];
      }
      data[4 * at + 3] = bare ? 0 : 255;
      if (!bare) [data[4 * at], data[4 * at + 1], data[4 * at + 2]] = rgb(sum / whole);
    }
    this.coarse.getContext("2d").putImageData(this.pixels, 0, 0);
    const context = this._scaled(this.canvas);
    context.globalCompositeOperation = "copy";
    context.drawImage(this.coarse, -this.margin, -this.margin, this.columns * STEP, this.rows * STEP);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalCompositeOperation = "destination-in";
    context.drawImage(this.mask, 0, 0);
    const under = this._scaled(this.canvas);
    under.globalCompositeOperation = "destination-over";
    under.fillStyle = sole;
    under.fill(this.outline);
  }
}
