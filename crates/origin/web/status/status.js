// The status page's entry: who is asked when, and which of its two views is shown.

import { element, text } from '../shared/dom.js';
import { showAlarms, showHealth, showUnreachable } from './alarms.js';
import { Detail } from './detail.js';
import { Overview } from './overview.js';
import { Past, Source } from './source.js';
import { Table } from './table.js';

const past = new Past();
const overview = new Overview();
const table = new Table();
const detail = new Detail();
let server;

const sources = {
  server: new Source({
    path: () => `/api/server?since=${past.count}`,
    everyMs: 2_000,
    onanswer(answer) {
      server = answer;
      past.take(answer.history);
      showHealth(answer);
      showAlarms(answer);
      overview.show(answer, past);
      window.llhls = { server, samples: past.samples.length };
    },
    onfailure: showUnreachable,
  }),
  streams: new Source({
    path: () => table.path(),
    everyMs: 2_000,
    onanswer: (answer) => table.take(answer),
  }),
  detail: new Source({
    path: () => detail.path(),
    everyMs: 2_000,
    onanswer: (answer) => detail.take(answer, watchUrl(answer)),
    onfailure: (status) => detail.missing(status),
  }),
};
table.onmore = () => sources.streams.poll();

/** The name in `#/NAME`. */
function chosen() {
  const hash = location.hash.replace(/^#\/?/, '');
  try {
    return decodeURIComponent(hash === 'main' ? '' : hash);
  } catch {
    return hash;
  }
}

function route() {
  if (location.hash === '#main') return; // the skip link
  const name = chosen();
  const isDetail = name !== '';
  const before = element('detail').hidden ? '' : detail.name;
  element('overview').hidden = isDetail;
  element('detail').hidden = !isDetail;
  text('title', isDetail ? name : 'Server status');
  document.title = isDetail ? `${name} · Status · llhls` : 'Status · llhls';
  sources.streams.stop();
  sources.detail.stop();
  if (isDetail) {
    detail.open(name);
    sources.detail.start();
  } else {
    sources.streams.start();
  }
  // Whoever came by a link in the page goes on reading at its start.
  if (before !== name && document.activeElement !== document.body) element('main').focus();
  scrollTo(0, 0);
}

/** Where the stream can be watched: the player page of the public listener, as far as it can be told from here. */
function watchUrl({ name, state }) {
  const listeners = server?.listeners ?? [];
  const listener = listeners.find((it) => it.tls) ?? listeners[0];
  if (!listener || state === 'ended') return undefined;
  const [, host, port] = /^(.*):(\d+)$/.exec(listener.address) ?? [];
  const isHere = /^(0\.0\.0\.0|\[::\]|127\.|\[::1\])/.test(host ?? '');
  const scheme = listener.tls ? 'https' : 'http';
  return `${scheme}://${isHere ? location.hostname : host}:${port}/#/${encodeURIComponent(name)}`;
}

addEventListener('hashchange', route);
sources.server.start();
route();
