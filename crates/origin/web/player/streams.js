// The list of live streams: asked for every few seconds, kept when the origin cannot be reached.

import { withToken } from './token.js';

const EVERY_MS = 4_000;
const TIMEOUT_MS = 6_000;

/** @typedef {{name: string, url: string, dvr?: string, state?: string, viewers?: number, renditions?: object[]}} Stream */

export class Streams extends EventTarget {
  /** @param {import('./token.js').TokenKeeper} token */
  constructor(token) {
    super();
    this.token = token;
    /** @type {Stream[]} */
    this.list = [];
    this.reachable = undefined; // not known before the first answer
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
      const answer = await this.fetch('/api/streams');
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const body = await answer.json();
      this.readClock(body.now, before, Date.now());
      this.list = (body.streams ?? []).filter((s) => typeof s.name === 'string' && typeof s.url === 'string');
      this.tokenPlace = body.token_place;
      this.reachable = true;
      await this.askForUnlisted();
    } catch {
      this.reachable = false;
    }
    this.dispatchEvent(new Event('change'));
  }

  fetch(path) {
    const headers = this.token.value ? { authorization: `Bearer ${this.token.value}` } : {};
    return fetch(path, { cache: 'no-store', headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  }

  /** A stream that the list does not show: not live, or not for this viewer? Its playlist says. */
  async askForUnlisted() {
    const name = this.wanted();
    this.refusal = undefined;
    if (!this.tokenPlace || !name || this.list.some((stream) => stream.name === name)) return;
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

  /** The stream the address names, else the first one. */
  chosen() {
    const wanted = this.wanted();
    return wanted ? this.list.find((s) => s.name === wanted) : this.list[0];
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

/** The address of this page for a stream; a moment and a token only where they are given. */
export function pageAddress(name, { at, token } = {}) {
  const address = new URL('/', location.href);
  if (token) address.searchParams.set('token', token);
  const moment = at === undefined ? '' : `?at=${new Date(Math.floor(at) * 1000).toISOString().replace('.000', '')}`;
  address.hash = `/${encodeURIComponent(name)}${moment}`;
  return address.href;
}
