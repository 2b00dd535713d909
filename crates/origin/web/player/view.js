// The page's elements: what they show, and what they ask for. No measuring and no networking here.

import { attribute, element, text } from '../shared/dom.js';
import { DASH, bitrate, count, renditions, seconds } from '../shared/format.js';

function icon(button, name) {
  attribute(button.querySelector('use'), 'href', `#i-${name}`);
}

export class View {
  constructor(video) {
    this.video = video;
    this.screen = element('screen');
    this.wireCopying();
    this.wireControls();
  }

  // ── controls ──

  wireControls() {
    const { video } = this;
    const stage = element('player');
    const actions = {
      play: () => (video.paused ? this.onplay?.() : video.pause()),
      mute: () => this.mute(!video.muted),
      live: () => this.onlive?.(),
      fullscreen: () => this.fullscreen(stage),
    };
    for (const [id, act] of Object.entries(actions)) element(id).addEventListener('click', act);
    element('unmute').addEventListener('click', () => {
      this.mute(false);
      element('mute').focus();
    });
    element('notice-action').addEventListener('click', () => this.onaction?.());
    element('volume').addEventListener('input', (event) => {
      video.volume = event.target.valueAsNumber;
      video.muted = video.volume === 0;
    });
    element('quality').addEventListener('change', (event) => this.onquality?.(Number(event.target.value)));
    element('delay').addEventListener('change', ({ target }) =>
      this.ondelay?.(target.value === 'auto' ? 'auto' : Number(target.value)));
    document.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea')) return;
      const act = { k: actions.play, m: actions.mute, l: actions.live, f: actions.fullscreen }[event.key.toLowerCase()];
      if (!act) return;
      event.preventDefault();
      act();
    });
    video.addEventListener('click', actions.play);
    for (const type of ['play', 'pause', 'volumechange', 'loadeddata']) video.addEventListener(type, () => this.showControls());
    document.addEventListener('fullscreenchange', () => this.showControls());
    this.showControls();
  }

  mute(muted) {
    this.video.muted = muted;
    if (!muted && this.video.volume === 0) this.video.volume = 1;
  }

  fullscreen(stage) {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (stage.requestFullscreen) stage.requestFullscreen().catch(() => {});
    else this.video.webkitEnterFullscreen?.(); // iPhone: only the video itself
  }

  showControls() {
    const { video } = this;
    const set = (id, label, symbol) => {
      attribute(element(id), 'aria-label', label);
      icon(element(id), symbol);
    };
    set('play', video.paused ? 'Play' : 'Pause', video.paused ? 'play' : 'pause');
    set('mute', video.muted ? 'Turn sound on' : 'Turn sound off', video.muted ? 'muted' : 'sound');
    const full = Boolean(document.fullscreenElement);
    set('fullscreen', full ? 'Leave full screen' : 'Full screen', full ? 'unfull' : 'full');
    element('volume').value = video.muted ? 0 : video.volume;
    element('unmute').hidden = !video.muted || video.readyState < 2 || !element('notice').hidden;
  }

  showLevels(levels, current, automatic) {
    const select = element('quality');
    const shown = [[-1, automatic && current ? `Auto (${current})` : 'Automatic'],
      ...levels.map(({ index, label, bitrate: rate }) => [index, `${label} · ${bitrate(rate)}`])];
    const key = JSON.stringify(shown);
    if (key === this.levelsKey) return;
    this.levelsKey = key;
    const chosen = automatic ? '-1' : select.value;
    select.replaceChildren(...shown.map(([value, label]) => new Option(label, value)));
    select.value = chosen;
  }

  // ── notice over the video ──

  /** `{title, text, hint, action, busy}`; nothing hides it. */
  notice(content) {
    const notice = element('notice');
    notice.hidden = !content;
    if (content) {
      text('notice-title', content.title);
      text('notice-text', content.text ?? '');
      text('notice-hint', content.hint ?? '');
      element('notice-spinner').hidden = !content.busy;
      const action = element('notice-action');
      action.hidden = !content.action;
      if (content.action) text(action, content.action);
    }
    this.showControls();
  }

  status(tone, words) {
    attribute(element('status'), 'data-tone', tone);
    text('status-text', words);
  }

  announce(words) {
    text('announce', words);
  }

  // ── figures ──

  figures(m, rates) {
    const headline = Number.isFinite(m.latency) ? m.latency : m.edge;
    text('latency', seconds(headline));
    text('latency-note', Number.isFinite(m.latency) || !Number.isFinite(m.edge) ? 'from capture to screen' : 'behind the live edge');
    const known = Number.isFinite(headline);
    for (const gauge of document.querySelectorAll('.gauge')) attribute(gauge, 'data-known', String(known));
    if (Number.isFinite(m.automatic)) text(element('delay').options[0], `Auto (${m.automatic.toFixed(1)} s)`);
    text('buffer', known ? seconds(m.buffer) : DASH);
    const withUnit = (value, unit) => (value === DASH ? DASH : `${value} ${unit}`);
    text('f-target', withUnit(seconds(m.target), 's'));
    text('f-edge', withUnit(seconds(m.edge), 's'));
    text('f-parts', known && m.part ? `${rates.partRate.toFixed(1)} /s of ${Math.round(m.part * 1000)} ms` : DASH);
    text('f-rendition', m.height ? `${m.width} × ${m.height}` : DASH);
    text('f-bitrate', known ? bitrate(rates.bitrate) : DASH);
    const share = m.totalFrames ? ((100 * m.droppedFrames) / m.totalFrames).toFixed(1) : '0.0';
    text('f-dropped', known ? `${count(m.droppedFrames)} of ${count(m.totalFrames)} (${share} %)` : DASH);
    text('f-stalls', known ? stalls(m) : DASH);
    text('f-speed', known ? `${m.speed.toFixed(2)}×` : DASH);
    const edge = known && !this.video.paused && Number.isNaN(m.stalledSince) && !(m.edge - m.target > 1.5);
    attribute(element('live'), 'data-edge', String(edge));
    text('live-text', edge || !known ? 'Live' : 'Go live');
  }

  features({ known, partsLoaded, part, canBlock, blockingReloads, canSkip, deltaUpdates, renditionReports }) {
    const show = (id, state, how) => {
      const item = element(id);
      attribute(item, 'data-state', state);
      text(item.querySelector('.how'), how);
    };
    const use = (id, offered, times, unit) =>
      times > 0 ? show(id, 'on', `in use, ${count(times)}${unit}`)
        : offered ? show(id, 'offered', 'offered')
          : show(id, 'unknown', known ? 'not offered' : DASH);
    use('x-parts', part > 0, partsLoaded, ' loaded');
    use('x-blocking', canBlock, blockingReloads, '×');
    use('x-delta', canSkip, deltaUpdates, '×');
    if (renditionReports > 0) show('x-reports', 'on', `${renditionReports} in each playlist`);
    else show('x-reports', 'unknown', known ? 'not offered' : DASH);
  }

  // ── streams and address ──

  streams(list, current) {
    const key = JSON.stringify([list, current?.name]);
    if (key === this.streamsKey) return;
    this.streamsKey = key;
    element('streams-empty').hidden = list.length > 0;
    element('streams').replaceChildren(...list.map((stream) => {
      const link = document.createElement('a');
      link.href = `#/${encodeURIComponent(stream.name)}`;
      if (stream.name === current?.name) link.setAttribute('aria-current', 'true');
      const name = document.createElement('span');
      name.className = 'name';
      name.textContent = stream.name;
      const details = document.createElement('span');
      details.className = 'renditions';
      details.textContent = renditions(stream.renditions);
      link.append(name, details);
      const item = document.createElement('li');
      item.append(link);
      return item;
    }));
  }

  address(stream) {
    const url = stream ? new URL(stream.url, location.href).href : '';
    const input = element('address');
    if (input.value !== url) input.value = url;
    element('share').hidden = !stream;
    text('title', stream?.name ?? 'Live streams');
    document.title = stream ? `${stream.name} · llhls` : 'llhls';
  }

  publishing(command) {
    text('publish-command', command);
  }

  engine(words) {
    text('engine', words);
  }

  wireCopying() {
    for (const button of document.querySelectorAll('[data-copy]')) {
      button.addEventListener('click', async () => {
        const source = element(button.dataset.copy);
        const done = await copy(source);
        const label = button.querySelector('span');
        text(label, done ? 'Copied' : 'Press Ctrl+C');
        attribute(button, 'data-done', String(done));
        icon(button, done ? 'check' : 'copy');
        this.announce(done ? 'Copied to the clipboard.' : 'The text is selected: copy it with the keyboard.');
        clearTimeout(button.timer);
        button.timer = setTimeout(() => {
          text(label, 'Copy');
          attribute(button, 'data-done', 'false');
          icon(button, 'copy');
          this.announce('');
        }, 2_500);
      });
    }
  }
}

function stalls({ stalls: times, stalledMs, stalledSince, jumps }) {
  const total = stalledMs + (Number.isNaN(stalledSince) ? 0 : performance.now() - stalledSince);
  const waited = times ? `${times}, ${(total / 1000).toFixed(1)} s in all` : 'none';
  return jumps ? `${waited}, ${jumps} jumped` : waited;
}

/** The clipboard API exists on secure origins only; a LAN address over http has just the old command. */
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    return true;
  } catch {
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    return document.execCommand('copy');
  }
}
