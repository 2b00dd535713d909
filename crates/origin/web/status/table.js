// The table of streams: sorted, searched, each row kept while its stream is there.

import { attribute, element, make, text } from '../shared/dom.js';
import { bitrate, count, renditions } from '../shared/format.js';
import { drawSpark, spark } from './spark.js';
import { age, span } from './words.js';

const STEP = 200;
const MOST = 1000;
const ORDER = { stalled: 0, starting: 1, live: 2, ended: 3, recorded: 4 };

/** What a stream is sorted by. */
const KEYS = {
  name: (s) => s.name,
  state: (s) => ORDER[s.state],
  viewers: (s) => s.viewers,
  rate: (s) => s.outline?.bits_per_second.at(-1) ?? 0,
  age: (s) => newest(s) ?? Infinity,
  renditions: (s) => s.renditions.length,
  opened: (s) => s.opened_at ?? 0,
};

/** The age of the rendition that is furthest behind, in milliseconds. */
function newest(stream) {
  const ages = stream.renditions.filter((r) => r.state !== 'ended' && r.age !== undefined).map((r) => r.age);
  return ages.length ? Math.max(...ages) : undefined;
}

export class Table {
  constructor() {
    this.limit = STEP;
    this.sort = { key: 'state', down: false };
    this.rows = new Map();
    this.search = element('search');
    this.search.addEventListener('input', () => this.draw());
    for (const head of document.querySelectorAll('#streams th')) {
      head.querySelector('button').addEventListener('click', () => {
        const { key } = head.dataset;
        this.sort = { key, down: this.sort.key === key ? !this.sort.down : ['viewers', 'rate', 'age'].includes(key) };
        this.draw();
      });
    }
    element('more').addEventListener('click', () => {
      this.limit = Math.min(MOST, this.limit + STEP);
      this.onmore?.();
    });
  }

  path() {
    return `/api/streams?history=1&limit=${this.limit}`;
  }

  take(answer) {
    this.answer = answer;
    this.draw();
  }

  draw() {
    if (!this.answer) return;
    const { streams, next, now } = this.answer;
    const words = this.search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (s) => words.every((word) => `${s.name} ${s.state} ${s.renditions.map((r) => r.codecs).join(' ')}`.toLowerCase().includes(word));
    const { key, down } = this.sort;
    const by = KEYS[key];
    const found = streams.filter(matches).sort((a, b) => {
      const [x, y] = [by(a), by(b)];
      const order = (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
      return order || (a.name < b.name ? -1 : 1);
    });
    for (const head of document.querySelectorAll('#streams th')) {
      if (head.dataset.key === key) attribute(head, 'aria-sort', down ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    const rows = found.map((stream) => this.row(stream, now));
    const body = element('rows');
    if (rows.length !== body.children.length || rows.some((row, i) => body.children[i] !== row)) {
      // Moving a row takes the focus off it.
      const focused = document.activeElement;
      body.replaceChildren(...rows);
      if (body.contains(focused)) focused.focus();
    }
    const there = new Set(streams.map((s) => s.name));
    for (const name of this.rows.keys()) if (!there.has(name)) this.rows.delete(name);
    element('streams').hidden = found.length === 0;
    element('more').hidden = !next || this.limit >= MOST;
    const remark = note(streams, found, next, this.limit);
    text('streams-note', remark);
    element('streams-note').hidden = !remark;
  }

  row(stream, now) {
    let row = this.rows.get(stream.name);
    if (!row) this.rows.set(stream.name, (row = build(stream)));
    const { badge, viewers, rate, age: since, renditions: of, opened } = row.parts;
    attribute(badge, 'data-state', stream.state);
    text(badge.firstChild, stream.state);
    text(viewers.value, count(stream.viewers));
    const outline = stream.outline ?? { bits_per_second: [], viewers: [], age_seconds: [] };
    text(rate.value, bitrate(outline.bits_per_second.at(-1)));
    text(since.value, stream.state === 'ended' ? '–' : age(newest(stream)));
    drawSpark(viewers.line, outline.viewers);
    drawSpark(rate.line, outline.bits_per_second);
    drawSpark(since.line, outline.age_seconds);
    text(of, renditions(stream.renditions));
    text(opened, span(now - stream.opened_at));
    return row;
  }
}

function build(stream) {
  const row = document.createElement('tr');
  const cell = (className, ...content) => {
    const td = make('td', className);
    td.append(...content);
    row.append(td);
    return td;
  };
  const link = make('a', '', stream.name);
  link.href = `#/${encodeURIComponent(stream.name)}`;
  const name = make('th', 'name');
  name.scope = 'row';
  name.append(link);
  row.append(name);
  const measure = (colour) => {
    const [box, value, line] = [make('span', 'measure'), make('span', 'value'), spark(colour)];
    box.append(line, value);
    cell('number', box);
    return { value, line };
  };
  const badge = make('span', 'badge');
  badge.append(make('span', 'word'));
  cell('state-cell', badge);
  row.parts = { badge, viewers: measure('first'), rate: measure('second'), age: measure('third'),
    renditions: cell('wide soft'), opened: cell('wide number soft') };
  return row;
}

function note(streams, found, next, limit) {
  if (!streams.length) return 'No stream is there. Encoders publish over HTTP and RTMP: docs/quickstart.md says how.';
  const more = next ? ` The first ${limit} by name are here; /api/streams has all of them, page by page.` : '';
  if (!found.length) return `None of ${streams.length} streams is called that.${more}`;
  return (found.length < streams.length ? `${found.length} of ${streams.length} streams.` : '') + more;
}
