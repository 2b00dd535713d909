// One stream: what is measured of it, its renditions, what happened.

import { attribute, element, make, text } from '../shared/dom.js';
import { DASH, bitrate, count } from '../shared/format.js';
import { Gauges } from './gauges.js';
import { showFacts } from './overview.js';
import { Past } from './source.js';
import { age, amount, bytes, clock, plural, span } from './words.js';

const GAUGES = [
  { name: 'Bit rate', colour: 'second', unit: 'Mb/s', unitWords: 'megabits a second', read: (s) => s.bits_per_second / 1e6,
    figure: (s) => (bitrate(s.bits_per_second) === DASH ? ['0', 'Mb/s'] : bitrate(s.bits_per_second).split(' ')),
    note: () => 'of all renditions, as it came in' },
  { name: 'Watching', colour: 'accent', unit: '', unitWords: 'viewers', least: 4, read: (s) => s.viewers,
    figure: (s) => [amount(s.viewers), ''], note: () => 'sessions of the last half minute' },
  { name: 'Newest part', colour: 'accent', unit: 's', unitWords: 'seconds ago', least: 1, read: (s) => s.age_seconds,
    figure: (s) => age(s.age_seconds * 1000).split(/ (?=\D+$)/), note: () => 'of the rendition furthest behind' },
];

/** The columns of the table of renditions: a name and how it is read. */
const COLUMNS = [
  ['Rendition', (r) => r.name],
  ['State', (r) => r.state],
  ['Codec', (r) => r.codecs],
  ['Format', (r) => (r.kind === 'video' ? `${r.resolution ?? ''}${r.frame_rate ? ` · ${Number(r.frame_rate.toFixed(2))} fps` : ''}`
    : [r.channels && plural(r.channels, 'channel'), r.language].filter(Boolean).join(' · '))],
  ['Mean', (r) => bitrate(r.average_bandwidth), true],
  ['Peak', (r) => bitrate(r.bandwidth), true],
  ['Newest part', (r) => age(r.age), true],
  ['Captured', (r) => (r.capture_delay === undefined ? DASH : `${age(r.capture_delay)} before`), true],
  ['Edge', (r) => (r.edge?.last_part ? `${r.edge.last_part[0]}.${r.edge.last_part[1]}` : DASH), true],
  ['Listed', (r) => (r.edge ? plural(r.edge.segments, 'segment') : DASH), true],
  ['Waiting', (r) => count(r.waiting), true],
  ['In memory', (r) => bytes(r.held_bytes), true],
];

/** Kinds of events that are bad news. */
const BAD = new Set(['lost', 'gap', 'refused', 'early_release']);

export class Detail {
  constructor() {
    this.gauges = new Gauges(element('d-gauges'), GAUGES);
    this.past = new Past();
    const head = document.createElement('tr');
    head.append(...COLUMNS.map(([name, , isNumber]) => {
      const cell = make('th', isNumber ? 'number' : '', name);
      cell.scope = 'col';
      return cell;
    }));
    element('d-renditions').tHead.append(head);
  }

  open(name) {
    this.name = name;
    this.past.reset();
    this.gauges.show(this.past, undefined, Date.now());
    element('d-renditions').tBodies[0].replaceChildren();
    element('d-events').replaceChildren();
    element('d-facts').replaceChildren();
    element('d-watch').hidden = true;
    this.say('');
    attribute(element('d-state'), 'data-state', '');
    text('d-state', 'Asking');
    text('d-since', '');
  }

  path() {
    return `/api/streams/${encodeURIComponent(this.name)}?since=${this.past.count}`;
  }

  say(words) {
    element('d-note').hidden = !words;
    text('d-note', words);
  }

  missing(status) {
    attribute(element('d-state'), 'data-state', 'ended');
    text('d-state', status === 404 ? 'not there' : 'unknown');
    this.say(status === 404 ? `There is no stream called ${this.name}. It appears here when an encoder publishes it.`
      : 'The server does not answer. It is asked again every two seconds.');
  }

  take(stream, watchUrl) {
    this.say(stream.state === 'recorded' ? 'The stream is over; what was recorded of it can be watched.' : '');
    attribute(element('d-state'), 'data-state', stream.state);
    text('d-state', stream.state);
    text('d-since', stream.state_since ? `for ${span(stream.now - stream.state_since)}` : '');
    const watch = element('d-watch');
    watch.hidden = !watchUrl;
    if (watchUrl) attribute(watch, 'href', watchUrl);
    if (stream.past) this.past.take(stream.past.history);
    this.gauges.show(this.past, stream, stream.now);
    this.renditions(stream.renditions);
    this.events(stream.past?.events ?? []);
    showFacts(element('d-facts'), facts(stream));
  }

  renditions(list) {
    const body = element('d-renditions').tBodies[0];
    while (body.rows.length > list.length) body.lastChild.remove();
    list.forEach((rendition, i) => {
      let row = body.rows[i];
      if (!row) {
        row = body.insertRow();
        row.append(...COLUMNS.map(([, , isNumber], column) => {
          const cell = make(column ? 'td' : 'th', isNumber ? 'number' : column ? '' : 'name');
          if (!column) cell.scope = 'row';
          return cell;
        }));
      }
      COLUMNS.forEach(([, read], column) => text(row.cells[column], read(rendition) || DASH));
    });
  }

  events(list) {
    element('d-no-events').hidden = list.length > 0;
    const key = JSON.stringify(list);
    if (key === this.eventsKey) return;
    this.eventsKey = key;
    element('d-events').replaceChildren(...list.map(({ at, rendition, kind, text: words }) => {
      const item = document.createElement('li');
      item.dataset.bad = String(BAD.has(kind));
      const time = make('time', '', clock(at));
      time.dateTime = new Date(at).toISOString();
      item.append(time, make('span', 'of', rendition), make('span', 'what', words));
      return item;
    }));
  }
}

function facts(stream) {
  const sum = (key) => stream.renditions.reduce((total, r) => total + (r[key] ?? 0), 0);
  const ways = (stream.publishers ?? []).map(({ way, label, connections }) =>
    `${way === 'rtmp' ? 'RTMP' : 'HTTP'}${label ? ` as ${label}` : ''}, ${plural(connections, 'connection')}`);
  return [
    ['On for', stream.opened_at ? span(stream.now - stream.opened_at) : DASH],
    ['Published by', ways.join('; ') || (stream.publishers ? 'the server itself' : DASH)],
    ['Parts', count(sum('parts'))],
    ['Media so far', bytes(sum('bytes'))],
    ['Discontinuities', count(sum('discontinuities'))],
    ['Parts missing, refused', `${count(sum('gap_parts'))}, ${count(sum('refused_parts'))}`],
    ['Encoders lost, returned', `${count(sum('publishers_lost'))}, ${count(sum('publishers_resumed'))}`],
    ['Rewind', stream.dvr ?? 'not recorded'],
  ];
}
