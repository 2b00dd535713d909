// hls.js goes back in a live stream, and watches it when it is over.

import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, openPage } from './support/browser.js';
import { startOrigin } from './support/origin.js';

const LIBRARY = fileURLToPath(new URL('../node_modules/hls.js/dist/hls.min.js', import.meta.url));

let browser;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llhls-rewind-'));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** An origin that records, and a page of its own with nothing on it but hls.js. */
async function recorded(args) {
  const recording = ['--set', `recording.directory=${folder}`];
  const streams = args.includes('--no-demo') ? 0 : 1;
  const origin = await startOrigin({ args: [...recording, ...args], streams });
  const page = await openPage(browser);
  const loaded = [];
  page.on('response', (response) => {
    if (response.url().includes('/live/')) loaded.push({ url: response.url(), status: response.status() });
  });
  await page.goto(new URL('healthz', origin.page).href);
  await page.addScriptTag({ path: LIBRARY });
  // Plays `url` from `from` on ('start', 'live', or seconds) for `seconds`; says what could be seeked to.
  const play = (url, from, seconds) => page.evaluate(async ([url, from, seconds]) => {
    const { Hls } = window;
    const event = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
    const fatal = new Promise((_, reject) => {
      window.hls?.on(Hls.Events.ERROR, (_, { fatal, details }) => fatal && reject(new Error(details)));
    });
    if (!window.hls) {
      const video = document.body.appendChild(document.createElement('video'));
      video.muted = true;
      window.hls = new Hls({ lowLatencyMode: true });
      window.hls.loadSource(url);
      window.hls.attachMedia(video);
      await new Promise((resolve, reject) => {
        window.hls.once(Hls.Events.FRAG_BUFFERED, resolve);
        window.hls.on(Hls.Events.ERROR, (_, { fatal, details }) => fatal && reject(new Error(details)));
      });
    }
    const video = window.hls.media;
    const range = { start: video.seekable.start(0), end: video.seekable.end(0) };
    const to = { start: range.start + 0.5, live: window.hls.liveSyncPosition }[from] ?? from;
    video.currentTime = to;
    await video.play();
    const played = (async () => {
      while (video.currentTime < to + seconds && !video.ended) await event(video, 'timeupdate');
    })();
    await Promise.race([played, fatal]);
    return { ...range, at: video.currentTime, to, ended: video.ended, duration: video.duration };
  }, [url, from, seconds]);
  const close = async () => {
    await page.context().close();
    await origin.stop();
  };
  return { origin, loaded, play, close };
}

/** The numbers of the segments that were loaded, of whichever rendition, parts aside. */
const segments = (loaded) => loaded.map(({ url }) => /-(\d+)\.m4s$/.exec(new URL(url).pathname)?.[1]).filter(Boolean).map(Number);

describe('a recorded stream', () => {
  let oldest;

  test('can be rewound while it is live, and caught up with', { timeout: 60_000 }, async () => {
    const { origin, loaded, play, close } = await recorded([]);
    const url = origin.streams[0].replace('index.m3u8', 'dvr.m3u8');
    const back = await play(url, 'start', 3);
    assert.ok(back.end - back.start > 20, `only from ${back.start} to ${back.end}`);
    assert.ok(back.at >= back.to + 3, `it stands at ${back.at}`);
    oldest = Math.min(...segments(loaded));
    const live = await play(url, 'live', 3);
    assert.ok(live.to > back.at + 10 && live.at >= live.to + 3, JSON.stringify({ back, live }));
    assert.ok(Math.max(...segments(loaded)) > oldest + 10, 'the newest was never loaded');
    for (const { url: asked, status } of loaded) assert.ok(status === 200 || status === 206, `${status} ${asked}`);
    await close();
  });

  test('is on demand after a restart, to its end', { timeout: 60_000 }, async () => {
    const { origin, loaded, play, close } = await recorded(['--no-demo']);
    const url = new URL('live/demo/dvr.m3u8', origin.page).href;
    const whole = await play(url, 'start', 3);
    assert.ok(Number.isFinite(whole.duration) && whole.duration > 20, `it lasts ${whole.duration}`);
    assert.equal(Math.min(...segments(loaded)), oldest, 'it begins where the recording does');
    const end = await play(url, whole.duration - 3, 60);
    assert.ok(end.ended, `it stands at ${end.at} of ${end.duration}`);
    assert.equal((await fetch(url.replace('dvr.m3u8', 'index.m3u8'))).status, 404, 'it is not live');
    await close();
  });
});
