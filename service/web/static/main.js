// The live page: one event stream in, two feet and a few numbers out.

import { bins, drawBalance, drawTrend } from "./charts.js";
import { Choices } from "./choices.js";
import { Foot } from "./feet.js";
import { about, bout, clock, duration, known, number } from "./format.js";
import { Listening } from "./listening.js";
import { State } from "./state.js";
import { Telling } from "./telling.js";

const SIDES = ["left", "right"];
const TEXT_MS = 250; // numbers change no more often than they can be read
const SPEAK_MS = 4000; // the feet as words, for those who hear the page
const LOSS_PCT = 5;
const LOW_PCT = 15;
const BOUTS_NEEDED = 3;
const SILENT_MS = 4000;
const NOTHING_SAID = { title: "No statement yet", observation: "It needs some minutes of steady running or walking.", context: "" };

const $ = (selector) => document.querySelector(selector);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const state = new State();
const feet = Object.fromEntries(SIDES.map((side) => [side, new Foot($(`.foot[data-side=${side}] .plate svg`), side, $(`.foot[data-side=${side}] .map`))]));
const choices = new Choices(Object.values(feet));
const telling = new Telling(state);
let connection = "connecting";
let painted = -Infinity;
let changed = true;

function say(target, text) {
  const element = typeof target === "string" ? $(target) : target;
  const kept = text.replaceAll(" %", "\u00a0%"); // a number and its sign stay on one line
  if (element.textContent !== kept) element.textContent = kept;
}

function showStatus() {
  state.settle();
  const live = performance.now() - painted < 2000;
  const [name, text] =
    connection === "lost" ? ["lost", "Reconnecting"]
    : connection === "waiting" ? ["waiting", "Waiting"]
    : connection === "connecting" ? ["waiting", "Connecting"]
    : state.behind > 0 ? ["past", `Filling in ${clock(state.past, Date.now())} · ${about(state.behind)} behind`]
    : live ? ["live", "Live"]
    : ["waiting", "No signal"];
  $("#status").dataset.state = name;
  say("#status", text);
  const waiting = $("#waiting");
  const found = Object.keys(state.devices);
  waiting.hidden = found.length > 0;
  say("#waiting-title", connection === "lost" ? "The service is not answering" : "Waiting for the first insole");
  say("#waiting-text", connection === "lost" ? "Trying again every second." :
    "Start “insole demo” for virtual ones, or “insole run” with your own; then put them on and press a heel.");
  for (const side of SIDES) $(`.foot[data-side=${side}] .alone`).hidden = found.length !== 1 || found[0] === side;
}

function showClock() {
  const { elapsed } = state;
  say("#elapsed", elapsed === null ? "–:––" : duration(elapsed));
  const kind = state.ended ? `Last ${bout(state.activity).toLowerCase()}` : bout(state.activity);
  say("#activity", telling.name || (telling.announced ? "Started" : elapsed === null ? "" : kind));
  telling.show();
}

function showVerdict(card) {
  const verdict = state.verdicts[card.dataset.topic];
  card.dataset.answer = verdict?.answer ?? "none";
  const { title, observation, context } = verdict?.message ?? NOTHING_SAID;
  const [headline, ...detail] = title.split(": ");
  say(card.querySelector(".headline"), headline);
  say(card.querySelector(".detail"), detail.join(": "));
  const numbered = detail.some((part) => /\d/.test(part));
  const evidence = numbered ? /\(([^()]*)\)/.exec(observation)?.[1] : null; // what the headline does not say
  say(card.querySelector(".evidence"), evidence ?? observation);
  card.querySelector(".evidence").title = context;
}

function finding(measure) {
  const block = state.lastBlock;
  if (!block || !known(block[measure])) return null;
  const stem = measure.replace(/_pct$/, "");
  const strides = Math.min(block.strides_left, block.strides_right);
  return { value: block[measure], low: block[`${stem}_low_pct`], high: block[`${stem}_high_pct`], strides };
}

function showBalance() {
  const verdict = state.verdicts.imbalance;
  const normals = ["contact_time_si_pct", "impulse_si_pct"].map((measure) => state.normal(measure));
  const uncalibrated = state.lastBlock?.unit === "raw";
  const few = Object.keys(state.devices).length === 1 ? "needs both feet" : "not enough strides yet";
  drawBalance($("#balance-contact"), finding("contact_time_si_pct"), normals[0], few);
  drawBalance($("#balance-impulse"), finding("impulse_si_pct"), normals[1],
    uncalibrated ? "needs calibrated insoles" : few);
  const any = normals.some(Boolean);
  $(".band-key").classList.toggle("learning", !any);
  const learning = verdict ? `learning your usual: ${Math.min(verdict.bouts, BOUTS_NEEDED)} of ${BOUTS_NEEDED} bouts` : "your usual is not known yet";
  say("#band-key", any ? "your usual" : learning);
}

function showNumbers() {
  say("#cadence", number(state.latest("cadence_spm")));
  for (const side of SIDES) {
    const contact = state.latest("contact_time_s", side);
    say(`#contact-${side}`, number(known(contact) ? contact * 1000 : null));
  }
}

function showTrends() {
  const trends = SIDES.map((side) => bins(state.of(side)));
  const normals = SIDES.map((side) => state.normal(`medial_lateral_${side}`));
  const sizes = [...trends.flat().map((bin) => bin.value), ...normals.filter(Boolean).flatMap((n) => [n.low, n.high])];
  const reach = sizes.some((value) => Math.abs(value) > 36) ? 80 : sizes.some((value) => Math.abs(value) > 18) ? 40 : 20;
  const end = state.ended || state.lastStep === null ? (state.lastStep ?? Date.now()) : state.now();
  SIDES.forEach((side, i) =>
    drawTrend($(`.trend figure[data-side=${side}]`), trends[i], { start: state.bout ?? end, end, reach, normal: normals[i] }));
}

function flagItem(flag) {
  const item = document.createElement("li");
  const { title, observation, context, uncertainty, option } = flag.message;
  item.className = flag.raised ? "raised" : "over";
  const line = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  item.append(line("h3", title), line("p", [observation, context].filter(Boolean).join(" ")));
  if (uncertainty) {
    const more = document.createElement("details");
    more.append(line("summary", "What may be behind it"), line("p", `${uncertainty} ${option}`.trim()));
    item.append(more);
  }
  return item;
}

function showFlags() {
  const flags = [...state.flags.values()].sort((a, b) => b.raised - a.raised || (a.time < b.time ? 1 : -1));
  const key = JSON.stringify(flags);
  if ($("#flags").dataset.key === key) return; // an opened explanation stays open
  $("#flags").dataset.key = key;
  $("#flags").replaceChildren(...flags.map(flagItem));
  $("#no-flags").hidden = flags.length > 0;
}

function light(figure, name, [lit, text]) {
  const told = figure.querySelector(`.${name}`);
  told.dataset.state = lit;
  say(told.querySelector(".word"), text);
}

function heard(side, link) {
  const silent = state.heard[side] === undefined || performance.now() - state.heard[side] > SILENT_MS;
  if (!link) return ["none", "not heard yet"];
  if (state.behind > 0) return ["none", "filling in the past"];
  return silent || !link.connected ? ["failing", "not heard"] : ["well", "connected"];
}

function showLink(side) {
  const link = state.links[side];
  const figure = $(`.foot[data-side=${side}]`);
  light(figure, "heard", heard(side, link));
  const lossy = known(link?.lost_pct) && link.lost_pct > LOSS_PCT;
  const lost = !known(link?.lost_pct) ? "loss –" : link.lost_pct > 0 ? `${number(link.lost_pct, link.lost_pct < 10 ? 1 : 0)} % lost` : "nothing lost";
  light(figure, "loss", [lossy ? "failing" : known(link?.lost_pct) ? "well" : "none", lost]);
  figure.querySelector(".link").title = link ? `last minute: ${link.received} samples received, ${link.lost} lost, ${link.reconnects} reconnects` : "";
  const clockWords = figure.querySelector(".clock");
  say(clockWords, link?.clock_words ? `${link.clock_words[0].toUpperCase()}${link.clock_words.slice(1)}.` : "");
  clockWords.hidden = !link?.clock_words;
  const level = link?.battery_pct;
  light(figure, "battery", known(level) ? [level < LOW_PCT ? "failing" : "well", `battery ${number(level)} %${level < LOW_PCT ? ", low" : ""}`] : ["none", "battery –"]);
  figure.querySelector(".battery .level").setAttribute("width", known(level) ? (11 * Math.min(100, level)) / 100 : 0);
}

function speak() {
  for (const side of SIDES) {
    const { device, svg } = feet[side];
    const contact = number(known(state.latest("contact_time_s", side)) ? state.latest("contact_time_s", side) * 1000 : null);
    const link = [...document.querySelectorAll(`.foot[data-side=${side}] .light .word`)].map((word) => word.textContent).join(", ");
    const words = device ? `${device.sensors.ml.length} cells, ${link}, ground contact ${contact} milliseconds` : "nothing heard yet";
    svg.setAttribute("aria-label", `${side === "left" ? "Left" : "Right"} foot: ${words}`);
  }
}

function setDevice(device) {
  state.devices[device.side] = device;
  feet[device.side].setDevice(device);
  choices.show();
}

function snapshot(data) {
  connection = "open";
  state.snapshot(data);
  for (const side of SIDES) feet[side].setDevice(null);
  Object.values(data.devices).forEach(setDevice);
  offer(data.wearer);
}

async function offer(current) {
  const answer = await fetch("/api/wearers").catch(() => null);
  if (!answer?.ok) return;
  const wearers = await answer.json();
  const select = $("#wearer");
  select.replaceChildren(...wearers.map(({ wearer }) => new Option(wearer, wearer, false, wearer === current)));
  select.parentElement.hidden = wearers.length < 2;
  for (const link of document.querySelectorAll(".nav a")) link.search = `?wearer=${encodeURIComponent(current)}`;
}

const HEARD = {
  waiting: () => { connection = "waiting"; },
  snapshot,
  device: setDevice,
  frame: (picture) => {
    painted = performance.now();
    feet[picture.side].hear(picture, painted);
  },
  catching_up: (data) => state.catchingUp(data),
  link: (data) => state.link(data),
  step: (data) => state.step(data),
  block: (data) => state.block(data),
  verdict: (data) => state.verdict(data),
  flag: (data) => state.flag(data),
  note: (data) => state.note(data),
};

const hears = (take) => (data, name) => {
  take(data);
  if (name !== "frame") changed = true;
};
const listening = new Listening(
  Object.fromEntries(Object.entries(HEARD).map(([name, take]) => [name, hears(take)])),
  () => { connection = "lost"; },
);

let texts = -Infinity;
let spoken = -Infinity;

function frame(now) {
  const smooth = !calm.matches;
  if (smooth || now - texts >= TEXT_MS) for (const side of SIDES) feet[side].draw(now, smooth);
  if (now - texts >= TEXT_MS) {
    texts = now;
    showStatus();
    showClock();
    SIDES.forEach(showLink);
    if (changed) {
      changed = false;
      document.querySelectorAll(".said[data-topic]").forEach(showVerdict);
      [showBalance, showNumbers, showTrends, showFlags].forEach((show) => show());
    }
  }
  if (now - spoken >= SPEAK_MS) {
    spoken = now;
    speak();
  }
  requestAnimationFrame(frame);
}

$("#wearer").parentElement.hidden = true;
$("#wearer").addEventListener("change", (event) => {
  const { value } = event.target;
  history.replaceState(null, "", `?wearer=${encodeURIComponent(value)}`);
  listening.to(value);
});
addEventListener("resize", () => { changed = true; });
listening.to(new URLSearchParams(location.search).get("wearer"));
requestAnimationFrame(frame);
