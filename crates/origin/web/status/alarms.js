// What is wrong, in the server's own words.

import { attribute, element, make, text } from '../shared/dom.js';
import { plural, span } from './words.js';

/** Shows the alarms; keeps the elements of those that stay, so that nothing is read out twice. */
export function showAlarms({ alarms, more_alarms: more, now }) {
  const list = element('alarm-list');
  const shown = new Map([...list.children].map((item) => [item.dataset.about, item]));
  const items = alarms.map((alarm) => {
    const about = `${alarm.kind}/${alarm.stream ?? ''}/${alarm.since}`;
    const item = shown.get(about) ?? build(alarm, about);
    text(item.querySelector('.alarm-text'), alarm.text);
    text(item.querySelector('.alarm-since'), `for ${span(now - alarm.since)}`);
    return item;
  });
  if (items.length !== list.children.length || items.some((item, i) => list.children[i] !== item)) list.replaceChildren(...items);
  element('alarms').hidden = alarms.length === 0;
  element('alarm-more').hidden = !more;
  text('alarm-more', more ? `And ${more} more.` : '');
}

function build(alarm, about) {
  const item = make('li', 'alarm');
  item.dataset.about = about;
  item.dataset.severity = alarm.severity;
  const words = alarm.stream ? make('a', 'alarm-text') : make('span', 'alarm-text');
  if (alarm.stream) words.href = `#/${encodeURIComponent(alarm.stream)}`;
  item.append(make('span', 'alarm-severity', alarm.severity === 'critical' ? 'Critical' : 'Warning'), words, make('span', 'alarm-since'));
  return item;
}

/** The one line in the head of the page. */
export function showHealth({ alarms, more_alarms: more }) {
  const critical = alarms.filter((alarm) => alarm.severity === 'critical').length;
  const count = alarms.length + more;
  attribute(element('health'), 'data-tone', critical ? 'bad' : count ? 'warn' : 'good');
  text('health-text', count ? plural(count, 'alarm') : 'All is well');
}

export function showUnreachable() {
  attribute(element('health'), 'data-tone', 'bad');
  text('health-text', 'No answer from the server');
}
