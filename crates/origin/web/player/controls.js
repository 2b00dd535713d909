// The buttons below the picture: sound, full screen, picture in picture, and the settings behind one of them.

import { announce, attribute, element, icon, text } from '../shared/dom.js';
import { bitrate } from '../shared/format.js';
import { store } from './settings.js';

const IDLE_MS = 3_000;
const LOUDER = 0.1;

export class Controls {
  /**
   * @param {HTMLVideoElement} video @param {import('./settings.js').Chosen} chosen
   * @param {{play: () => void, live: () => void, quality: (label: string, index?: number) => void, sound: (index: number) => void,
   *   delay: (delay: 'auto'|number) => void, catchUp: (words: string) => void}} handlers
   */
  constructor(video, chosen, handlers) {
    Object.assign(this, { video, handlers, stage: element('player') });
    video.volume = chosen.volume;
    video.muted = !chosen.sound;
    this.wireButtons();
    this.wireSettings(chosen);
    this.wireIdle();
    for (const type of ['play', 'pause', 'volumechange', 'loadeddata', 'enterpictureinpicture', 'leavepictureinpicture']) {
      video.addEventListener(type, () => this.show());
    }
    document.addEventListener('fullscreenchange', () => this.show());
    this.show();
  }

  wireButtons() {
    const { video, handlers } = this;
    const on = (id, act) => element(id).addEventListener('click', act);
    on('play', () => this.playOrPause());
    on('mute', () => this.toggleSound());
    on('live', () => handlers.live());
    on('fullscreen', () => this.toggleFullscreen());
    on('pip', () => this.togglePictureInPicture());
    on('unmute', () => {
      this.toggleSound();
      element('mute').focus();
    });
    element('volume').addEventListener('input', ({ target }) => this.setVolume(target.valueAsNumber));
    video.addEventListener('click', () => this.playOrPause());
    element('pip').hidden = !(document.pictureInPictureEnabled || video.webkitSupportsPresentationMode?.('picture-in-picture'));
  }

  playOrPause() {
    if (this.video.paused) this.handlers.play();
    else this.video.pause();
  }

  toggleSound() {
    const { video } = this;
    if (video.muted && video.volume === 0) video.volume = 1;
    video.muted = !video.muted;
    this.rememberSound();
  }

  setVolume(volume) {
    const { video } = this;
    video.volume = Math.max(0, Math.min(1, volume));
    video.muted = video.volume === 0;
    this.rememberSound();
  }

  louder(direction) {
    this.setVolume((this.video.muted ? 0 : this.video.volume) + direction * LOUDER);
    announce(`Volume ${Math.round(this.video.volume * 100)} percent`);
  }

  rememberSound() {
    store('sound', this.video.muted ? 'off' : 'on');
    if (this.video.volume > 0) store('volume', String(this.video.volume));
  }

  toggleFullscreen() {
    const { stage, video } = this;
    if (document.fullscreenElement) document.exitFullscreen();
    else if (stage.requestFullscreen) stage.requestFullscreen().catch(() => announce('Full screen is not allowed here.'));
    else video.webkitEnterFullscreen?.(); // iPhone: only the video itself
  }

  togglePictureInPicture() {
    const { video } = this;
    if (document.pictureInPictureElement) document.exitPictureInPicture();
    else if (video.requestPictureInPicture) video.requestPictureInPicture().catch(() => announce('Picture in picture needs a picture first.'));
    else video.webkitSetPresentationMode?.(video.webkitPresentationMode === 'inline' ? 'picture-in-picture' : 'inline');
  }

  show() {
    const { video } = this;
    const set = (id, label, symbol) => {
      attribute(element(id), 'aria-label', label);
      icon(element(id), symbol);
    };
    set('play', video.paused ? 'Play' : 'Pause', video.paused ? 'play' : 'pause');
    set('mute', video.muted ? 'Turn sound on' : 'Turn sound off', video.muted ? 'muted' : 'sound');
    const full = Boolean(document.fullscreenElement);
    set('fullscreen', full ? 'Leave full screen' : 'Full screen', full ? 'unfull' : 'full');
    attribute(element('pip'), 'aria-label', document.pictureInPictureElement ? 'Leave picture in picture' : 'Picture in picture');
    element('volume').value = video.muted ? 0 : video.volume;
    attribute(element('volume'), 'aria-valuetext', video.muted ? 'muted' : `${Math.round(video.volume * 100)} percent`);
    element('unmute').hidden = !video.muted || video.readyState < 2 || !element('notice').hidden;
  }

  // ── settings ──

  wireSettings({ delay, catchUp, details }) {
    const { handlers } = this;
    const button = element('settings-button');
    const open = (isOpen) => {
      element('settings').hidden = !isOpen;
      attribute(button, 'aria-expanded', String(isOpen));
    };
    let isWanted = details && matchMedia('(min-width: 861px)').matches;
    open(isWanted);
    button.addEventListener('click', () => {
      const isOpen = element('settings').hidden;
      open(isOpen);
      if (document.fullscreenElement) return; // there they are in the way of the picture, and only asked for in passing
      isWanted = isOpen;
      store('details', isOpen ? 'open' : 'closed');
    });
    document.addEventListener('fullscreenchange', () => open(isWanted && !document.fullscreenElement));
    element('settings').addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      open(false);
      button.focus();
    });
    const choice = (id, value, chosen) => {
      element(id).value = String(value);
      element(id).addEventListener('change', ({ target }) => chosen(target.value, target.selectedOptions[0]));
    };
    choice('delay', delay, (value) => {
      store('delay', value);
      handlers.delay(value === 'auto' ? 'auto' : Number(value));
    });
    choice('catchup', catchUp, (value) => {
      store('catchup', value);
      handlers.catchUp(value);
    });
    choice('quality', 'auto', (value, { dataset }) => {
      store('quality', dataset.label ?? 'auto');
      if (value === 'auto') handlers.quality('auto');
      else handlers.quality(dataset.label, Number(value));
    });
    choice('sound', '', (value) => handlers.sound(Number(value)));
  }

  /** @param {{index: number, label: string, bitrate: number}[]} levels */
  showLevels(levels, { label, isAuto, index }) {
    const auto = new Option(isAuto && label ? `Auto (${label})` : 'Auto', 'auto');
    const options = levels.map((level) => {
      const option = new Option(`${level.label} · ${bitrate(level.bitrate)}`, String(level.index));
      option.dataset.label = level.label;
      return option;
    });
    refill(element('quality'), [auto, ...options], isAuto ? 'auto' : String(index));
  }

  showSounds({ tracks, current }) {
    element('sound-choice').hidden = tracks.length < 2;
    refill(element('sound'), tracks.map((track) => new Option(soundName(track), String(track.index))), String(current));
  }

  /** What `auto` comes to; a recording has no delay to choose. @param {{automatic: number, known: boolean, live: boolean}} values */
  showDelay({ automatic, known, live }) {
    if (Number.isFinite(automatic)) text(element('delay').options[0], `Auto (${automatic.toFixed(1)} s)`);
    for (const id of ['delay', 'catchup']) element(id).closest('.choice').hidden = known && !live;
  }

  // ── full screen: the buttons go when nobody needs them ──

  wireIdle() {
    const { stage, video } = this;
    const isNeeded = () => video.paused || stage.querySelector('.bar :focus-visible') || !element('notice').hidden;
    const rest = () => (isNeeded() ? this.wake() : attribute(stage, 'data-idle', 'true'));
    this.wake = () => {
      attribute(stage, 'data-idle', 'false');
      clearTimeout(this.idle);
      if (document.fullscreenElement) this.idle = setTimeout(rest, IDLE_MS);
    };
    for (const type of ['pointermove', 'pointerdown', 'keydown', 'focusin']) stage.addEventListener(type, this.wake);
    document.addEventListener('fullscreenchange', this.wake);
  }
}

/** New options only where they differ: a list that is open must not close by itself. */
function refill(select, options, chosen) {
  const key = (list) => JSON.stringify([...list].map(({ value, label }) => [value, label]));
  if (key(options) !== key(select.options)) select.replaceChildren(...options);
  if (select.value !== chosen) select.value = chosen;
}

/** Tracks by their language, in the page's words: `de` or `deu` is German. */
export function soundName({ name, language, index }) {
  try {
    const words = language && new Intl.DisplayNames('en', { type: 'language', fallback: 'none' }).of(language);
    if (words) return words[0].toUpperCase() + words.slice(1);
  } catch {
    // No language tag: then as the stream calls it.
  }
  return name || `Track ${index + 1}`;
}
