// A real encoder: ffmpeg sends a generated picture and a tone in real time, and is watched like the demo.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, openPage, shoot, untilState } from './support/browser.js';
import { publish as publishTo, run } from './support/encoder.js';
import { startOrigin } from './support/origin.js';
import { assertPlayedWell, watch } from './support/watching.js';

const SECONDS = Number(process.env.WATCH_SECONDS ?? 25);
const DECODED_SECONDS = 10;
const APPEARS_MS = 20_000;
let origin;
let browser;
before(async () => {
  origin = await startOrigin({ args: ['--no-demo'], streams: 0 });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await origin?.stop();
});

const publish = (name, codec) => publishTo(origin.page, name, codec);

/** Resolves to the stream of that name once the list has it; rejects when the encoder ends before. */
async function listed(name, encoder) {
  const deadline = AbortSignal.timeout(APPEARS_MS);
  const list = new URL('api/streams', origin.page);
  while (!deadline.aborted) {
    if (encoder.seen.code !== undefined) throw new Error(`ffmpeg ended with ${encoder.seen.code}: ${encoder.seen.errors}\n${origin.log()}`);
    const { streams } = await (await fetch(list, { signal: deadline })).json();
    const stream = streams.find((s) => s.name === name);
    // The list has no way to wait; the playlist has (its first answer is held until there is something to play).
    if (stream && (await fetch(new URL(stream.url, list), { signal: deadline })).ok) return stream;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${name} was not listed within ${APPEARS_MS} ms: ${encoder.seen.errors}\n${origin.log()}`);
}

for (const [kind, name, codec] of [
  ['without B-frames', 'cam', ['-profile:v', 'baseline', '-tune', 'zerolatency']],
  ['with B-frames', 'cam-b', ['-profile:v', 'main', '-bf', '2']],
]) {
  test(`an encoder ${kind} is played with low latency and decodes`, { timeout: (SECONDS + DECODED_SECONDS + 90) * 1_000 }, async (t) => {
    const encoder = publish(name, codec);
    try {
      const stream = await listed(name, encoder);
      const page = await openPage(browser);
      const seen = await watch(page, new URL(`#/${name}`, origin.page).href, { seconds: SECONDS, label: name });
      t.diagnostic(JSON.stringify(seen.figures));
      if (name === 'cam') await shoot(page, 'encoder');
      await seen.recorder.finish();
      await page.context().close();
      await decodes(new URL(stream.url, origin.page).href);
      assertPlayedWell(seen, page);
    } finally {
      encoder.child.kill('SIGINT');
      await encoder.ended;
    }
    assert.doesNotMatch(encoder.seen.errors, /error|broken pipe|refused/i, 'what ffmpeg says about sending');
  });
}

// When the encoder is killed, in seconds of what was played: early is less than what an encoder may send again after a lost connection (three
// segments), and is no repetition all the same; late, the window has begun to slide. `KILL_SECONDS=12` moves both.
describe('a restart', () => {
  for (const [kind, name, codec, killed] of [
    ['without B-frames, early', 'returns', ['-profile:v', 'baseline', '-tune', 'zerolatency'], 2],
    ['with B-frames', 'returns-b', ['-profile:v', 'main', '-bf', '2'], 4],
  ]) {
    const seconds = Number(process.env.KILL_SECONDS ?? killed);
    test(`an encoder ${kind} that stops and comes back is played on, without a reload and without old media`, { timeout: (seconds + 90) * 1_000 }, async () => {
      const first = publish(name, codec);
      const page = await openPage(browser);
      try {
        await listed(name, first);
        await page.goto(new URL(`#/${name}`, origin.page).href);
        await untilState(page, 'playing');
        const played = (least) => document.getElementById('video').currentTime > least;
        await page.waitForFunction(played, seconds, { timeout: (seconds + 20) * 1_000 });
      } finally {
        first.child.kill('SIGKILL');
        await first.ended;
      }
      await page.waitForFunction(() => !document.getElementById('notice').hidden, undefined, { timeout: 15_000 });
      const second = publish(name, codec);
      try {
        // Its own media starts at time zero again: nothing of it may be taken for a repetition of what came before.
        await page.waitForFunction(() => document.getElementById('notice').hidden && window.llhls.metrics.latency < 3, undefined, { timeout: 12_000 })
          .catch(async () => {
            const { latency, errors } = await page.evaluate(() => window.llhls.metrics);
            assert.fail(`not live again within 12 s: latency ${latency} s, ${JSON.stringify(errors)}\n${second.seen.errors}${origin.log()}`);
          });
        const playlist = await (await fetch(new URL(`live/${name}/video/media.m3u8`, origin.page))).text();
        assert.match(playlist, /#EXT-X-DISCONTINUITY\n/);
      } finally {
        second.child.kill('SIGKILL');
        await second.ended;
        await page.context().close();
      }
    });
  }
});

/** ffprobe finds both tracks, and ffmpeg decodes ten seconds of them, without a line of complaint. */
async function decodes(url) {
  const probe = await run('ffprobe', ['-hide_banner', '-loglevel', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', url]).ended;
  assert.equal(probe.errors, '');
  assert.deepEqual([...new Set(probe.output.split(/\s+/).filter(Boolean))].sort(), ['aac', 'h264']);
  const decode = await run('ffmpeg', ['-hide_banner', '-nostdin', '-loglevel', 'error', '-i', url, '-t', String(DECODED_SECONDS), '-f', 'null', '-']).ended;
  assert.equal(decode.errors, '');
  assert.equal(decode.code, 0);
}
