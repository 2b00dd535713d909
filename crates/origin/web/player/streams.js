// The lists of live streams and of recordings: asked for again and again, kept when the origin cannot be reached.

import { withToken } from './token.js';

const EVERY_MS = 4_000;
const RECORDINGS_EVERY_MS = 30_000;
const TIMEOUT_MS = 6_000;
const MOST_PAGES = 4; // of five hundred streams each: more than a page is good for

/** @typedef {{name: string, url: string, dvr?: string, state?: string, viewers?: number, renditions?: object[]}} Stream */

export class Streams extends EventTarget {
  /** @param {import('./token.js').TokenKeeper} token */
  constructor(token) {
    super();
    this.token = token;
    /** @type {Stream[]} */
    this.list = [];
    /** What is over and can be watched, as streams in the state `recorded`. @type {Stream[]} */
    this.recordings = [];
    this.recorded = []; // the same as it was answered
    this.recordingsAt = -Infinity;
    this.reachable = undefined; // not known before the first answer
    this.isKnown = false; // whether `change` was said already
    this.tokenPlace = undefined; // where tokens go; nowhere where none is needed
    this.refusal = undefined; // {name, status} of the stream that the address names and the list does not
    this.clockOffset = 0; // add to Date.now() to get the origin's clock
    this.bestRoundTrip = Infinity;
  }

  start() {
    this.poll();
    document.addEventListener('visibilitychange', () => document.hidden || this.poll());
    addEventListener('online', () => this.poll());
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
      const first = await this.json('/api/streams');
      this.readClock(first.now, before, Date.now());
      this.tokenPlace = first.token_place;
      this.list = (await this.pages('/api/streams', first, ({ streams }) => streams)).filter(isStream);
      this.reachable = true;
      const recordings = this.askForRecordings();
      // Nobody waits for them who wants something live.
      if (this.wanted() && !this.named(this.wanted())) await recordings;
      else recordings.then((isNew) => isNew && this.dispatchEvent(new Event('change')));
      await this.askForUnlisted();
    } catch {
      this.reachable = false;
    }
    this.isKnown = true;
    this.dispatchEvent(new Event('change'));
  }

  /** Recordings come and go slowly. What is live is no recording yet. Resolves to whether the list was asked for. */
  async askForRecordings() {
    const isDue = performance.now() - this.recordingsAt > RECORDINGS_EVERY_MS;
    if (isDue) {
      try {
        const first = await this.json('/api/recordings');
        this.recorded = (await this.pages('/api/recordings', first, ({ recordings }) => recordings)).filter(isStream);
        this.recordingsAt = performance.now();
      } catch {
        // What was known is good enough.
      }
    }
    const live = new Set(this.list.map(({ name }) => name));
    this.recordings = this.recorded.filter(({ name }) => !live.has(name)).map(({ name, url }) => ({ name, url, dvr: url, state: 'recorded' }));
    return isDue;
  }

  async pages(path, first, entries) {
    const all = [...(entries(first) ?? [])];
    let { next } = first;
    for (let page = 1; next && page < MOST_PAGES; page += 1) {
      const body = await this.json(`${path}?after=${encodeURIComponent(next)}`);
      all.push(...(entries(body) ?? []));
      ({ next } = body);
    }
    return all;
  }

  async json(path) {
    const headers = this.token.value ? { authorization: `Bearer ${this.token.value}` } : {};
    const answer = await fetch(path, { cache: 'no-store', headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer.json();
  }

  /** A stream that the list does not show: not live, or not for this viewer? Its playlist says. */
  async askForUnlisted() {
    const name = this.wanted();
    this.refusal = undefined;
    if (!this.tokenPlace || !name || this.named(name)) return;
    const stream = { name, url: `/live/${encodeURIComponent(name)}/index.m3u8` };
    const { status, ok } = await fetch(this.addressOf(stream), { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    // Whom a hook lets in, the list does not know.
    if (ok) this.list = [...this.list, stream];
    else this.refusal = { name, status };
  }

  /** The answer with the shortest round trip tells the origin's clock best. */
  readClock(now, before, after) {
    if (!Number.isFinite(now) || after - before >= this.bestRoundTrip) return;
    this.bestRoundTrip = after - before;
    const offset = now - (before + after) / 2;
    // Below what a round trip can tell, the viewer's clock is as good as the origin's.
    this.clockOffset = Math.abs(offset) <= this.bestRoundTrip ? 0 : offset;
  }

  /** The address that a player needs, this viewer's token in it. */
  addressOf(stream, url = stream.url) {
    return withToken(new URL(url, location.href).href, this.token.value, this.tokenPlace);
  }

  /** The stream the address names, or its recording; else the one that is on already, else the first that is live. */
  chosen(current) {
    const wanted = this.wanted();
    if (wanted) return this.named(wanted);
    return this.named(current) ?? this.list.find(({ state }) => state === 'live') ?? this.list[0];
  }

  /** Asks for recordings with the next list. */
  forgetRecordings() {
    this.recordingsAt = -Infinity;
  }

  /** @returns {Stream|undefined} */
  named(name) {
    return this.list.find((stream) => stream.name === name) ?? this.recordings.find((stream) => stream.name === name);
  }

  /** The name in `#/demo` or `?stream=demo`. */
  wanted() {
    const hash = location.hash.replace(/^#\/?/, '').split('?')[0];
    try {
      return decodeURIComponent(hash) || new URLSearchParams(location.search).get('stream') || undefined;
    } catch {
      return hash;
    }
  }

  /** The moment in `#/demo?at=2026-11-21T12:00:00Z`, in seconds since 1970; undefined without one. */
  static moment() {
    const at = Date.parse(new URLSearchParams(location.hash.split('?')[1] ?? '').get('at') ?? '');
    return Number.isNaN(at) ? undefined : at / 1000;
  }
}

const isStream = (it) => typeof it.name === 'string' && typeof it.url === 'string';

/** The address of this page for a stream; a moment and a token only where they are given. */
export function pageAddress(name, { at, token } = {}) {
  const address = new URL('/', location.href);
  if (token) address.searchParams.set('token', token);
  const moment = at === undefined ? '' : `?at=${new Date(Math.floor(at) * 1000).toISOString().replace('.000', '')}`;
  address.hash = `/${encodeURIComponent(name)}${moment}`;
  return address.href;
}
