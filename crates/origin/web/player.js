// The page's one entry: joins the stream list, the engine and what is shown, and decides which state the page is in.

import { wireCopying } from './player/clipboard.js';
import { Controls } from './player/controls.js';
import { segmentsOf, timeAt } from './player/dates.js';
import { Engine } from './player/engine.js';
import { choosing, streams, token } from './player/first.js';
import { showFeatures, showFigures } from './player/figures.js';
import { wireKeys } from './player/keys.js';
import { ListView } from './player/list.js';
import { Metrics } from './player/metrics.js';
import { NoticeView } from './player/notice.js';
import { absent, problemNotice, silence, undecodable, unreachable } from './player/problems.js';
import { chosenSettings } from './player/settings.js';
import { ShareView } from './player/share.js';
import { Streams } from './player/streams.js';
import { Timeline } from './player/timeline.js';
import { claims } from './player/token.js';
import { announce, attribute, element, text } from './shared/dom.js';
import { spokenSpan } from './shared/format.js';
import { Graph } from './shared/graph.js';

const TICK_MS = 250;
const SILENT_MS = 2_000;
const STUCK_MS = 10_000;
const BACK_OFF_MS = [500, 1_000, 2_000, 4_000, 8_000];
const STEP_S = 5;
const LIVE_WITHIN_S = 2;

const chosen = chosenSettings();
const video = element('video');
const metrics = new Metrics();
const engine = new Engine(video, metrics, streams);
const notice = new NoticeView({ onAction: act, onToken: useToken, onChange: () => controls.show() });
const controls = new Controls(video, chosen, {
  play, live: goLive, quality: (label, index) => engine.setQuality(label, index), sound: (index) => engine.setSound(index),
  delay: (delay) => engine.setDelay(delay), catchUp: (words) => (engine.catchUp = words),
});
const timeline = new Timeline(seekTo);
const list = new ListView(() => current && open());
const share = new ShareView(() => watchable()?.position);
const graphs = [
  new Graph(element('latency-graph'), {
    name: 'Latency', colour: 'accent', read: (s) => (Number.isFinite(s.latency) ? s.latency : s.edge), target: () => (metrics.current.following ? metrics.current.target : NaN),
  }),
  new Graph(element('buffer-graph'), { name: 'Buffer', colour: 'second', read: (s) => s.buffer }),
];
Object.assign(engine, { quality: chosen.quality, delay: chosen.delay, catchUp: chosen.catchUp });

/** @typedef {'loading'|'playing'|'ended'|'empty'|'absent'|'unreachable'|'problem'|'token'|'gesture'} State */
/** @type {State} */
let state = 'loading';
let current; // the stream that is played, or waited for
let following; // what has become of it while it is on screen: its recording, or live again
let moment; // of the address: where to begin
let openings = 0; // so that what is overtaken is given up
let resumeAt; // what is on screen, as a date, while the recording is open
let isRewound = false; // its recording is open instead of the live playlist
let recordedFrom = NaN; // the first date that can be gone back to
let attempts = 0;
let wasReachable;
let refusedToken;
let retry; // {at, timer, notice} while a retry is due
let wasSilent = false;

function setState(next) {
  state = next;
  element('token-button').hidden = !streams.tokenPlace || next === 'token';
  document.documentElement.dataset.state = next;
}

// ── opening ──

/** Opens the current stream: live, or at a date (seconds since 1970) where it is recorded. */
async function open(at) {
  if (following) {
    current = following;
    following = undefined;
    showShare();
  }
  cancelRetry();
  setState('loading');
  notice.show({ title: 'Connecting', text: `Opening ${current.name}`, busy: true });
  const [stream, opening] = [current, (openings += 1)];
  const startAt = at === undefined ? undefined : await placeOf(at);
  if (opening !== openings) return; // something else was chosen meanwhile
  isRewound = startAt !== undefined;
  resumeAt = isRewound ? at : undefined;
  engine.open({ url: streams.addressOf(stream, isRewound ? stream.dvr : stream.url), name: stream.name, startAt });
}

/** Follows the list and the address: opens, switches, waits. */
function follow() {
  const wanted = streams.wanted();
  const isSeen = current && ['playing', 'ended'].includes(state) && (!wanted || wanted === current.name);
  const found = streams.chosen(current?.name);
  const next = isSeen && found?.name !== current.name ? undefined : found; // nobody asked for another one
  list.show([...streams.list, ...streams.recordings], (next ?? current)?.name, Boolean(streams.tokenPlace));
  if (next && isAnother(next)) {
    following = next;
    if (state === 'ended') showEnd();
    return;
  }
  if (next) {
    const asked = Streams.moment();
    const isNew = next.name !== current?.name || next.url !== current?.url || asked !== moment;
    if (next.name !== current?.name) recordedFrom = NaN;
    moment = asked;
    current = next;
    following = undefined;
    showShare();
    const isFree = ['empty', 'absent', 'unreachable'].includes(state) || (state === 'token' && refusedToken !== token.value);
    const isBack = retry && wasReachable === false && streams.reachable;
    wasReachable = streams.reachable;
    if (isNew || isBack) attempts = 0;
    if (isNew || isFree || isBack) open(isNew ? moment : undefined);
    return;
  }
  wasReachable = streams.reachable;
  if (streams.reachable === false) {
    if (!current) {
      setState('unreachable');
      const words = unreachable();
      notice.show({ ...words, hint: `${words.hint} This page keeps trying.`, action: 'Try now' });
    }
    return; // whatever plays goes on: the list alone is missing
  }
  if (isSeen) return; // it left the list, and has still something to play, or its end to show
  engine.close();
  cancelRetry();
  openings += 1;
  current = undefined;
  following = undefined;
  showShare();
  const kind = refusal(wanted);
  if (kind === 'token' || kind === 'otherStream') {
    askForToken(kind, wanted);
  } else if (kind) {
    setState('unreachable');
    notice.show({ ...problemNotice(kind), hint: 'This page keeps trying.', action: 'Try now' });
  } else {
    setState(wanted ? 'absent' : 'empty');
    if (!wanted) element('publish').open = true;
    notice.show(absent(wanted, { others: streams.list.length + streams.recordings.length > 0 }));
  }
}

/**
 * Whether what is on screen has become something else under its name: of a stream that is over the recording is left, and what is
 * recorded may be live again. It is watched to its end, and the other only if asked for.
 */
function isAnother(next) {
  return next.name === current?.name && next.url !== current.url && ['playing', 'ended'].includes(state);
}

function showEnd() {
  setState('ended');
  const isRecording = current.state === 'recorded';
  const words = {
    title: isRecording ? 'The recording is over' : 'The stream has ended', text: isRecording || following ? '' : 'If it is published again, press play.',
  };
  if (following) words.action = following.state === 'recorded' ? 'Watch the recording' : 'Watch live';
  else words.action = isRecording ? 'Watch again' : 'Play again';
  notice.show(words);
}

/** Why there is nothing to see, where tokens are needed. */
function refusal(wanted) {
  if (!streams.tokenPlace) return undefined;
  if (streams.refusal) return { 401: 'token', 403: 'otherStream', 503: 'undecided' }[streams.refusal.status];
  if (state === 'token' && refusedToken === token.value) return 'token'; // nothing has changed
  const { until } = token.value ? claims(token.value) : { until: new Date(0) };
  // A good token whose stream is not live shows no stream either.
  return !wanted && !streams.list.length && (!until || until < new Date()) ? 'token' : undefined;
}

function askForToken(kind, name) {
  refusedToken = token.value;
  setState('token');
  notice.show(problemNotice(kind, { name, token: token.value }));
}

function useToken(value) {
  token.keep(value);
  refusedToken = undefined;
  streams.forgetRecordings();
  notice.show({ title: 'Connecting', text: 'Trying your token', busy: true });
  streams.poll();
}

function showShare() {
  share.show(current, current && {
    address: new URL(current.url, location.href).href, withToken: streams.addressOf(current), token: streams.tokenPlace && token.value,
  });
}

// ── where in the stream ──

/** As `Engine.range`, and as far back as the recording goes. */
function watchable() {
  const range = engine.range();
  if (!range?.live || !current?.dvr) return range;
  const now = (Date.now() + streams.clockOffset) / 1000;
  return {
    ...range,
    start: Math.min(range.start, Number.isNaN(recordedFrom) ? Infinity : recordedFrom),
    end: isRewound ? Math.max(range.end, now - LIVE_WITHIN_S) : range.end,
  };
}

/** Asks how far back the recording of the current stream goes. */
async function lookBack() {
  const stream = current;
  if (!stream?.dvr) return undefined;
  const recording = await segmentsOf(streams.addressOf(stream, stream.dvr)).catch(() => undefined);
  const first = recording?.fragments[0]?.programDateTime;
  if (current?.name === stream.name) recordedFrom = first ? first / 1000 : NaN;
  return first ? recording : undefined;
}

/** Where in the recording a date is; nowhere where nothing is recorded. */
async function placeOf(date) {
  const recording = await lookBack();
  return recording && timeAt(recording, date);
}

function seekTo(place) {
  const range = engine.range();
  if (!range) return;
  if (isRewound && range.live && place >= watchable().end - LIVE_WITHIN_S) goLive();
  else if (!isRewound && current.dvr && place < range.start) open(place);
  else engine.seek(place);
}

function step(by) {
  const range = watchable();
  if (!range) return;
  const place = Math.max(range.start, Math.min(range.end, range.position + by));
  seekTo(place);
  const behind = range.end - place;
  announce(!range.live ? `${spokenSpan(place - range.start)} of ${spokenSpan(range.end - range.start)}`
    : behind < LIVE_WITHIN_S ? 'Live' : `${spokenSpan(behind)} behind live`);
}

function goLive() {
  if (isRewound && engine.range()?.live !== false) open();
  else engine.goLive();
}

function play() {
  if (['problem', 'ended'].includes(state) && current) return void open(state === 'problem' ? resumeAt : undefined);
  const range = engine.range();
  if (range?.live && range.position < range.start) {
    // Paused for so long that the live playlist knows nothing of it any more.
    if (current.dvr && !isRewound) return void open(range.position);
    announce('What you paused at is no longer kept. Back to live.');
    return void goLive();
  }
  engine.play();
}

function act() {
  if (state === 'gesture') {
    notice.show();
    setState('loading');
    engine.play();
  } else if (current) open(state === 'ended' ? undefined : resumeAt);
  else streams.poll();
}

// ── what happens ──

engine.addEventListener('problem', ({ detail: { kind, detail } }) => {
  if (kind === 'gesture') {
    setState('gesture');
    notice.show(problemNotice(kind));
    return;
  }
  if (['token', 'otherStream'].includes(kind) && streams.tokenPlace) {
    askForToken(kind, current.name);
    return;
  }
  setState('problem');
  const facts = { detail, name: current?.name, codecs: undecodable(current?.renditions) };
  // Without tokens it is something in front of the origin that says no.
  const what = ['token', 'otherStream'].includes(kind) ? 'refused' : kind === 'media' && facts.codecs.length ? 'codec' : kind;
  const content = problemNotice(what, facts);
  if (!content.again) {
    notice.show(content);
    return;
  }
  const wait = BACK_OFF_MS[Math.min(attempts, BACK_OFF_MS.length - 1)];
  attempts += 1;
  scheduleRetry(wait, () => ({ ...(kind === 'network' && streams.reachable === false ? unreachable() : content), action: 'Try now' }));
});

function scheduleRetry(wait, words) {
  cancelRetry();
  retry = { at: performance.now() + wait, words };
  retry.timer = setTimeout(async () => {
    const due = retry;
    await streams.poll();
    if (retry === due && current) open(resumeAt);
  }, wait);
  showRetry();
}

function cancelRetry() {
  clearTimeout(retry?.timer);
  retry = undefined;
}

function showRetry() {
  const left = Math.max(0, Math.ceil((retry.at - performance.now()) / 1000));
  const words = retry.words();
  notice.show({ ...words, hint: [words.hint, left > 1 ? `Trying again in ${left} s.` : 'Trying again.'].filter(Boolean).join(' ') });
}

engine.addEventListener('frame', () => {
  attempts = 0;
  if (!isRewound) lookBack();
  if (state === 'gesture') return; // a still picture behind the button
  announce(`Playing ${current.name}`);
  setState('playing');
  notice.show();
});
engine.addEventListener('opened', () => {
  element('licence').hidden = engine.kind !== 'hls.js';
  text('engine', engine.kind === 'hls.js' ? `hls.js ${window.Hls.version}`
    : `Played by the browser’s own HLS${engine.instead ? ', because hls.js could not be loaded: expect more latency' : ''}`);
});
engine.addEventListener('tracks', () => {
  controls.showLevels(engine.levels(), { ...engine.level(), index: engine.hls?.loadLevel });
  controls.showSounds(engine.sounds());
});
engine.addEventListener('ended', () => {
  if (!current) return;
  showEnd();
  if (current.state === 'recorded') return;
  streams.forgetRecordings(); // there may be one now
  streams.poll();
});
video.addEventListener('playing', () => {
  if (Number.isNaN(metrics.firstFrameAt)) return;
  setState('playing');
  notice.show();
});

// ── what is shown, again and again ──

const WORDS = {
  loading: 'Connecting', ended: 'Ended', empty: 'No stream', absent: 'Waiting', gesture: 'Ready', unreachable: 'Unreachable', token: 'Token needed',
};
const TONES = { problem: 'bad', unreachable: 'bad', token: 'warn', absent: 'warn', empty: 'warn' };

function showStatus(values) {
  const headline = Number.isFinite(values.latency) ? values.latency : values.edge;
  const isBehind = !values.following && values.live;
  if (state !== 'playing') notice.status(TONES[state] ?? 'idle', WORDS[state] ?? (retry ? 'Interrupted' : 'Cannot play'));
  else if (video.paused) notice.status('idle', 'Paused');
  else if (!Number.isNaN(metrics.stalledSince)) notice.status('warn', 'Buffering');
  else if (!values.live) notice.status('idle', current?.state === 'recorded' || isRewound ? 'Recording' : 'Ending');
  else if (isBehind) notice.status('idle', `${Math.round(headline)} s behind live`);
  else notice.status('live', Number.isFinite(headline) ? `Live, ${headline.toFixed(1)} s` : 'Live');
  const isEdge = state === 'playing' && values.following && values.live && !video.paused && Number.isNaN(metrics.stalledSince) && !(values.edge - values.target > 1.5);
  attribute(element('live'), 'data-edge', String(isEdge));
  text('live-text', isEdge || state !== 'playing' ? 'Live' : 'Back to live');
  element('live').hidden = state !== 'loading' && !(state === 'playing' && values.live);
}

/** A picture that stands still needs words. The list knows whether the encoder is still there. */
function watchSilence() {
  const stalled = performance.now() - metrics.stalledSince;
  const isSilent = state === 'playing' && stalled > SILENT_MS;
  if (isSilent) {
    const now = streams.list.find(({ name }) => name === current?.name);
    const isLive = now?.renditions?.some((rendition) => rendition.state === 'live') ?? Boolean(now);
    const { live, following: follows } = metrics.current;
    if (streams.reachable === false) notice.show({ ...unreachable(), hint: 'It goes on here by itself.', busy: true });
    else notice.show(silence(isLive || !live || !follows, Math.round(stalled / 1000)));
    // Media arrives at the origin and still none here: begin anew.
    if (isLive && stalled > STUCK_MS) open(resumeAt);
  } else if (wasSilent && state === 'playing') notice.show();
  wasSilent = isSilent;
}

const calm = matchMedia('(prefers-reduced-motion: reduce)');
let ticks = 0;

function tick() {
  const values = engine.tick();
  if (isRewound) resumeAt = values.position ?? resumeAt;
  ticks += 1;
  const isHalf = ticks % 2 === 0; // figures change twice a second: often enough to be live, seldom enough to be read
  if (isHalf) watchSilence();
  if (document.hidden) return;
  if (isHalf) {
    const all = { ...metrics, ...values };
    showFigures(all, metrics.rates());
    showFeatures(all);
    showStatus(values);
    controls.showDelay(values);
    timeline.show(['playing', 'ended'].includes(state) ? watchable() : undefined);
    if (retry) showRetry();
  }
  if (ticks % (calm.matches ? 8 : 1) === 0) for (const graph of graphs) graph.draw(metrics.samples, performance.now());
}

wireCopying();
wireKeys({
  ' ': () => controls.playOrPause(), k: () => controls.playOrPause(), m: () => controls.toggleSound(), l: goLive,
  f: () => controls.toggleFullscreen(), p: () => controls.togglePictureInPicture(),
  arrowleft: () => step(-STEP_S), arrowright: () => step(STEP_S), arrowup: () => controls.louder(1), arrowdown: () => controls.louder(-1),
}, chosen.keys);
element('token-button').addEventListener('click', () => {
  engine.close();
  askForToken('exchange', current?.name);
  element('token').focus();
});
text('publish-command',
  `ffmpeg -re -i input.mp4 -c:v libx264 -preset veryfast -tune zerolatency \\\n` +
  `  -g 30 -c:a aac -f mp4 -movflags +cmaf+delay_moov -frag_duration 200000 \\\n` +
  `  -method PUT ${location.origin}/ingest/cam`);
streams.addEventListener('change', follow);
addEventListener('hashchange', () => (streams.tokenPlace ? streams.poll() : follow()));
engine.prepare(choosing);
if (streams.isKnown) follow(); // it was there before this page listened
setInterval(tick, TICK_MS);

/** For tests and for curious consoles. */
window.llhls = {
  get state() { return state; },
  get stream() { return current?.name; },
  get isRewound() { return isRewound; },
  get range() { return watchable(); },
  get metrics() { return metrics.snapshot(); },
  get hls() { return engine.hls; },
};
