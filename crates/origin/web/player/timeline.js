// The bar that shows where in the stream one is, and goes elsewhere: the live window, what is recorded, a recording.

import { attribute, element, text } from '../shared/dom.js';
import { clock, span, spokenSpan } from '../shared/format.js';

const LIVE_WITHIN_S = 2;
/** A window shorter than this is not worth a bar. */
const LEAST_S = 4;

export class Timeline {
  /** @param {(place: number) => void} onSeek in seconds, as `show` was given */
  constructor(onSeek) {
    this.bar = element('seek');
    this.isHeld = false;
    this.bar.addEventListener('input', () => {
      this.isHeld = true;
      this.describe(this.bar.valueAsNumber);
    });
    this.bar.addEventListener('change', () => {
      this.isHeld = false;
      onSeek(this.bar.valueAsNumber);
    });
  }

  /** @param {{start: number, end: number, position: number, live: boolean}|undefined} range */
  show(range) {
    const isWorthIt = Boolean(range) && range.end - range.start >= LEAST_S;
    element('timeline').hidden = !isWorthIt;
    if (!isWorthIt || this.isHeld) return;
    this.range = range;
    const set = (name, value) => attribute(this.bar, name, String(Math.round(value)));
    set('min', range.start);
    set('max', range.end);
    this.bar.value = Math.round(range.position);
    this.describe(range.position);
  }

  describe(position) {
    const { start, end, live } = this.range;
    // As coarse as the knob, so that both end at the same place.
    const { valueAsNumber, min, max } = this.bar;
    this.bar.style.setProperty('--done', String((valueAsNumber - min) / (max - min)));
    const behind = end - position;
    const isDated = end > 1e9;
    const isNow = behind < LIVE_WITHIN_S;
    if (live) {
      text('clock-now', isNow ? 'Live' : `−${span(behind)}${isDated ? ` · ${clock(position)}` : ''}`);
      text('clock-end', `Goes back ${span(end - start)}`);
      attribute(this.bar, 'aria-valuetext', isNow ? 'live' : `${spokenSpan(behind)} behind live`);
    } else {
      text('clock-now', `${span(position - start)}${isDated ? ` · ${clock(position)}` : ''}`);
      text('clock-end', span(end - start));
      attribute(this.bar, 'aria-valuetext', `${spokenSpan(position - start)} of ${spokenSpan(end - start)}`);
    }
  }
}
