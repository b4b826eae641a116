// What the page knows. Events go in, the drawing reads from here; nothing in it touches the document.

import { median, ms } from "./format.js";

const LATEST = 10; // steps behind the numbers that are called "now"
const MOST_STEPS = 6000;
const SETTLED_MS = 5000;
const BOUT_END_MS = 120000; // without a step for so long, a bout has ended

export class State {
  constructor() {
    this.reset();
  }

  reset() {
    this.wearer = null;
    this.devices = {};
    this.links = {};
    this.heard = {}; // when the link of a side was last told of, by performance.now()
    this.bout = null;
    this.boutTime = null; // the same with all its digits, as notes need it
    this.notes = []; // that somebody began, ended or named a run, oldest first
    this.activity = "unknown";
    this.steps = [];
    this.blocks = [];
    this.verdicts = {};
    this.flags = new Map();
    this.normals = {};
    this.behind = 0;
    this.past = null; // where the filling in of history has come, ms
    this.skew = 0; // the server's clock minus this one's, ms
  }

  snapshot(data) {
    this.reset();
    this.wearer = data.wearer;
    this.skew = ms(data.time) - Date.now();
    this.devices = data.devices;
    for (const link of Object.values(data.links)) this.link(link, ms(data.time) - ms(link.time) < 10000);
    for (const step of data.steps) this.step(step);
    for (const block of data.blocks) this.block(block);
    for (const verdict of data.verdicts) this.verdict(verdict);
    for (const flag of data.flags) this.flag(flag);
    for (const note of data.notes) this.note(note);
  }

  /** The same moment and topic again corrects a note; an empty text takes it back. */
  note(note) {
    const others = this.notes.filter((known) => known.time !== note.time || known.topic !== note.topic);
    this.notes = [...others, note].sort((a, b) => (a.time < b.time ? -1 : 1));
  }

  link(link, current = true) {
    this.links[link.side] = link;
    if (current) this.heard[link.side] = performance.now();
  }

  /** A row of a later bout begins it: what was said of the one before belongs to that one. */
  _enter(bout) {
    const time = ms(bout);
    if (this.bout !== null && time <= this.bout) return time === this.bout;
    this.bout = time;
    this.boutTime = bout;
    this.steps = [];
    this.blocks = [];
    this.verdicts = {};
    this.flags.clear();
    this.normals = {};
    return true;
  }

  step(step) {
    if (!this._enter(step.bout)) return;
    if (["running", "walking"].includes(step.activity)) this.activity = step.activity;
    const last = this.steps.at(-1);
    if (last && this.steps.slice(-8).some((s) => s.time === step.time && s.side === step.side)) return; // told twice
    this.steps.push(step);
    if (this.steps.length > MOST_STEPS) this.steps.splice(0, MOST_STEPS / 10);
  }

  block(block) {
    if (!this._enter(block.bout)) return;
    this.blocks = this.blocks.filter((b) => b.time !== block.time).concat(block);
  }

  verdict(verdict) {
    if (!this._enter(verdict.time)) return;
    this.verdicts[verdict.topic] = verdict;
    this._learn(verdict);
  }

  flag(flag) {
    if (!this._enter(flag.bout)) return;
    this.flags.set(`${flag.topic} ${flag.measure}`, flag);
    this._learn(flag);
  }

  /** Keep the wearer's own normal band of a measure, which every verdict and flag on it tells. */
  _learn({ measure, normal_low: low, normal_high: high, bouts }) {
    if (low !== null && high !== null) this.normals[measure] = { low, high, bouts };
  }

  catchingUp({ time, behind_s: behind }) {
    this.behind = behind;
    this.past = ms(time);
    this.told = performance.now();
  }

  /** History that no longer moves has been filled in, though nothing live may follow it. */
  settle() {
    if (this.behind > 0 && performance.now() - this.told > SETTLED_MS) this.behind = 0;
  }

  /** The present, or while history is being filled in, where that has come. */
  now() {
    return this.behind > 0 ? this.past : Date.now() + this.skew;
  }

  get lastStep() {
    return this.steps.length ? ms(this.steps.at(-1).foot_off) : null;
  }

  get ended() {
    return this.lastStep !== null && this.now() - this.lastStep > BOUT_END_MS;
  }

  get elapsed() {
    if (this.bout === null || this.lastStep === null) return null;
    return (this.ended ? this.lastStep : Math.max(this.now(), this.lastStep)) - this.bout;
  }

  /** The median of a measure over the latest valid steps, of one side or both. */
  latest(measure, side = null) {
    const values = [];
    for (let i = this.steps.length - 1; i >= 0 && values.length < LATEST; i -= 1) {
      const step = this.steps[i];
      if (step.valid && (!side || step.side === side)) values.push(step[measure]);
    }
    return median(values);
  }

  of(side) {
    return this.steps.filter((step) => step.side === side);
  }

  /** The newest block that may be used for a statement. */
  get lastBlock() {
    return this.blocks.filter((block) => !block.void).at(-1) ?? null;
  }

  /** The wearer's own normal band of a measure, if some row of this bout has told it. */
  normal(measure) {
    return this.normals[measure] ?? null;
  }
}
