// One event stream that comes back: after a drop, after sleep, and when the network has changed without a word.

const SILENT_MS = 15000; // the service says something every 5 s; a connection without it is dead though it looks open
const HIDDEN_MS = 20000; // a page that nobody sees hears nothing: it costs the phone nothing, and begins anew when seen
const AGAIN_MS = 3000;

export class Listening {
  constructor(heard, lost) {
    this.heard = heard;
    this.lost = lost;
    this.source = null;
    this.last = 0;
    this.waits = false; // for a first insole: then nothing is said
    document.addEventListener("visibilitychange", () => (document.hidden ? this._hide() : this._see()));
    addEventListener("pageshow", (event) => event.persisted && this.again());
    addEventListener("online", () => document.hidden || this.again());
    setInterval(() => {
      if (this.source && !this.waits && !document.hidden && performance.now() - this.last > SILENT_MS) this.again();
    }, 2000);
  }

  /** Listen to a wearer, or without one to whoever is heard; the stream begins with a snapshot each time. */
  to(wearer) {
    this.wearer = wearer;
    this.source?.close();
    clearTimeout(this.retry);
    this.last = performance.now();
    const source = new EventSource(`/api/events${wearer ? `?wearer=${encodeURIComponent(wearer)}` : ""}`);
    this.source = source;
    for (const [name, take] of Object.entries({ beat: () => {}, ...this.heard })) {
      source.addEventListener(name, (event) => {
        this.last = performance.now();
        this.waits = name === "waiting";
        take(JSON.parse(event.data), name);
      });
    }
    source.onerror = () => {
      this.lost();
      if (source.readyState === EventSource.CLOSED) this.retry = setTimeout(() => this.source === source && this.again(), AGAIN_MS); // refused, not cut off
    };
  }

  again() {
    this.to(this.wearer);
  }

  _hide() {
    this.hidden = performance.now();
    this.leaving = setTimeout(() => { this.source?.close(); this.source = null; }, HIDDEN_MS);
  }

  _see() {
    clearTimeout(this.leaving);
    if (!this.source || performance.now() - this.hidden > HIDDEN_MS / 4) this.again(); // timers sleep with the phone
  }
}
