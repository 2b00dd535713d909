// The list of streams to choose from; with a search field where there are many.

import { attribute, element, make, text } from '../shared/dom.js';
import { count, renditions } from '../shared/format.js';

const SEARCH_FROM = 7;
const SHOWN = 50;

export class ListView {
  /** @param {() => void} onAgain the stream that is on was chosen again */
  constructor(onAgain) {
    element('search').addEventListener('input', () => this.render());
    element('streams').addEventListener('click', ({ target }) => target.closest('a')?.dataset.name === this.current && onAgain());
  }

  /** @param {import('./streams.js').Stream[]} list live streams, then recordings @param {string} [current] its name @param {boolean} [byToken] only what a token opens */
  show(list, current, byToken = false) {
    const key = JSON.stringify([list.map(({ name, state, viewers, renditions: all }) => [name, state, viewers, renditions(all)]), current, byToken]);
    if (key === this.key) return;
    Object.assign(this, { key, list, current, byToken });
    this.render();
  }

  render() {
    const search = element('search');
    search.hidden = this.list.length < SEARCH_FROM;
    const wanted = search.hidden ? '' : search.value.trim().toLowerCase();
    const found = this.list.filter(({ name }) => name.toLowerCase().includes(wanted));
    const hasFocus = document.activeElement?.closest('#streams a')?.dataset.name;
    element('streams').replaceChildren(...found.slice(0, SHOWN).map((stream) => this.row(stream)));
    if (hasFocus) element('streams').querySelector(`a[data-name="${CSS.escape(hasFocus)}"]`)?.focus();
    const empty = element('streams-empty');
    empty.hidden = found.length > 0;
    text(empty, wanted ? `No stream has “${search.value.trim()}” in its name.` : this.byToken ? 'Streams that your token opens are listed here.' : 'None is live at the moment.');
    const more = found.length > SHOWN ? `, ${SHOWN} shown: search for the others` : '';
    text('streams-count', this.list.length < 2 && !more ? '' : wanted ? `${count(found.length)} of ${count(this.list.length)}${more}` : `${count(found.length)}${more}`);
  }

  row(stream) {
    const link = document.createElement('a');
    link.href = `#/${encodeURIComponent(stream.name)}`;
    link.dataset.name = stream.name;
    if (stream.name === this.current) attribute(link, 'aria-current', 'true');
    const facts = [stream.viewers > 0 && `${count(stream.viewers)} watching`, renditions(stream.renditions)].filter(Boolean);
    link.append(make('span', 'name', stream.name), make('span', 'renditions', facts.join(' · ')));
    if (stream.state && stream.state !== 'live') {
      const state = make('span', 'state', STATES[stream.state] ?? stream.state);
      state.dataset.state = stream.state;
      link.append(state);
    }
    const item = document.createElement('li');
    item.append(link);
    return item;
  }
}

const STATES = { starting: 'Starting', stalled: 'Nothing new from its encoder', ended: 'Ended', recorded: 'Recording' };
