// A stand-in for the origin that serves the page as it is on disk and whatever state a test wants to see. Its one stream is
// plain live HLS cut from the demo clip, enough for the page to play; low latency is proven against the origin itself.

import { readFile } from 'node:fs/promises';
import { servePage } from './pages.js';

const CLIP = new URL('../../../demo/video-360.mp4', import.meta.url);
const LIBRARY = new URL('../../node_modules/hls.js/dist/hls.min.js', import.meta.url);
const SEGMENT_MS = 1_000;
const WINDOW = 8;

/**
 * `state` may be changed while it runs: `streams` and `recorded` (names), `library`, `api` and `playlist` (status),
 * `ended`, `frozen` (no segments after that unix second; the list says that the encoder is gone).
 */
export async function startMock(initial = {}) {
  const state = { streams: ['studio'], recorded: [], library: 200, api: 200, playlist: 200, ended: false, frozen: undefined, port: 0, ...initial };
  const clip = readClip(await readFile(CLIP));
  const answer = async ({ pathname: path }, send) => {
    const [, , name, file] = path.split('/');
    if (path === '/api/recordings') return send(state.api, 'application/json', JSON.stringify({ now: Date.now(), recordings: recordings(state) }));
    if (path === '/api/streams') return send(state.api, 'application/json', JSON.stringify(listing(state)));
    if (path === '/hls.js') return state.library === 200 ? send(200, 'text/javascript', await readFile(LIBRARY)) : send(state.library, 'text/plain', 'not installed');
    if (path.startsWith('/live/') && [...state.streams, ...state.recorded].includes(name)) return live(file, clip, state, send);
    return false;
  };
  const files = /^\/(player\.(js|css)|(player|shared)\/[a-z]+\.(js|css)|icon\.svg)$/;
  return { state, ...(await servePage({ port: state.port, at: '/', page: 'index.html', files, answer })) };
}

function listing({ streams, frozen }) {
  const encoder = frozen ? 'stalled' : 'live';
  return {
    now: Date.now(),
    streams: streams.map((name) => ({
      name,
      url: `/live/${name}/index.m3u8`,
      renditions: [
        { name: 'video-720', kind: 'video', codecs: 'avc1.64001f', resolution: '1280x720', bandwidth: 900_000, state: encoder },
        { name: 'video-360', kind: 'video', codecs: 'avc1.64001e', resolution: '640x360', bandwidth: 400_000, state: encoder },
        { name: 'audio', kind: 'audio', codecs: 'mp4a.40.2', bandwidth: 70_000, state: encoder },
      ],
    })),
  };
}

const recordings = ({ recorded }) => recorded.map((name) => ({ name, url: `/live/${name}/dvr.m3u8`, renditions: ['video'], live: false }));

function live(file, clip, state, send) {
  const text = (body) => send(state.playlist, 'application/vnd.apple.mpegurl', state.playlist === 200 ? body : '');
  const edge = state.frozen ?? Math.floor(Date.now() / SEGMENT_MS); // segment n covers the second n of unix time
  if (file === 'index.m3u8' || file === 'dvr.m3u8') {
    return text('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=400000,CODECS="avc1.64001e",RESOLUTION=640x360\nvideo.m3u8\n');
  }
  if (file === 'video.m3u8') {
    const first = edge - WINDOW;
    const segments = Array.from({ length: WINDOW }, (_, i) =>
      `#EXT-X-PROGRAM-DATE-TIME:${new Date((first + i) * SEGMENT_MS).toISOString()}\n#EXTINF:1,\n${first + i}.m4s`);
    const header = ['#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-TARGETDURATION:1', `#EXT-X-MEDIA-SEQUENCE:${first}`, '#EXT-X-MAP:URI="init.mp4"'];
    return text([...header, ...segments, ...(state.ended ? ['#EXT-X-ENDLIST'] : []), ''].join('\n'));
  }
  if (file === 'init.mp4') return send(200, 'video/mp4', clip.init);
  const number = /^(\d+)\.m4s$/.exec(file)?.[1];
  if (number === undefined) return send(404, 'text/plain', 'not here');
  return send(200, 'video/mp4', retimed(clip.fragments[number % clip.fragments.length], BigInt(number) * clip.timescale));
}

/** A clip as `{init, fragments, timescale}`: one fragment a second, as the script beside it makes them. */
function readClip(bytes) {
  const fragments = [];
  let init = bytes;
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'moof') {
      if (!fragments.length) init = bytes.subarray(0, at);
      fragments.push(bytes.subarray(at, at + size + bytes.readUInt32BE(at + size)));
    }
    at += size;
  }
  return { init, fragments, timescale: 90_000n };
}

function retimed(fragment, ticks) {
  const copy = Buffer.from(fragment);
  copy.writeBigUInt64BE(ticks, copy.indexOf('tfdt') + 8); // past the name, the version (1) and the flags
  return copy;
}
