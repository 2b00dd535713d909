// The viewer's token: where it comes from, where it goes. It is kept for this tab alone, and the address bar does not show it.

import { settingOf, store } from './settings.js';

const LONGEST = 4096;
const WELL_FORMED = /^[A-Za-z0-9\-._~*]+$/;

/** Takes a token out of what somebody pasted: the token itself, or a link with one. */
export function tokenIn(text) {
  const pasted = text.trim();
  const found = /[?&]token=([^&#\s]+)/.exec(pasted)?.[1] ?? /\/t\/([^/\s]+)\//.exec(pasted)?.[1] ?? pasted;
  return WELL_FORMED.test(found) && found.length <= LONGEST ? found : undefined;
}

/**
 * What a token says of itself, which nobody has checked here: good for words alone.
 * @returns {{until?: Date, streams?: string}}
 */
export function claims(token) {
  try {
    const parts = token.split('.');
    if (parts[0] === 's1') return { until: dated(Number(parts[1])), streams: parts.slice(2, -1).join('.') };
    const { exp, stream } = JSON.parse(atob(parts[1].replaceAll('-', '+').replaceAll('_', '/')));
    return { until: dated(exp), streams: [stream].flat().join(', ') };
  } catch {
    return {};
  }
}

const dated = (seconds) => (Number.isFinite(seconds) ? new Date(seconds * 1000) : undefined);

/** The address of a playlist with a token where the origin looks for it; `docs/access.md`. */
export function withToken(url, token, place) {
  if (!token || !place) return url;
  const whole = new URL(url, location.href);
  if (whole.origin !== location.origin) return url; // it is not theirs
  if (place === 'path') whole.pathname = `/t/${token}${whole.pathname}`;
  else whole.searchParams.set('token', token);
  return whole.href;
}

/** The token of this tab. */
export class TokenKeeper {
  constructor() {
    this.value = settingOf('token', sessionStorageOf());
    this.takeFromAddress();
  }

  /** A link that brought a token gives it away once: not to the history, not to whoever looks over a shoulder. */
  takeFromAddress() {
    const address = new URL(location.href);
    const given = address.searchParams.get('token');
    if (given === null) return;
    address.searchParams.delete('token');
    history.replaceState(history.state, '', address);
    const token = tokenIn(given);
    if (token) this.keep(token);
  }

  keep(token) {
    this.value = token;
    store('token', token, sessionStorageOf());
  }
}

function sessionStorageOf() {
  try {
    return window.sessionStorage;
  } catch {
    return undefined; // cookies and storage are switched off
  }
}
