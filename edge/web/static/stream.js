// The stream of live values, and the certainty that it is still alive.

const LOST_AFTER_MS = 3000;
const RENEW_AFTER_MS = 10000;

export class Stream {
  #tell;
  #source = null;
  #begun = performance.now();
  #opened = 0;
  #heard = null;
  #now = 0;

  constructor(tell) {
    this.#tell = tell;
    setInterval(() => this.#look(), 500);
    document.addEventListener("visibilitychange", () => this.#look());
  }

  // The gateway's time, carried on by this browser's own stopwatch: its wall clock is not trusted.
  get now() {
    return this.#heard === null ? null : this.#now + performance.now() - this.#heard;
  }

  // Gateway time of the last message; null before the first.
  get heardAt() {
    return this.#heard === null ? null : this.#now;
  }

  get state() {
    if (this.#heard === null) {
      return performance.now() - this.#begun > LOST_AFTER_MS ? "lost" : "waiting";
    }
    return performance.now() - this.#heard > LOST_AFTER_MS ? "lost" : "live";
  }

  // Begin, or begin again: with everything, not only what changed.
  open() {
    this.#source?.close();
    this.#source = new EventSource("/api/stream");
    this.#opened = performance.now();
    this.#source.onmessage = (message) => {
      const told = JSON.parse(message.data);
      this.#heard = performance.now();
      this.#now = told.now_ms;
      this.#tell(told);
    };
  }

  #look() {
    if (this.#source === null) return;
    const since = Math.max(this.#opened, this.#heard ?? 0);
    const silent = performance.now() - since;
    // refused for good (too many pages) or half open: either way, a new one
    const refused = this.#source.readyState === EventSource.CLOSED && silent > 2000;
    if (refused || silent > RENEW_AFTER_MS) this.open();
  }
}
