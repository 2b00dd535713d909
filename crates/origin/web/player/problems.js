// What can go wrong, and what is said of it: what happened, and what to do.

import { claims } from './token.js';

/** @typedef {{title: string, text?: string, hint?: string, action?: string, busy?: boolean, asksToken?: boolean, again?: boolean}} Notice */

/** `again`: the page tries by itself, with growing pauses. */
const PROBLEMS = {
  library: {
    title: 'The player did not load', text: 'hls.js could not be fetched from this origin.',
    hint: 'Check the connection. If it is good, an extension of this browser may be blocking scripts.', action: 'Try again',
  },
  noLibrary: {
    title: 'This origin has no player', text: 'It was built without hls.js. The streams themselves can be watched: their address opens in any HLS player.',
    hint: 'Its operator can run “npm ci” in crates/origin/web and build again, or set page.player_library.', action: 'Try again',
  },
  unsupported: {
    title: 'This browser cannot play HLS', text: 'It has neither Media Source Extensions nor HLS of its own.',
    hint: 'Update it, take another browser, or open the address below in a media player.',
  },
  missing: { title: 'The stream is not there', text: 'The origin has no playlist at this address, or not yet.', again: true },
  gone: { title: 'This is no longer kept', text: 'What you watched has left the recording.', again: true },
  network: { title: 'The connection was interrupted', text: 'The origin stopped answering, or the network did.', hint: 'Check that this device is online.', again: true },
  server: { title: 'The origin has trouble', text: 'It answered, but with an error.', hint: 'If it goes on, tell whoever runs it.', again: true },
  busy: { title: 'The origin is busy', text: 'It cannot answer more requests at the moment.', again: true },
  refused: {
    title: 'Watching is not allowed', text: 'The origin, or something in front of it, refused.', hint: 'Ask whoever runs it.', action: 'Try again',
  },
  media: { title: 'The stream cannot be decoded', text: 'This browser refused the media.', hint: 'Choose another quality in the settings, or another browser.', again: true },
  gesture: { title: 'Ready', text: 'This browser starts video only when asked to.', action: 'Play' },
};

const CODECS = { avc: 'H.264', hvc: 'HEVC (H.265)', hev: 'HEVC (H.265)', av01: 'AV1', vp09: 'VP9', mp4a: 'AAC', opus: 'Opus', 'ac-3': 'Dolby Digital', 'ec-3': 'Dolby Digital Plus', flac: 'FLAC' };

/** The common names of codec strings: `hvc1.1.6.L93.B0` is HEVC (H.265). */
export function codecNames(list) {
  const name = (codec) => Object.entries(CODECS).find(([start]) => codec.toLowerCase().startsWith(start))?.[1] ?? codec;
  return [...new Set(list.filter(Boolean).map(name))].join(' and ');
}

/** Those of a stream's codecs that this browser says it cannot decode. */
export function undecodable(renditions, canPlay = (type) => window.MediaSource?.isTypeSupported(type) ?? true) {
  return (renditions ?? [])
    .filter(({ kind, codecs }) => codecs && !canPlay(`${kind === 'audio' ? 'audio' : 'video'}/mp4; codecs="${codecs}"`))
    .map(({ codecs }) => codecs);
}

/**
 * @param {string} kind of the engine's problems, or `exchange`, `undecided`, `refused`
 * @param {{detail?: string, name?: string, token?: string, codecs?: string[]}} facts
 * @returns {Notice}
 */
export function problemNotice(kind, { detail, name, token, codecs = [] } = {}) {
  const stream = name ? `“${name}”` : 'this origin';
  switch (kind) {
    case 'token': {
      if (!token) {
        return { title: 'A token is needed', text: `Watching ${stream} is for those who have a token.`, hint: 'Ask whoever invited you for one, or for a link with one in it.', asksToken: true };
      }
      const { until } = claims(token);
      const text = until && until < new Date()
        ? `It was good until ${until.toLocaleString()}.`
        : 'The origin does not know it. Perhaps a part of it is missing, or its key was changed.';
      return { title: until && until < new Date() ? 'Your token has ended' : 'Your token is not accepted', text, hint: 'Ask whoever gave it to you for a new one.', asksToken: true };
    }
    case 'otherStream': {
      const { streams } = token ? claims(token) : {};
      return {
        title: 'Your token is for another stream', text: `It does not open ${stream}${streams ? `; it is for “${streams}”` : ''}.`,
        hint: 'Choose a stream that it opens, or use another token.', asksToken: true,
      };
    }
    case 'exchange':
      return { title: 'Another token', text: 'It takes the place of the one that this tab has.', asksToken: true, action: name && 'Go on with the old one' };
    case 'undecided':
      return { title: 'It cannot be decided whether you may watch', text: 'The service that this origin asks does not answer.', again: true };
    case 'codec': {
      const names = codecNames(codecs);
      return {
        title: names ? `This browser cannot play ${names}` : 'This browser cannot play this stream',
        text: `${stream} has nothing that it can decode.`, hint: 'Take another browser, open the address below in a media player, or publish H.264 with AAC.', action: 'Try again',
      };
    }
    default: {
      const problem = PROBLEMS[kind] ?? PROBLEMS.network;
      return detail && (problem.again || kind === 'refused') ? { ...problem, text: `${problem.text} (${detail})` } : problem;
    }
  }
}

/** Nothing came back at all. */
export function unreachable() {
  return navigator.onLine === false
    ? { title: 'This device is offline', text: 'There is no network.', hint: 'It goes on by itself when the network is back.' }
    : { title: 'The origin does not answer', text: `Nothing came back from ${location.host}.`, hint: 'Check that it is running and that this device can reach it.' };
}

/** No stream by this name, or none at all. @param {{others: boolean}} there `others`: something else is in the list */
export function absent(name, { others }) {
  const list = others ? 'What else there is stands in the list below.' : '';
  if (!name) {
    return { title: 'No stream is live', text: 'One starts here by itself as soon as it is published.', hint: list || 'How to publish one with ffmpeg is shown below.', busy: true };
  }
  return { title: `“${name}” is not live`, text: 'It starts here by itself as soon as it is published.', hint: list, busy: true };
}

/** A picture that stands still needs words. */
export function silence(isLive, seconds) {
  return {
    title: isLive ? 'Waiting for the stream' : 'The encoder is gone', busy: true,
    text: `No new media for ${seconds} s. It goes on here by itself${isLive ? '' : ' as soon as the encoder is back'}.`,
  };
}
