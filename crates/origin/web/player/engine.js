// Plays one stream, live, rewound or recorded: by hls.js, or by the browser's own HLS.

import { dateAt, timeAt } from './dates.js';
import { watchEnd } from './ending.js';
import { choosePlayer } from './library.js';
import { beginWithFirstPart, promptSound } from './start.js';
import { Steering } from './steering.js';

const RECOVERIES = 3;
const TIMESHIFT_S = 1.5; // a pause that leaves the viewer further behind than this was meant
const UNDECODABLE = ['manifestIncompatibleCodecsError', 'bufferAddCodecError', 'bufferIncompatibleCodecsError'];

const LOW_LATENCY = {
  lowLatencyMode: true,
  // The catch-up of hls.js needs more than a second of buffer, which a stream of 200 ms parts never holds. `Steering` does it.
  maxLiveSyncPlaybackRate: 1,
  liveSyncOnStallIncrease: 0.25,
  // Fragmented MP4 is passed through almost untouched: compiling the library again in a worker costs more than it saves.
  enableWorker: false,
  // Start at once with a fair guess instead of loading a fragment to measure the line first.
  testBandwidth: false,
  abrEwmaDefaultEstimate: 3_000_000,
  startFragPrefetch: true,
  maxBufferLength: 12,
  // What was played is left to the browser to throw out. When hls.js 1.7 does it while parts of the newest segment are being appended,
  // it can forget that segment, wait for one that it has, and stall until the next is complete: seen at 20 s, the first time it flushed.
  backBufferLength: Infinity,
};

/** What became of a request, as a kind of problem. */
const KINDS = { 401: 'token', 403: 'otherStream', 404: 'missing', 410: 'gone', 503: 'busy' };

/**
 * Events: `opened`, `tracks` (renditions or audio tracks are known, or others are played), `frame` (the first one is on screen), `ended`,
 * `muted` (the browser plays without sound only), `problem` with `{kind, detail}`; the kinds are those of `problems.js`.
 */
export class Engine extends EventTarget {
  constructor(video, metrics, streams) {
    super();
    Object.assign(this, { video, metrics, streams, kind: undefined, instead: false, delay: 'auto', quality: 'auto', following: true });
    this.steering = new Steering(video, () => {
      metrics.jumps += 1;
      this.goLive();
    });
    video.addEventListener('waiting', () => this.mayStall());
    for (const event of ['playing', 'timeupdate', 'seeking', 'emptied', 'pause']) {
      video.addEventListener(event, () => (event !== 'timeupdate' || video.readyState > 2) && metrics.stallEnds());
    }
    video.addEventListener('timeupdate', () => this.mayMove());
    video.addEventListener('ended', () => this.emit('ended'));
    video.addEventListener('error', () => this.kind === 'native' && this.nativeError());
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /**
   * Finds out once what plays here; asking again after a failure tries again.
   * @param {ReturnType<typeof choosePlayer>} [choosing] where that has begun already
   */
  prepare(choosing) {
    this.preparing ??= (choosing ?? choosePlayer(this.video)).then(({ kind, problem, instead }) => {
      Object.assign(this, { kind, instead });
      if (!kind) this.preparing = undefined;
      if (problem) this.emit('problem', { kind: problem });
      return kind;
    });
    return this.preparing;
  }

  /** @param {{url: string, name: string, startAt?: number}} what `startAt`: seconds into the playlist, else live or the beginning */
  async open({ url, name, startAt }) {
    const kind = await this.prepare();
    if (!kind) return;
    this.close();
    this.metrics.reset();
    Object.assign(this, { recoveries: 0, firstFrameTime: NaN, following: startAt === undefined });
    const shown = () => {
      if (Number.isNaN(this.metrics.firstFrameAt)) {
        this.metrics.firstFrameAt = performance.now();
        this.firstFrameTime = this.video.currentTime;
        this.emit('frame');
      }
    };
    if (this.video.requestVideoFrameCallback) this.frameCallback = this.video.requestVideoFrameCallback(shown);
    else this.video.addEventListener('playing', shown, { once: true });
    if (kind === 'hls.js') this.openHls({ url, name, startAt });
    else {
      this.video.src = startAt === undefined ? url : `${url}#t=${startAt}`;
      this.play();
    }
    this.emit('opened');
  }

  openHls({ url, name, startAt = -1 }) {
    const { Hls } = window;
    this.session ??= crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join('-');
    // In headers, so that no URL differs between viewers and caches stay whole; who watches for how long is counted by the session.
    const hls = (this.hls = new Hls({
      ...LOW_LATENCY, ...promptSound(Hls), startPosition: startAt, cmcd: { sessionId: this.session, contentId: name, useHeaders: true },
    }));
    const on = (event, handler) => hls.on(event, (_, data) => this.hls === hls && handler(data));
    on(Hls.Events.MEDIA_ATTACHED, () => this.play()); // attaching resets the element: what was asked before is forgotten
    on(Hls.Events.MANIFEST_PARSED, () => {
      this.chooseQuality();
      this.emit('tracks');
    });
    for (const event of [Hls.Events.LEVEL_SWITCHED, Hls.Events.AUDIO_TRACKS_UPDATED, Hls.Events.AUDIO_TRACK_SWITCHED]) on(event, () => this.emit('tracks'));
    for (const event of [Hls.Events.LEVEL_LOADED, Hls.Events.AUDIO_TRACK_LOADED]) on(event, (data) => this.playlistLoaded(data));
    on(Hls.Events.FRAG_LOADED, ({ frag, part }) =>
      frag.sn !== 'initSegment' &&
      this.metrics.loaded({ bytes: (part ?? frag).stats.loaded, isPart: Boolean(part), counts: frag.type === 'main' }));
    on(Hls.Events.ERROR, (data) => this.hlsError(data));
    watchEnd(hls, Hls);
    beginWithFirstPart(hls, Hls, this.video);
    hls.loadSource(url);
    hls.attachMedia(this.video);
  }

  playlistLoaded({ details, deliveryDirectives }) {
    this.metrics.playlist({
      asked: deliveryDirectives,
      skipped: details.skippedSegments,
      reports: details.renditionReports?.length ?? 0,
    });
    if (this.delay !== 'auto' && this.hls && this.hls.config.liveSyncDuration === undefined) this.hls.targetLatency = this.delay;
  }

  hlsError({ type, details, fatal, response, error }) {
    this.metrics.error({ type, details, fatal, status: response?.code, message: error?.message });
    if (!fatal) return;
    const status = response?.code;
    const isCodec = UNDECODABLE.includes(details);
    if (type === window.Hls.ErrorTypes.MEDIA_ERROR && !isCodec && this.recoveries < RECOVERIES) {
      this.recoveries += 1;
      this.hls.recoverMediaError();
      this.play();
      return;
    }
    this.close();
    const isNetwork = type === window.Hls.ErrorTypes.NETWORK_ERROR;
    const kind = isCodec ? 'codec' : !isNetwork ? 'media' : (KINDS[status] ?? (status >= 400 ? 'server' : 'network'));
    this.emit('problem', { kind, detail: status ? `${details}, status ${status}` : details });
  }

  nativeError() {
    const { code, message = '' } = this.video.error ?? {};
    this.metrics.error({ type: 'native', details: message, fatal: true, status: code });
    this.close();
    this.emit('problem', { kind: code === 2 ? 'network' : code === 4 ? 'missing' : 'media', detail: `media error ${code}` });
  }

  close() {
    if (this.frameCallback !== undefined) this.video.cancelVideoFrameCallback(this.frameCallback);
    this.frameCallback = undefined;
    this.hls?.destroy();
    this.hls = undefined;
    if (this.kind === 'native' && this.video.hasAttribute('src')) {
      this.video.removeAttribute('src');
      this.video.load();
    }
    this.steering.rest();
  }

  /** Plays; without sound where the browser allows only that. After a pause it goes on where it was. */
  async play() {
    const { video } = this;
    if (video.paused && this.late() > TIMESHIFT_S) this.following = false;
    try {
      await video.play();
    } catch (error) {
      if (error.name !== 'NotAllowedError') return;
      if (video.muted) return void this.emit('problem', { kind: 'gesture' });
      video.muted = true;
      this.emit('muted');
      await this.play();
    }
  }

  /** Until the picture moves, browsers say `waiting` and `playing` by turns: that is the start, not a stall. */
  mayMove() {
    const { video, metrics } = this;
    if (Number.isNaN(metrics.movingAt) && video.currentTime > this.firstFrameTime + 0.1) metrics.movingAt = performance.now();
  }

  mayStall() {
    const { video, metrics } = this;
    if (Number.isNaN(metrics.movingAt) || video.seeking || video.paused || video.ended) return;
    metrics.stallBegins();
  }

  // ── choices ──

  /** Renditions, best first: `{index, label, bitrate}`. Of equal heights the bit rate tells. */
  levels() {
    return (this.hls?.levels ?? [])
      .map(({ height, bitrate, name }, index) => ({ index, bitrate, label: height ? `${height}p` : name || 'Sound only' }))
      .sort((a, b) => b.bitrate - a.bitrate);
  }

  /** What is shown now, and whether that was chosen here. */
  level() {
    const { hls } = this;
    const height = hls?.levels?.[hls.currentLevel]?.height;
    return { label: height ? `${height}p` : '', isAuto: hls?.autoLevelEnabled ?? true };
  }

  /** @param {string} quality `auto`, or a rendition's label, which means the same in the next stream. */
  setQuality(quality, index) {
    this.quality = quality;
    if (this.hls) this.hls.nextLevel = quality === 'auto' ? -1 : (index ?? this.levels().find(({ label }) => label === quality)?.index ?? -1);
  }

  chooseQuality() {
    const level = this.quality === 'auto' ? undefined : this.levels().find(({ label }) => label === this.quality);
    if (level) Object.assign(this.hls, { startLevel: level.index, nextLevel: level.index });
  }

  /** Audio tracks: `{index, name, language}`, and which one plays. */
  sounds() {
    const tracks = (this.hls?.audioTracks ?? []).map(({ name, lang }, index) => ({ index, name, language: lang }));
    return { tracks, current: this.hls?.audioTrack ?? -1 };
  }

  setSound(index) {
    if (this.hls) this.hls.audioTrack = index;
  }

  /** `auto` follows the playlist's PART-HOLD-BACK; a number is seconds behind the edge. */
  setDelay(delay) {
    this.delay = delay;
    if (!this.hls?.latestLevelDetails?.live) return;
    this.hls.targetLatency = delay === 'auto' ? this.measure().automatic : delay;
    if (Math.abs(this.hls.latency - this.hls.targetLatency) > 0.5) this.goLive();
  }

  set catchUp(words) {
    this.steering.catchUp = words;
  }

  // ── where in the stream ──

  /**
   * What can be watched of the playlist that is open, in seconds since 1970 where it has dates, else in its own seconds.
   * @returns {{start: number, end: number, position: number, live: boolean}|undefined}
   */
  range() {
    const { video, hls } = this;
    const details = hls?.latestLevelDetails;
    if (details?.fragments.length) {
      const end = details.live ? (hls.liveSyncPosition ?? details.edge) : details.edge;
      const [start, last, position] = [details.fragments[0].start, end, video.currentTime].map((time) => dateAt(details, time));
      return { start, end: last, position, live: details.live };
    }
    const { seekable, duration } = video;
    if (hls || !seekable.length) return undefined;
    const epoch = nativeEpoch(video);
    return { start: epoch + seekable.start(0), end: epoch + seekable.end(seekable.length - 1), position: epoch + video.currentTime, live: duration === Infinity };
  }

  /** Goes to a place of `range`, and stays as far behind live as that is. */
  seek(place) {
    const range = this.range();
    if (!range) return;
    if (range.live && place >= range.end - 0.5) return void this.goLive();
    const details = this.hls?.latestLevelDetails;
    const wanted = Math.max(range.start, Math.min(place, range.end));
    this.following = false;
    this.steering.rest();
    this.video.currentTime = details ? timeAt(details, wanted) : wanted - nativeEpoch(this.video);
  }

  goLive() {
    const { video } = this;
    const { seekable } = video;
    const edge = this.hls?.liveSyncPosition ?? (seekable.length ? seekable.end(seekable.length - 1) : null);
    if (edge !== null && Number.isFinite(edge)) video.currentTime = edge;
    this.following = true;
    if (video.paused) this.play();
  }

  /** Seconds behind where a viewer who follows would be. */
  late() {
    const { hls } = this;
    return hls?.latestLevelDetails?.live && !Number.isNaN(this.metrics.firstFrameAt) ? hls.latency - hls.targetLatency : 0;
  }

  // ── measuring ──

  /** Measures and steers; called four times a second. */
  tick() {
    const values = this.measure();
    this.metrics.sample(values);
    if (this.hls && !this.video.paused && !this.video.seeking && values.live && this.following) this.steering.steer(values);
    return values;
  }

  measure() {
    const { video, hls } = this;
    const details = hls?.latestLevelDetails;
    const level = hls?.levels?.[hls.currentLevel];
    const quality = video.getVideoPlaybackQuality?.();
    const date = hls ? hls.playingDate : nativeDate(video);
    const started = !Number.isNaN(this.metrics.firstFrameAt);
    const live = details ? details.live : video.duration === Infinity;
    return {
      engine: this.kind,
      known: Boolean(details),
      live,
      following: this.following,
      position: this.range()?.position,
      /** From capture to screen, by the stream's own clock. */
      latency: started && date && live ? (Date.now() + this.streams.clockOffset - date.getTime()) / 1000 : NaN,
      /** Behind the end of the newest part, as hls.js counts it. */
      edge: hls && started && live ? hls.latency : NaN,
      target: live ? (hls?.targetLatency ?? NaN) : NaN,
      automatic: details ? details.partHoldBack || details.holdBack || 3 * details.targetduration : NaN,
      part: details?.partTarget ?? 0,
      buffer: bufferAhead(video),
      speed: video.playbackRate,
      width: video.videoWidth,
      height: video.videoHeight,
      codecs: level ? [level.videoCodec, level.audioCodec].filter(Boolean).join(', ') : '',
      levelBitrate: level?.bitrate ?? NaN,
      bandwidth: hls?.bandwidthEstimate ?? NaN,
      droppedFrames: quality?.droppedVideoFrames ?? 0,
      totalFrames: quality?.totalVideoFrames ?? 0,
      canBlock: Boolean(details?.canBlockReload),
      canSkip: (details?.canSkipUntil ?? 0) > 0,
    };
  }
}

function bufferAhead({ buffered, currentTime }) {
  for (let i = 0; i < buffered.length; i += 1) {
    if (buffered.start(i) <= currentTime + 0.05 && buffered.end(i) >= currentTime) return buffered.end(i) - currentTime;
  }
  return 0;
}

/** The date of Safari's time 0, in seconds; 0 where it knows none. */
function nativeEpoch(video) {
  const start = video.getStartDate?.().getTime();
  return Number.isFinite(start) ? start / 1000 : 0;
}

function nativeDate(video) {
  const epoch = nativeEpoch(video);
  return epoch ? new Date((epoch + video.currentTime) * 1000) : null;
}
