// Begin, end and name a run: notes, as `insole note` takes them. What was said can be taken back.

import { clock, ms } from "./format.js";

const $ = (selector) => document.querySelector(selector);
const AHEAD_MS = 30 * 60000; // how long before its first step a run may be announced
const STAY_MS = 12000;
const SAID = { start: "Start noted", stop: "Stop noted", remark: "Name noted" };

export class Telling {
  constructor(state) {
    this.state = state;
    this.refused = "";
    $("#run-button").addEventListener("click", () => this._toggle());
    $("#name-button").addEventListener("click", () => this._ask());
    $("#name-form").addEventListener("submit", (event) => this._name(event));
    $("#name-cancel").addEventListener("click", () => $("#name-dialog").close());
    $("#said-undo").addEventListener("click", () => this._undo());
  }

  _last(topic) {
    return this.state.notes.filter((note) => note.topic === topic && note.text).at(-1) ?? null;
  }

  get stopped() {
    const stop = this._last("stop");
    return Boolean(stop) && this.state.bout !== null && ms(stop.time) >= this.state.bout;
  }

  get running() {
    return this.state.bout !== null && !this.state.ended && !this.stopped;
  }

  /** The start that was noted for a run whose first step has not come. */
  get announced() {
    const start = this._last("start");
    const after = Math.max(this.state.bout ?? 0, ms(this._last("stop")?.time ?? "1970-01-01T00:00:00.000"));
    return !this.running && start && ms(start.time) > after && this.state.now() - ms(start.time) < AHEAD_MS ? start : null;
  }

  /** The moment that a name is noted for: that of the run it belongs to. */
  get moment() {
    return this.announced?.time ?? this.state.boutTime;
  }

  get name() {
    const remark = this.state.notes.find((note) => note.topic === "remark" && note.time === this.moment && note.text);
    if (remark || !this.running) return remark?.text ?? "";
    const start = this.state.notes.filter((note) => note.topic === "start" && note.text && this.state.bout - ms(note.time) < AHEAD_MS).at(-1);
    return (start && this.state.notes.find((note) => note.topic === "remark" && note.time === start.time)?.text) || "";
  }

  show() {
    const { running, announced } = this;
    const words = running ? "Stop" : announced ? "Take back start" : "Start";
    if ($("#run-button .word").textContent !== words) $("#run-button .word").textContent = words;
    $("#run-button").dataset.does = running ? "stop" : announced ? "undo" : "start";
    const none = this.state.wearer === null || Boolean(this.refused);
    $("#run-button").disabled = none || this.busy === true;
    $("#name-button").disabled = none || !this.moment || this.busy === true;
    $("#name-button").title = this.moment ? "" : "a run has to begin first";
  }

  async _toggle() {
    const { announced, running } = this;
    if (announced) await this._tell({ topic: "start", time: announced.time, withdraw: true });
    else await this._tell({ topic: running ? "stop" : "start" });
  }

  _ask() {
    $("#name-input").value = this.name;
    $("#name-dialog").showModal();
    $("#name-input").select();
  }

  async _name(event) {
    event.preventDefault();
    const text = $("#name-input").value.trim();
    $("#name-dialog").close();
    if (text === this.name) return;
    await this._tell({ topic: "remark", time: this.moment, text: text || null, withdraw: !text });
  }

  async _undo() {
    const { topic, time, before } = this.done;
    await this._tell(before ? { topic, time, text: before } : { topic, time, withdraw: true });
  }

  /** Send a note and say what became of it. */
  async _tell(note) {
    this.busy = true;
    const before = note.topic === "remark" ? this.name : "";
    this._say("Sending …");
    this.show();
    const body = JSON.stringify({ wearer: this.state.wearer, ...note });
    const answer = await fetch("/api/notes", { method: "POST", headers: { "Content-Type": "application/json" }, body }).catch(() => null);
    const told = await answer?.json().catch(() => null);
    this.busy = false;
    if (answer?.ok) this._taken(told, note, before);
    else this._say(answer ? this._refusal(answer, told) : "Not noted: the service does not answer. Try again.", true);
    this.show();
  }

  _taken({ note, parting }, { withdraw }, before) {
    this.state.note(note);
    this.done = { ...note, before };
    const when = clock(ms(note.time), Date.now());
    const words = withdraw ? "Taken back" : note.topic === "remark" ? `${SAID.remark}: ${note.text}` : `${SAID[note.topic]}, ${when}`;
    this._say(parting ? `${words}; ${parting}` : words, false, !withdraw);
  }

  _refusal(answer, told) {
    const detail = typeof told?.detail === "string" ? told.detail : `the service answers ${answer.status}`;
    if (/may not be written/.test(detail)) this.refused = detail;
    return `Not noted: ${detail}`;
  }

  _say(text, failed = false, undo = false) {
    clearTimeout(this.hiding);
    $("#said").dataset.failed = failed;
    $("#said-text").textContent = text;
    $("#said-undo").hidden = !undo;
    $("#said").hidden = false;
    if (!failed) this.hiding = setTimeout(() => { $("#said").hidden = true; }, STAY_MS);
  }
}
