// What the server tells: asked for again and again while somebody looks. The server remembers ten
// minutes by itself, so a tab that was hidden misses nothing: it asks for what came since.

const TIMEOUT_MS = 6_000;

/** Asks `path()` every `everyMs` while the page is seen; `onanswer(body)`, `onfailure(status)`. */
export class Source {
  constructor({ path, everyMs, onanswer, onfailure = () => {} }) {
    Object.assign(this, { path, everyMs, onanswer, onfailure });
    document.addEventListener('visibilitychange', () => document.hidden || this.poll());
  }

  start() {
    this.running = true;
    this.poll();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
  }

  /** Asks now; whoever asks while a question is open shares its answer. */
  poll() {
    if (!this.running) return;
    clearTimeout(this.timer);
    this.open ??= this.ask().finally(() => {
      this.open = undefined;
      clearTimeout(this.timer);
      if (this.running && !document.hidden) this.timer = setTimeout(() => this.poll(), this.everyMs);
    });
  }

  async ask() {
    const path = this.path();
    try {
      const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
      // What was asked about may have changed meanwhile: then nobody wants this answer any more.
      if (!this.running || path !== this.path()) return;
      if (answer.ok) this.onanswer(await answer.json());
      else this.onfailure(answer.status);
    } catch {
      if (this.running) this.onfailure(0);
    }
  }
}

/** The rows of a `history` as samples, kept for as long as a graph is wide. */
export class Past {
  constructor(minutes = 10) {
    this.keptMs = minutes * 60_000;
    this.reset();
  }

  reset() {
    this.count = 0;
    this.samples = [];
  }

  /** Takes what came since the last time. Another life of the server counts from one again: then all is asked for anew. */
  take({ every, columns, count, newest_at: newest, rows }) {
    if (count < this.count) {
      this.reset();
      return;
    }
    this.count = count;
    rows.forEach((row, i) => {
      const sample = { at: newest - (rows.length - 1 - i) * every };
      columns.forEach((name, column) => (sample[name] = row[column]));
      this.samples.push(sample);
    });
    while (this.samples.length && newest - this.samples[0].at > this.keptMs) this.samples.shift();
    this.newest = newest;
  }

  get last() {
    return this.samples.at(-1);
  }
}
