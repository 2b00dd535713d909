// The server as a whole: gauges and facts.

import { element, make, text } from '../shared/dom.js';
import { bitrate, count } from '../shared/format.js';
import { Gauges } from './gauges.js';
import { amount, bytes, plural, span } from './words.js';

const of = (used, limit) => (limit ? `of ${count(limit)}` : '');
const [VIEWERS, RATE] = ['accent', 'second'];

const GAUGES = [
  { name: 'Viewers', colour: VIEWERS, unit: '', unitWords: 'viewers', least: 4, read: (s) => s.viewers,
    figure: (s) => [amount(s.viewers), ''], note: (s) => `${plural(s.waiting, 'request')} held` },
  { name: 'Live streams', colour: VIEWERS, unit: '', unitWords: 'streams', least: 4, read: (s) => s.live,
    figure: (s) => [amount(s.live), ''], note: (s, { memory }) => (s.stalled ? `${s.stalled} stalled, ` : '') + `room for ${memory.streams_limit}` },
  { name: 'Sent', colour: RATE, unit: 'Mb/s', unitWords: 'megabits a second', read: (s) => s.sent_bits_per_second / 1e6,
    figure: (s) => rate(s.sent_bits_per_second), note: (s) => `${bitrate(s.received_bits_per_second)} received` },
  { name: 'Requests', colour: RATE, unit: '/s', unitWords: 'a second', least: 4, read: (s) => s.requests_per_second,
    figure: (s) => [amount(s.requests_per_second), '/s'], note: (s) => (s.failed_per_second ? `${amount(s.failed_per_second)}/s failed` : 'none failed') },
  { name: 'Connections', colour: VIEWERS, unit: '', unitWords: 'connections', least: 4, read: (s) => s.connections,
    figure: (s) => [amount(s.connections), ''], note: (s, { connections }) => of(s.connections, connections.limit) },
  { name: 'Processor', colour: RATE, unit: '%', unitWords: 'per cent of one processor', least: 10, read: (s) => s.cpu * 100,
    figure: (s) => [amount(s.cpu * 100), '%'], note: () => 'of one processor' },
  { name: 'Memory', colour: RATE, unit: 'MiB', unitWords: 'mebibytes', read: (s) => s.resident_bytes / 2 ** 20,
    figure: (s) => bytes(s.resident_bytes).split(' '), note: () => 'of the whole process' },
  { name: 'Media held', colour: VIEWERS, unit: 'MiB', unitWords: 'mebibytes', read: (s) => s.media_bytes / 2 ** 20,
    figure: (s) => bytes(s.media_bytes).split(' '), note: (s, { memory }) => `of ${bytes(memory.media_limit_bytes)}` },
];

function rate(bits) {
  return bits < 999_500 ? [amount(bits / 1e3), 'kb/s'] : [amount(bits / 1e6), 'Mb/s'];
}

export class Overview {
  constructor() {
    this.gauges = new Gauges(element('gauges'), GAUGES);
  }

  show(server, past) {
    this.gauges.show(past, server, server.now);
    showFacts(element('facts'), facts(server));
    text('foot', `llhls ${server.version} · the same as JSON at /api/server and /api/streams, for Prometheus at /metrics`);
  }
}

function facts({ now, started, memory, connections, requests, network, listeners, recording }) {
  const spoken = connections.by_protocol.filter(({ open }) => open > 0).map(({ protocol, security, open }) =>
    `${open} ${{ http1: 'HTTP/1.1', http2: 'HTTP/2', rtmp: 'RTMP', unknown: 'silent' }[protocol]}${security === 'tls' ? ' with TLS' : ''}`);
  const refused = Object.values(connections.refused).reduce((a, b) => a + b, 0);
  const ends = listeners.map((it) => it.certificate_ends).filter(Boolean).sort((a, b) => a - b)[0];
  return [
    ['Running for', span(now - started)],
    ['Listening on', listeners.map(({ address, tls }) => `${address}${tls ? ' (TLS)' : ''}`).join(', ') || '–'],
    ['Connections', spoken.join(', ') || 'none'],
    ['Turned away', refused || requests.refused || connections.failed_accepts
      ? `${plural(refused, 'connection')}, ${plural(requests.refused, 'request')}, ${connections.failed_accepts} not accepted` : 'nobody'],
    ['Certificate', ends ? (ends > now ? `ends in ${span(ends - now)}` : 'has expired') : 'none'],
    ['Failed TLS handshakes', count(connections.failed_tls_handshakes)],
    ['Renditions', `${count(memory.renditions)} of ${count(memory.renditions_limit)}`],
    ['Requests under way', `${count(requests.under_way)} of ${count(requests.limit)}`],
    ['Sent and received', `${bytes(network.sent_bytes)}, ${bytes(network.received_bytes)}`],
    ['Recording', recording
      ? `${recording.trouble ? 'fails, ' : ''}${bytes(recording.stored_bytes)} of ${plural(recording.streams, 'stream')} stored${recording.lost_segments ? `, ${plural(recording.lost_segments, 'segment')} lost` : ''}`
      : 'off'],
    ...(recording?.disk_bytes ? [['Disk of the recordings', `${bytes(recording.free_bytes)} of ${bytes(recording.disk_bytes)} free`]] : []),
  ];
}

/** Names and values; elements that are there are kept. */
export function showFacts(list, pairs) {
  pairs.forEach(([name, value], i) => {
    const row = list.children[i] ?? list.appendChild(pair());
    text(row.children[0], name);
    text(row.children[1], value);
  });
  while (list.children.length > pairs.length) list.lastChild.remove();
}

function pair() {
  const row = document.createElement('div');
  row.append(make('dt', ''), make('dd', ''));
  return row;
}
