// Figures with their graphs, made from a list of what they show.

import { make, text } from '../shared/dom.js';
import { Graph } from '../shared/graph.js';

/**
 * Fills `place` with a gauge for each of `list`: `{name, colour, unit, unitWords, read(sample), figure(sample, more),
 * note(sample, more)}`, where `read` is what is drawn, in `unit`, and `figure` is `[value, unit]`.
 */
export class Gauges {
  constructor(place, list) {
    this.gauges = list.map((gauge) => {
      const card = make('section', `card gauge ${gauge.colour === 'accent' ? 'first' : 'second'}`);
      const head = make('div', 'gauge-head');
      const label = make('h2', '', gauge.name);
      label.id = `gauge-${gauge.name.toLowerCase().replace(/\W+/g, '-')}`;
      card.setAttribute('aria-labelledby', label.id);
      const note = make('p', 'gauge-note', '\u00a0');
      const figure = make('p', 'figure');
      const value = make('span', '', '–');
      const unit = make('span', 'unit');
      const canvas = make('canvas', 'graph');
      head.append(label, note);
      figure.append(value, unit);
      card.append(head, figure, canvas);
      card.dataset.known = 'false';
      place.append(card);
      const { name, colour, read, unit: scale, unitWords, least } = gauge;
      const graph = new Graph(canvas, { name, colour, read, minutes: 10, unit: scale, unitWords, least });
      // Behind the graph's own: it has its new size and colours by then, and nothing on it.
      new ResizeObserver(() => this.draw()).observe(canvas);
      return { gauge, card, note, value, unit, graph };
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  draw() {
    if (this.past) for (const { graph } of this.gauges) graph.draw(this.past.samples, this.now);
  }

  show(past, more, now) {
    const sample = past.last;
    Object.assign(this, { past, now });
    for (const { gauge, card, note, value, unit } of this.gauges) {
      card.dataset.known = String(Boolean(sample));
      if (sample) {
        const [shown, shownUnit] = gauge.figure(sample, more);
        text(value, shown);
        text(unit, shownUnit);
        text(note, gauge.note(sample, more) || '\u00a0');
      }
    }
    this.draw();
  }
}
