// How the feet are shown: cells or a map, the even scale or the stepped one. A browser remembers it.

import { drawLegend, even, stepped } from "./palette.js";

const KEY = "insole-look";
const $ = (selector) => document.querySelector(selector);

function remembered() {
  try {
    const { map = false, stepped: steps = false } = JSON.parse(localStorage.getItem(KEY)) ?? {};
    return { map: map === true, stepped: steps === true };
  } catch {
    return { map: false, stepped: false }; // a browser that keeps nothing
  }
}

/** Let the reader choose how the feet look. */
export class Choices {
  constructor(feet) {
    this.feet = feet;
    this.look = remembered();
    for (const name of ["map", "stepped"]) {
      const box = $(`#look-${name}`);
      box.checked = this.look[name];
      box.addEventListener("change", () => this._choose(name, box.checked));
    }
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.show());
    this.show();
  }

  _choose(name, on) {
    this.look[name] = on;
    try {
      localStorage.setItem(KEY, JSON.stringify(this.look));
    } catch {
      // it holds until the page is left
    }
    this.show();
  }

  /** Apply the choice to both feet, and say with which scale and from how many cells they are painted. */
  show() {
    for (const foot of this.feet) foot.setLook(this.look);
    const known = this.feet.filter((foot) => foot.device);
    const can = { map: known.some((foot) => foot.offers.map), stepped: known.length > 0 && known.every((foot) => foot.offers.stepped) };
    for (const [name, why] of [["map", "from 12 cells on"], ["stepped", "for pressure in kPa"]]) {
      $(`#look-${name}`).disabled = known.length > 0 && !can[name];
      $(`#look-${name}-why`).textContent = known.length > 0 && !can[name] ? ` (${why})` : "";
    }
    const { unit, max, label } = known[0]?.device.scale ?? { unit: "", max: 1, label: "pressure" };
    const scale = this.look.stepped && can.stepped ? stepped : even(max);
    drawLegend($("#legend"), scale);
    $("#legend-ticks").classList.toggle("steps", scale === stepped);
    $("#legend-ticks").replaceChildren(...(known.length ? scale.ticks : []).map((tick, i, all) =>
      Object.assign(document.createElement("span"), { textContent: i === all.length - 1 ? `${tick}+` : String(tick) })));
    const mapped = known.filter((foot) => foot.map).map((foot) => foot.cells.length);
    const how = mapped.length ? `, interpolated between ${[...new Set(mapped)].join(" and ")} cells` : "";
    $("#legend-label").textContent = known.length ? `${label}, ${unit}${how}` : "";
    $("#uncalibrated").hidden = unit !== "%";
  }
}
