// What "it plays with low latency" means, once for every source: the demo and an encoder are held to the same figures.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { untilState } from './browser.js';

const FIRST_FRAME_MS = 2_000;
const MEDIAN_LATENCY_S = 1.5;
const PART_MS = 200;

/**
 * Keeps every playlist that `page` is served, and the requests for them. Written to $PLAYLIST_DUMP (one file a body, named by
 * order and stream) when that is set, for a checker to judge afterwards.
 */
export function recordPlaylists(page, label) {
  const playlists = [];
  const pending = new Set();
  page.on('response', (response) => {
    if (!new URL(response.url()).pathname.endsWith('.m3u8')) return;
    const entry = { url: response.url(), status: response.status(), headers: response.headers(), body: '' };
    playlists.push(entry);
    // A body may be gone when the page closed meanwhile: then it was not served to the end either.
    const body = response.text().then((text) => (entry.body = text), () => {}).finally(() => pending.delete(body));
    pending.add(body);
  });
  return {
    playlists,
    async finish() {
      await Promise.all(pending);
      const folder = process.env.PLAYLIST_DUMP;
      if (!folder) return;
      await mkdir(folder, { recursive: true });
      await Promise.all(playlists.filter((p) => p.status === 200 && p.body).map(({ url, body }, i) => {
        const name = new URL(url).pathname.split('/').slice(-2).join('-').replace(/[^\w.-]/g, '_');
        return writeFile(join(folder, `${label}-${String(i).padStart(4, '0')}-${name}`), body);
      }));
    },
  };
}

/** Opens `url`, watches for `seconds` after the first frame, and returns `{metrics, figures, playlists}`. */
export async function watch(page, url, { seconds, label }) {
  const recorder = recordPlaylists(page, label);
  await page.goto(url);
  await untilState(page, 'playing', 15_000);
  // The playing time itself is what is measured here; nothing else in these tests waits for a clock.
  await page.waitForFunction((span) => {
    const { state, metrics } = window.llhls;
    return state !== 'playing' || performance.now() - metrics.firstFrameAt >= span;
  }, seconds * 1_000, { timeout: (seconds + 15) * 1_000, polling: 250 });
  const { metrics, ready, state } = await page.evaluate(() => {
    const { domContentLoadedEventEnd } = performance.getEntriesByType('navigation')[0];
    return { metrics: window.llhls.metrics, ready: domContentLoadedEventEnd, state: window.llhls.state };
  });
  const latencies = metrics.samples.map((s) => s.latency).filter(Number.isFinite);
  const edges = metrics.samples.map((s) => s.edge).filter(Number.isFinite);
  const buffers = metrics.samples.map((s) => s.buffer);
  const round = (value) => Math.round(value * 1000) / 1000;
  const figures = {
    firstFrameMs: Math.round(metrics.firstFrameAt - ready),
    fromNavigationMs: Math.round(metrics.firstFrameAt),
    movingMs: Math.round(metrics.movingAt - ready),
    medianLatencyS: round(quantile(latencies, 0.5)),
    p95LatencyS: round(quantile(latencies, 0.95)),
    lastLatencyS: round(latencies.at(-1)),
    medianEdgeS: round(quantile(edges, 0.5)),
    targetS: round(metrics.target),
    leastBufferS: round(Math.min(...buffers)),
    stalls: metrics.stalls,
    stalledMs: Math.round(metrics.stalledMs),
    dropped: `${metrics.droppedFrames}/${metrics.totalFrames}`,
    partRate: round(metrics.partRate),
    blockingReloads: metrics.blockingReloads,
    deltaUpdates: metrics.deltaUpdates,
  };
  return { metrics, figures, state, recorder, playlists: recorder.playlists };
}

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

/** Every promise at once, so that one failing run shows all that is wrong with it. */
export function assertPlayedWell({ metrics, figures, state, playlists }, page) {
  const wrong = [];
  const want = (holds, words) => holds || wrong.push(words);
  want(state === 'playing', `the page is “${state}”, not playing`);
  want(figures.firstFrameMs <= FIRST_FRAME_MS, `first frame after ${figures.firstFrameMs} ms`);
  want(figures.medianLatencyS <= MEDIAN_LATENCY_S, `median latency ${figures.medianLatencyS} s`);
  want(figures.medianLatencyS > 0, `a latency of ${figures.medianLatencyS} s is no latency: the capture times are wrong`);
  want(metrics.stalls === 0, `${metrics.stalls} stalls, ${figures.stalledMs} ms`);
  want(metrics.jumps === 0, `${metrics.jumps} jumps to the live edge`);
  const errors = metrics.errors.filter((error) => !isStart(error, metrics));
  want(errors.length === 0, `hls.js errors: ${JSON.stringify(errors)}`);
  want(page.complaints.length === 0, `complaints: ${page.complaints.join('\n')}`);
  want(metrics.totalFrames > 0 && metrics.droppedFrames < metrics.totalFrames / 4, `dropped ${figures.dropped} frames`);
  want(Math.abs(metrics.partRate - 1000 / PART_MS) < 1.2, `${metrics.partRate} parts a second`);
  want(metrics.segmentsLoaded <= metrics.partsLoaded / 4, `${metrics.segmentsLoaded} whole segments, ${metrics.partsLoaded} parts`);

  const media = playlists.filter((p) => p.body.includes('#EXTINF') || p.body.includes('#EXT-X-PART:'));
  const query = (p) => new URL(p.url).searchParams;
  const blocking = media.filter((p) => query(p).has('_HLS_msn') && query(p).has('_HLS_part'));
  const deltas = media.filter((p) => p.body.includes('#EXT-X-SKIP:'));
  want(blocking.length > 10, `${blocking.length} blocking reloads on the network`);
  want(deltas.length > 10, `${deltas.length} delta updates on the network`);
  want(deltas.every((p) => query(p).has('_HLS_skip')), 'a delta update nobody asked for');
  want(metrics.deltaUpdates === 0 || metrics.deltaRequests > 0, 'delta updates without requests');
  want(blocking.every(holdsWhatWasAsked), `answered before the part was there: ${blocking.find((p) => !holdsWhatWasAsked(p))?.url}`);
  const withoutHint = media.filter((p) => !/^#EXT-X-PRELOAD-HINT:TYPE=PART,URI="[^"]+"/m.test(p.body));
  want(withoutHint.length === 0, `no preload hint in ${withoutHint[0]?.url}`);
  const renditions = new Set(media.map((p) => new URL(p.url).pathname)).size;
  if (renditions > 1) {
    const bare = media.filter((p) => !p.body.includes('#EXT-X-RENDITION-REPORT:'));
    want(bare.length === 0, `no rendition report in ${bare[0]?.url}`);
  }
  assert.deepEqual(wrong, [], `${JSON.stringify(figures, null, 1)}`);
}

/** hls.js begins at 0. When its first part is in before it has gone to the live edge by itself, it calls the empty time before
 * that part a hole, and steps over it: another way to start, with nothing lost. */
function isStart({ details, at }, { firstFrameAt }) {
  return details === 'bufferSeekOverHole' && at <= firstFrameAt;
}

/** LL-03 of the client's side: the body names the part (or a later one) that `_HLS_msn` and `_HLS_part` asked for. */
function holdsWhatWasAsked({ url, body }) {
  const asked = new URL(url).searchParams;
  const [msn, part] = [Number(asked.get('_HLS_msn')), Number(asked.get('_HLS_part'))];
  if (body.includes('#EXT-X-ENDLIST')) return true;
  let at = Number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)/m.exec(body)?.[1] ?? 0) + Number(/SKIPPED-SEGMENTS=(\d+)/.exec(body)?.[1] ?? 0);
  let parts = 0;
  for (const line of body.split('\n')) {
    if (line.startsWith('#EXT-X-PART:')) parts += 1;
    else if (line && !line.startsWith('#')) [at, parts] = [at + 1, 0];
  }
  return at > msn || (at === msn && parts > part);
}

export { PART_MS };
