// Plays one stream: hls.js over Media Source Extensions, or the browser's own HLS where those are missing.

const HLS_TYPE = 'application/vnd.apple.mpegurl';
const FAR_BEHIND_S = 6; // further behind than this for a while: jump instead of hurrying
const FAR_BEHIND_FOR_MS = 2_000;
const RECOVERIES = 3;

const LOW_LATENCY = {
  lowLatencyMode: true,
  // The catch-up of hls.js needs more than a second of buffer, which a stream of 200 ms parts never holds. `speedFor` does it.
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

/**
 * Playback speed that leads back to the target without being noticed: up to 5 % faster when late (10 % while there is no sound to
 * give it away), 3 % slower when the buffer is about to run dry. `late` is latency minus target; everything in seconds.
 */
export function speedFor({ late, buffer, part, speed, muted }) {
  const thin = Math.max(0.2, part);
  if (buffer < thin) return 0.97;
  if (speed < 1 && buffer < thin * 1.5) return speed;
  const threshold = speed > 1 ? 0.03 : 0.1;
  if (late > threshold && buffer > thin * 1.5) return Math.min(muted ? 1.1 : 1.05, 1.01 + Math.floor(late * 20) / 100);
  return late < -0.15 ? 0.98 : 1;
}

/** Loads hls.js. */
function loadHls() {
  if (window.Hls) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const element = document.createElement('script');
    element.src = '/hls.js';
    element.onload = resolve;
    element.onerror = () => {
      element.remove();
      reject(new Error(`no script at ${element.src}`));
    };
    document.head.append(element);
  });
}

const hasMediaSource = () => 'MediaSource' in window || 'ManagedMediaSource' in window;

/**
 * Events: `opened`, `levels` (the renditions are known), `frame` (the first one is on screen), `ended`, `problem` with `{kind, detail}`;
 * kinds: `library`, `unsupported`, `missing`, `network`, `media`, `gesture`.
 */
export class Engine extends EventTarget {
  constructor(video, metrics, streams) {
    super();
    Object.assign(this, { video, metrics, streams, kind: undefined, source: undefined, delay: 'auto', lateSince: NaN });
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

  /** Finds out once what plays here; asking again after a failure tries again. */
  prepare() {
    this.preparing ??= this.choose().finally(() => this.kind || (this.preparing = undefined));
    return this.preparing;
  }

  async choose() {
    const native = this.video.canPlayType(HLS_TYPE) !== '';
    if (hasMediaSource()) {
      try {
        await loadHls();
        this.source = 'origin';
        if (window.Hls.isSupported()) return (this.kind = 'hls.js');
      } catch {
        if (!native) return void this.emit('problem', { kind: 'library' });
        this.source = 'missing';
      }
    }
    if (native) return (this.kind = 'native');
    this.emit('problem', { kind: 'unsupported' });
  }

  async open(url) {
    const kind = await this.prepare();
    if (!kind) return;
    this.close();
    this.metrics.reset();
    this.recoveries = 0;
    this.firstFrameTime = NaN;
    const shown = () => {
      if (Number.isNaN(this.metrics.firstFrameAt)) {
        this.metrics.firstFrameAt = performance.now();
        this.firstFrameTime = this.video.currentTime;
        this.emit('frame');
      }
    };
    if (this.video.requestVideoFrameCallback) this.frameCallback = this.video.requestVideoFrameCallback(shown);
    else this.video.addEventListener('playing', shown, { once: true });
    if (kind === 'hls.js') this.openHls(url);
    else {
      this.video.src = url;
      this.play();
    }
    this.emit('opened');
  }

  openHls(url) {
    const { Hls } = window;
    const hls = (this.hls = new Hls(LOW_LATENCY));
    const on = (event, handler) => hls.on(event, (_, data) => this.hls === hls && handler(data));
    on(Hls.Events.MEDIA_ATTACHED, () => this.play()); // attaching resets the element: what was asked before is forgotten
    on(Hls.Events.MANIFEST_PARSED, () => this.emit('levels'));
    on(Hls.Events.LEVEL_SWITCHED, () => this.emit('levels'));
    on(Hls.Events.LEVEL_LOADED, (data) => this.playlistLoaded(data));
    on(Hls.Events.AUDIO_TRACK_LOADED, (data) => this.playlistLoaded(data));
    on(Hls.Events.FRAG_LOADED, ({ frag, part }) =>
      frag.sn !== 'initSegment' &&
      this.metrics.loaded({ bytes: (part ?? frag).stats.loaded, isPart: Boolean(part), counts: frag.type === 'main' }));
    on(Hls.Events.ERROR, (data) => this.hlsError(data));
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
    if (type === window.Hls.ErrorTypes.MEDIA_ERROR && this.recoveries < RECOVERIES) {
      this.recoveries += 1;
      this.hls.recoverMediaError();
      this.play();
      return;
    }
    this.close();
    const kind = type !== window.Hls.ErrorTypes.NETWORK_ERROR ? 'media' : status === 404 || status === 410 ? 'missing' : 'network';
    this.emit('problem', { kind, detail: status ? `${details}, status ${status}` : details });
  }

  nativeError() {
    const code = this.video.error?.code;
    this.metrics.error({ type: 'native', details: this.video.error?.message ?? '', fatal: true, status: code });
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
    this.video.playbackRate = 1;
  }

  async play() {
    try {
      await this.video.play();
    } catch (error) {
      if (error.name === 'NotAllowedError') this.emit('problem', { kind: 'gesture' });
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

  /** Quality levels, best first: `{index, label, bitrate}`. */
  levels() {
    return (this.hls?.levels ?? [])
      .map(({ height, bitrate, name }, index) => ({ index, height, bitrate, label: height ? `${height}p` : name || 'audio only' }))
      .sort((a, b) => b.bitrate - a.bitrate);
  }

  setQuality(index) {
    if (this.hls) this.hls.nextLevel = index;
  }

  /** `auto` follows the playlist's PART-HOLD-BACK; a number is seconds behind the edge. */
  setDelay(delay) {
    this.delay = delay;
    const details = this.hls?.latestLevelDetails;
    if (!details) return;
    this.hls.targetLatency = delay === 'auto' ? this.measure().automatic : delay;
    if (Math.abs(this.hls.latency - this.hls.targetLatency) > 0.5) this.goLive();
  }

  goLive() {
    const { video } = this;
    const { seekable } = video;
    const edge = this.hls?.liveSyncPosition ?? (seekable.length ? seekable.end(seekable.length - 1) : null);
    if (edge !== null && Number.isFinite(edge)) video.currentTime = edge;
    if (video.paused) this.play();
  }

  /** Measures and steers; called four times a second. */
  tick() {
    const values = this.measure();
    this.metrics.sample(values);
    if (this.hls && !this.video.paused && !this.video.seeking && values.live) this.steer(values);
    return values;
  }

  steer({ edge, target, buffer, part }) {
    if (!Number.isFinite(edge) || !Number.isFinite(target)) return;
    const late = edge - target;
    const speed = speedFor({ late, buffer, part, speed: this.video.playbackRate, muted: this.video.muted });
    if (this.video.playbackRate !== speed) this.video.playbackRate = speed;
    if (late <= FAR_BEHIND_S) this.lateSince = NaN;
    else if (Number.isNaN(this.lateSince)) this.lateSince = performance.now();
    else if (performance.now() - this.lateSince > FAR_BEHIND_FOR_MS) {
      this.lateSince = NaN;
      this.metrics.jumps += 1;
      this.goLive();
    }
  }

  measure() {
    const { video, hls } = this;
    const details = hls?.latestLevelDetails;
    const level = hls?.levels?.[hls.currentLevel];
    const quality = video.getVideoPlaybackQuality?.();
    const date = hls ? hls.playingDate : nativeDate(video);
    const started = !Number.isNaN(this.metrics.firstFrameAt);
    return {
      engine: this.kind,
      known: Boolean(details),
      live: details ? details.live : video.duration === Infinity,
      /** From capture to screen, by the stream's own clock. */
      latency: started && date ? (Date.now() + this.streams.clockOffset - date.getTime()) / 1000 : NaN,
      /** Behind the end of the newest part, as hls.js counts it. */
      edge: hls && started ? hls.latency : NaN,
      target: hls?.targetLatency ?? NaN,
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

/** Safari knows the date of its own timeline. */
function nativeDate(video) {
  const start = video.getStartDate?.().getTime();
  return Number.isFinite(start) ? new Date(start + video.currentTime * 1000) : null;
}
