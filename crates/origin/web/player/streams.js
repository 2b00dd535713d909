// The list of live streams: asked for every few seconds, kept when the origin cannot be reached.

const EVERY_MS = 4_000;
const TIMEOUT_MS = 6_000;

export class Streams extends EventTarget {
  constructor() {
    super();
    this.list = [];
    this.reachable = undefined; // not known before the first answer
    this.clockOffset = 0; // add to Date.now() to get the origin's clock
    this.bestRoundTrip = Infinity;
  }

  start() {
    this.poll();
    document.addEventListener('visibilitychange', () => document.hidden || this.poll());
  }

  /** Asks now; whoever asks while a question is open shares its answer. */
  poll() {
    clearTimeout(this.timer);
    this.open ??= this.ask().finally(() => {
      this.open = undefined;
      clearTimeout(this.timer);
      if (!document.hidden) this.timer = setTimeout(() => this.poll(), EVERY_MS);
    });
    return this.open;
  }

  async ask() {
    const before = Date.now();
    try {
      const answer = await fetch('/api/streams', { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const body = await answer.json();
      this.readClock(body.now, before, Date.now());
      this.list = (body.streams ?? []).filter((s) => typeof s.name === 'string' && typeof s.url === 'string');
      this.reachable = true;
    } catch {
      this.reachable = false;
    }
    this.dispatchEvent(new Event('change'));
  }

  /** The answer with the shortest round trip tells the origin's clock best. */
  readClock(now, before, after) {
    if (!Number.isFinite(now) || after - before >= this.bestRoundTrip) return;
    this.bestRoundTrip = after - before;
    const offset = now - (before + after) / 2;
    // Below what a round trip can tell, the viewer's clock is as good as the origin's.
    this.clockOffset = Math.abs(offset) <= this.bestRoundTrip ? 0 : offset;
  }

  /** The stream the address names, else the first one. */
  chosen() {
    const wanted = this.wanted();
    return wanted ? this.list.find((s) => s.name === wanted) : this.list[0];
  }

  /** The name in `#/demo` or `?stream=demo`. */
  wanted() {
    const hash = location.hash.replace(/^#\/?/, '');
    try {
      return decodeURIComponent(hash) || new URLSearchParams(location.search).get('stream') || undefined;
    } catch {
      return hash;
    }
  }
}
