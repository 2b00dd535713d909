// The page's one entry: joins the stream list, the engine, the measurements and the view.

import { Engine } from './player/engine.js';
import { Graph } from './shared/graph.js';
import { Metrics } from './player/metrics.js';
import { Streams } from './player/streams.js';
import { View } from './player/view.js';

const TICK_MS = 250;
const SILENT_MS = 2_000;
const STUCK_MS = 10_000;
const BACK_OFF_MS = [500, 1_000, 2_000, 4_000, 8_000];

const video = document.getElementById('video');
const view = new View(video);
const metrics = new Metrics();
const streams = new Streams();
const engine = new Engine(video, metrics, streams);

let current; // the stream that is played, or waited for
let state = 'loading'; // loading, playing, ended, empty, absent, unreachable, problem, gesture
let attempts = 0;
let wasReachable;
let retry; // {at, timer} while a retry is due

const graphs = [
  new Graph(document.getElementById('latency-graph'), {
    name: 'Latency', colour: 'accent', read: (s) => (Number.isFinite(s.latency) ? s.latency : s.edge), target: () => metrics.current.target,
  }),
  new Graph(document.getElementById('buffer-graph'), { name: 'Buffer', colour: 'second', read: (s) => s.buffer }),
];

function open() {
  cancelRetry();
  setState('loading');
  view.notice({ title: 'Connecting', text: `Opening ${current.name}`, busy: true });
  engine.open(new URL(current.url, location.href).href);
}

/** Follows the list and the address: opens, switches, waits. */
function follow() {
  const chosen = streams.chosen();
  view.streams(streams.list, chosen ?? current);
  if (chosen) {
    const isNew = chosen.name !== current?.name || chosen.url !== current?.url;
    current = chosen;
    view.address(current);
    const waiting = ['empty', 'absent', 'unreachable'].includes(state);
    const isBack = retry && wasReachable === false && streams.reachable;
    wasReachable = streams.reachable;
    if (isNew || isBack) attempts = 0;
    if (isNew || waiting || isBack) open();
    return;
  }
  wasReachable = streams.reachable;
  if (streams.reachable === false) {
    if (!current) {
      setState('unreachable');
      view.notice({ ...UNREACHABLE, hint: `${UNREACHABLE.hint} This page keeps trying.`, action: 'Try now' });
    }
    return; // whatever plays goes on: the list alone is missing
  }
  if (current && !streams.wanted() && state === 'playing') return; // left the list, still has something to play
  engine.close();
  cancelRetry();
  current = undefined;
  view.address(undefined);
  const wanted = streams.wanted();
  setState(wanted ? 'absent' : 'empty');
  if (!wanted) document.getElementById('publish').open = true;
  view.notice(wanted
    ? { title: `“${wanted}” is not live`, text: 'It starts here by itself as soon as it is published.', hint: streams.list.length ? 'Other streams are in the list below.' : '', busy: true }
    : { title: 'No stream is live', text: 'One starts here by itself as soon as it is published.', hint: 'How to publish one with ffmpeg is shown below.', busy: true });
}

function setState(next) {
  state = next;
  document.documentElement.dataset.state = next;
}

const UNREACHABLE = {
  title: 'The origin does not answer', text: `Nothing came back from ${location.host}.`,
  hint: 'Check that it is running and that this device can reach it.',
};
const PROBLEMS = {
  library: {
    title: 'The player library did not come', hint: 'The connection may be bad, or an extension of this browser blocks scripts.',
    text: 'hls.js could not be loaded from the origin.',
  },
  unsupported: { title: 'This browser cannot play HLS', text: 'It has neither Media Source Extensions nor HLS of its own.', hint: 'Open the stream address in another browser or in a media player.' },
  missing: { title: 'The stream is not there', text: 'The origin knows no playlist at this address, or not yet.', again: true },
  network: { title: 'The connection was interrupted', text: 'The origin stopped answering, or no new media arrives from the encoder.', again: true },
  media: { title: 'The stream cannot be decoded', text: 'This browser refused the media.', hint: 'Choose another quality, or publish H.264 with AAC.', again: true },
  gesture: { title: 'Ready', text: 'This browser starts video only when asked to.', action: 'Play' },
};

engine.addEventListener('problem', ({ detail: { kind, detail } }) => {
  const problem = PROBLEMS[kind];
  setState(kind === 'gesture' ? 'gesture' : 'problem');
  if (!problem.again) {
    view.notice({ ...problem, action: problem.action ?? (kind === 'library' ? 'Try again' : undefined) });
    return;
  }
  const wait = BACK_OFF_MS[Math.min(attempts, BACK_OFF_MS.length - 1)];
  attempts += 1;
  scheduleRetry(wait, () => {
    if (kind === 'network' && streams.reachable === false) return { ...UNREACHABLE, action: 'Try now' };
    return { ...problem, text: detail ? `${problem.text} (${detail})` : problem.text, action: 'Try now' };
  });
});

function scheduleRetry(wait, notice) {
  cancelRetry();
  retry = { at: performance.now() + wait, notice };
  retry.timer = setTimeout(async () => {
    const due = retry;
    await streams.poll();
    if (retry === due && current) open();
  }, wait);
  showRetry();
}

function cancelRetry() {
  clearTimeout(retry?.timer);
  retry = undefined;
}

function showRetry() {
  const left = Math.max(0, Math.ceil((retry.at - performance.now()) / 1000));
  const notice = retry.notice();
  view.notice({ ...notice, hint: [notice.hint, left > 1 ? `Trying again in ${left} s.` : 'Trying again.'].filter(Boolean).join(' ') });
}

view.onaction = () => {
  if (state === 'gesture') {
    view.notice();
    setState('loading');
    engine.play();
  } else if (current) open();
  else streams.poll();
};
view.onplay = () => {
  if (['problem', 'ended'].includes(state) && current) open();
  else if (metrics.current.edge > metrics.current.target + 3) engine.goLive(); // after a pause, live means now
  else engine.play();
};
view.onlive = () => engine.goLive();
view.onquality = (index) => engine.setQuality(index);
view.ondelay = (delay) => engine.setDelay(delay);

engine.addEventListener('frame', () => {
  attempts = 0;
  if (state === 'gesture') return; // a still picture behind the button
  setState('playing');
  view.notice();
});
engine.addEventListener('opened', () => view.engine(engineWords()));
engine.addEventListener('levels', showLevels);
engine.addEventListener('ended', () => {
  setState('ended');
  view.notice({ title: 'The stream has ended', text: 'If it is published again, press play.', action: 'Play again' });
});
video.addEventListener('playing', () => {
  if (Number.isNaN(metrics.firstFrameAt)) return;
  setState('playing');
  view.notice();
});

function showLevels() {
  const { hls } = engine;
  if (!hls) return;
  const current = hls.levels[hls.currentLevel];
  view.showLevels(engine.levels(), current?.height ? `${current.height}p` : '', hls.autoLevelEnabled);
}

function engineWords() {
  if (engine.kind === 'native') {
    return `Played by the browser’s own HLS${engine.source === 'missing' ? ', because hls.js could not be loaded: expect more latency' : ''}`;
  }
  return `hls.js ${window.Hls?.version}`;
}

function showStatus(values) {
  const headline = Number.isFinite(values.latency) ? values.latency : values.edge;
  if (state === 'playing') {
    if (video.paused) view.status('idle', 'Paused');
    else if (!Number.isNaN(metrics.stalledSince)) view.status('warn', 'Buffering');
    else view.status('live', Number.isFinite(headline) ? `Live, ${headline.toFixed(1)} s` : 'Live');
  } else {
    const words = { loading: 'Connecting', ended: 'Ended', empty: 'No stream', absent: 'Waiting', gesture: 'Ready', unreachable: 'Unreachable', problem: retry ? 'Interrupted' : 'Cannot play' };
    view.status(['problem', 'unreachable'].includes(state) ? 'bad' : state === 'absent' || state === 'empty' ? 'warn' : 'idle', words[state]);
  }
}

/** A picture that stands still needs words. The list knows whether the encoder is still there. */
function watchSilence() {
  const stalled = performance.now() - metrics.stalledSince;
  const isSilent = state === 'playing' && stalled > SILENT_MS;
  if (isSilent) {
    const now = streams.list.find(({ name }) => name === current?.name);
    const isLive = now?.renditions?.some((rendition) => rendition.state === 'live') ?? Boolean(now);
    view.notice({
      title: isLive ? 'Waiting for the stream' : 'The encoder is gone', busy: true,
      text: `No new media for ${Math.round(stalled / 1000)} s. It goes on here by itself${isLive ? '' : ' as soon as the encoder is back'}.`,
    });
    // Media arrives at the origin and still none here: begin anew.
    if (isLive && stalled > STUCK_MS) open();
  } else if (wasSilent && state === 'playing') view.notice();
  wasSilent = isSilent;
}

const calm = matchMedia('(prefers-reduced-motion: reduce)');
let ticks = 0;
let wasSilent = false;

function tick() {
  const values = engine.tick();
  ticks += 1;
  if (ticks % 2 === 0) watchSilence();
  if (document.hidden) return;
  // Figures change twice a second: often enough to be live, seldom enough to be read.
  if (ticks % 2 === 0) {
    view.figures({ ...metrics, ...values }, metrics.rates());
    view.features({ ...metrics, ...values });
    showStatus(values);
  }
  if (ticks % (calm.matches ? 8 : 1) === 0) for (const graph of graphs) graph.draw(metrics.samples, performance.now());
  if (retry && ticks % 2 === 0) showRetry();
}

streams.addEventListener('change', follow);
addEventListener('hashchange', follow);
view.publishing(
  `ffmpeg -re -i input.mp4 -c:v libx264 -preset veryfast -tune zerolatency \\\n` +
  `  -g 30 -c:a aac -f mp4 -movflags +cmaf+delay_moov -frag_duration 200000 \\\n` +
  `  -method PUT ${location.origin}/ingest/cam`);
streams.start();
engine.prepare().catch(() => {}); // load the library while the list is asked for
setInterval(tick, TICK_MS);

/** For tests and for curious consoles. */
window.llhls = {
  get state() { return state; },
  get stream() { return current?.name; },
  get source() { return engine.source; },
  get metrics() { return metrics.snapshot(); },
  get hls() { return engine.hls; },
};
