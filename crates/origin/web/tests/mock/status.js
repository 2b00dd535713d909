// A stand-in for the origin's operators' listener: the status page as it is on disk, and the API in whatever state a test
// wants to see. The figures are made up; that the origin's own fit them is shown against the origin itself.

import { servePage } from './pages.js';

const EVERY = 2_000;
const KEPT = 300;

const SERVER = ['cpu', 'resident_bytes', 'media_bytes', 'connections', 'requests_per_second', 'failed_per_second',
  'sent_bits_per_second', 'received_bits_per_second', 'waiting', 'live', 'stalled', 'viewers'];
const STREAM = ['bits_per_second', 'viewers', 'age_seconds'];

/** A wave between 0 and 1, unlike for each `of`. */
const wave = (i, of) => 0.5 + 0.35 * Math.sin(i / 17 + of) + 0.15 * Math.sin(i / 3 + 2 * of);

/**
 * `state` may be changed while it runs: `streams` (`{name, state, viewers}`), `alarms`, `api` (status), `started`,
 * `count` (samples so far), `events`, `recording`, `next`.
 */
export async function startStatusMock(initial = {}) {
  const state = {
    api: 200, started: Date.now() - 93_784_000, count: 1_000, alarms: [], events: [], recording: undefined, next: undefined, port: 0,
    streams: [{ name: 'studio', state: 'live', viewers: 1_250 }, { name: 'stadium-north', state: 'live', viewers: 84 },
      { name: 'rehearsal', state: 'starting', viewers: 0 }, { name: 'archive', state: 'ended', viewers: 3 }],
    ...initial,
  };
  const answer = ({ pathname: path, searchParams }, send) => {
    const json = (body) => send(state.api, 'application/json', state.api === 200 ? JSON.stringify(body) : '{}');
    const since = Number(searchParams.get('since') ?? 0);
    if (path === '/api/server') return json(overview(state, since));
    if (path === '/api/streams') return json({ now: Date.now(), next: state.next, streams: state.streams.map((it, i) => stream(it, i, true)) });
    if (!path.startsWith('/api/streams/')) return false;
    const at = state.streams.findIndex(({ name }) => name === decodeURIComponent(path.slice(13)));
    if (at < 0) return send(404, 'text/plain', 'there is no such stream');
    const past = { history: history(STREAM, state.count, since, (i) => sampleOf(state.streams[at], at, i)), events: state.events };
    return json({ now: Date.now(), ...stream(state.streams[at], at, false), past });
  };
  const files = /^\/(status\/[a-z]+\.(js|css)|shared\/[a-z]+\.(js|css)|icon\.svg)$/;
  return { state, ...(await servePage({ port: state.port, at: '/status', page: 'status/status.html', files, answer })) };
}

function history(columns, count, since, row) {
  const first = Math.max(since, count - KEPT);
  const rows = since > count ? [] : Array.from({ length: Math.max(0, count - first) }, (_, i) => row(first + i));
  return { every: EVERY, columns, count, newest_at: Date.now(), rows };
}

const rate = ({ state }, at, i) => (state === 'ended' || state === 'stalled' ? 0 : 2.4e6 * (at + 1) * (0.8 + 0.2 * wave(i, at)));

function sampleOf(of, at, i) {
  return [rate(of, at, i), of.viewers * wave(i, at + 5), of.state === 'stalled' ? 14 : 0.1 + 0.3 * wave(i, at + 9)];
}

function overview({ started, count, alarms, recording, streams }, since) {
  const viewers = streams.reduce((sum, it) => sum + it.viewers, 0);
  const states = (name) => streams.filter(({ state }) => state === name).length;
  return {
    now: Date.now(), version: '0.1.0', started, process: { cpu_seconds: 512, resident_bytes: 412 * 2 ** 20 },
    memory: { media_bytes: 300 * 2 ** 20, media_limit_bytes: 4 * 2 ** 30, streams: streams.length, streams_limit: 256, renditions: 9, renditions_limit: 64 },
    connections: {
      open: 1_402, limit: 16_384, refused: { full: 0, address: 12, rtmp_full: 0 }, failed_tls_handshakes: 7, failed_accepts: 0,
      by_protocol: [{ protocol: 'http1', security: 'clear', open: 14, begun: 90 }, { protocol: 'http2', security: 'tls', open: 1_386, begun: 9_001 },
        { protocol: 'rtmp', security: 'clear', open: 2, begun: 3 }],
    },
    requests: { under_way: 2_780, waiting: 2_770, limit: 65_536, refused: 0 },
    network: { sent_bytes: 8.1 * 2 ** 40, received_bytes: 61 * 2 ** 30 },
    listeners: [{ address: '0.0.0.0:8080', tls: false }, { address: '0.0.0.0:8443', tls: true, certificate_ends: Date.now() + 61 * 86_400_000 }],
    recording, alarms, more_alarms: 0,
    history: history(SERVER, count, since, (i) => [0.2 + 0.5 * wave(i, 1), 412 * 2 ** 20, 3e8 + 2e7 * wave(i, 2), 1_100 + 400 * wave(i, 3), 5_200 + 900 * wave(i, 4),
      i % 90 === 0 ? 2 : 0, 3.4e9 * (0.7 + 0.3 * wave(i, 3)), 9e6, Math.round(2_700 * wave(i, 3)), states('live'), states('stalled'), Math.round(viewers * wave(i, 6))]),
  };
}

function stream(of, at, outline) {
  const { name, state, viewers } = of;
  const rendition = (more) => ({
    bandwidth: 3_100_000, average_bandwidth: 2_650_000, state, age: state === 'stalled' ? 14_200 : 120, capture_delay: 260, target_duration: 2_000,
    edge: { media_sequence: 880, segments: 15, last_part: [895, 4] }, publishing: state !== 'stalled', waiting: 412, held_bytes: 24 * 2 ** 20,
    parts: 8_950, bytes: 6e8, segments: 895, gap_parts: 0, discontinuities: 1, refused_parts: 0, publishers_lost: 1, publishers_resumed: 1, ...more,
  });
  const past = (value) => Array.from({ length: 30 }, (_, i) => value(i * 10));
  return {
    name, state, viewers, url: `/live/${name}/index.m3u8`, opened_at: Date.now() - 5_400_000 * (at + 1), state_since: Date.now() - 14_000,
    publishers: [{ way: at % 2 ? 'http' : 'rtmp', connections: 1 }],
    renditions: [rendition({ name: 'video', kind: 'video', codecs: 'avc1.64001f', resolution: '1280x720', frame_rate: 29.97 }),
      rendition({ name: 'audio', kind: 'audio', codecs: 'mp4a.40.2', channels: 2, language: 'en', bandwidth: 99_000, average_bandwidth: 97_000 })],
    ...(outline && { outline: { bits_per_second: past((i) => rate(of, at, i)), viewers: past((i) => sampleOf(of, at, i)[1]), age_seconds: past((i) => sampleOf(of, at, i)[2]) } }),
  };
}
