// What was measured, and nothing about how it is shown. `window.llhls.metrics` is a snapshot of it.

const RATE_SPAN_MS = 5_000;
const KEPT_SAMPLES = 800; // three minutes at four a second, and a little; a page left open stays small
const KEPT_ERRORS = 50;

export class Metrics {
  constructor() {
    this.reset();
  }

  reset() {
    this.startedAt = performance.now();
    this.firstFrameAt = NaN;
    this.movingAt = NaN;
    this.samples = [];
    this.errors = [];
    this.stalls = 0;
    this.stalledMs = 0;
    this.stalledSince = NaN;
    this.jumps = 0;
    this.partsLoaded = 0;
    this.segmentsLoaded = 0;
    this.reloads = 0;
    this.blockingReloads = 0;
    this.deltaRequests = 0;
    this.deltaUpdates = 0;
    this.renditionReports = 0;
    this.loads = []; // {at, bytes, part} of the main track, within RATE_SPAN_MS
    this.current = {};
  }

  /** Media arrived: one part or one whole segment of the track that is watched. */
  loaded({ bytes, isPart, counts }) {
    if (isPart) this.partsLoaded += 1;
    else this.segmentsLoaded += 1;
    this.loads.push({ at: performance.now(), bytes, part: isPart && counts });
  }

  /** A media playlist arrived; `asked` are the delivery directives it was asked with. */
  playlist({ asked, skipped, reports }) {
    this.reloads += 1;
    if (asked?.msn !== undefined) this.blockingReloads += 1;
    if (asked?.skip) this.deltaRequests += 1;
    if (skipped > 0) this.deltaUpdates += 1;
    this.renditionReports = reports;
  }

  stallBegins() {
    if (!Number.isNaN(this.stalledSince)) return;
    this.stalls += 1;
    this.stalledSince = performance.now();
  }

  stallEnds() {
    if (Number.isNaN(this.stalledSince)) return;
    this.stalledMs += performance.now() - this.stalledSince;
    this.stalledSince = NaN;
  }

  error(entry) {
    this.errors.push({ at: performance.now(), ...entry });
    if (this.errors.length > KEPT_ERRORS) this.errors.shift();
  }

  /** Parts a second and bits a second over the last five seconds. */
  rates() {
    const now = performance.now();
    while (this.loads.length && now - this.loads[0].at > RATE_SPAN_MS) this.loads.shift();
    const span = Math.min(RATE_SPAN_MS, now - this.startedAt) / 1000;
    const parts = this.loads.reduce((n, load) => n + (load.part ? 1 : 0), 0);
    const bytes = this.loads.reduce((n, load) => n + load.bytes, 0);
    return { partRate: parts / span, bitrate: (bytes * 8) / span };
  }

  sample(values) {
    this.current = values;
    if (!Number.isFinite(values.buffer) || Number.isNaN(this.firstFrameAt)) return;
    this.samples.push({ at: performance.now(), latency: values.latency, edge: values.edge, buffer: values.buffer });
    if (this.samples.length > KEPT_SAMPLES) this.samples.shift();
  }

  /** Plain data, for tests and for a curious console. */
  snapshot() {
    const { startedAt, firstFrameAt, movingAt, samples, errors, stalls, stalledMs, jumps, partsLoaded, segmentsLoaded, reloads,
      blockingReloads, deltaRequests, deltaUpdates, renditionReports, current } = this;
    return { startedAt, firstFrameAt, movingAt, samples: [...samples], errors: [...errors], stalls, stalledMs, jumps, partsLoaded,
      segmentsLoaded, reloads, blockingReloads, deltaRequests, deltaUpdates, renditionReports, ...current, ...this.rates() };
  }
}
