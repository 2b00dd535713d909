// hls.js over HTTP/1.1 and over HTTP/2 with TLS: playing, a change of rendition, a discontinuity, the end.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { launch, openPage, untilState } from './support/browser.js';
import { publish, publishAtOnce, run } from './support/encoder.js';
import { startOrigin } from './support/origin.js';
import { assertPlayedWell, watch } from './support/watching.js';

const SECONDS = Number(process.env.WATCH_SECONDS ?? 15);
const CODEC = ['-profile:v', 'baseline', '-tune', 'zerolatency'];
let origin;
let browser;
before(async () => {
  origin = await startOrigin({ args: ['--tls-self-signed', '--tls-listen', '127.0.0.1:0'], secure: true });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await origin?.stop();
});

/** The protocols by which the page’s playlists and media came, as the browser names them; of what was given up it names none. */
const protocols = (page) => page.evaluate(() => [...new Set(performance.getEntriesByType('resource')
  .filter(({ name }) => /\/live\//.test(name)).map(({ nextHopProtocol }) => nextHopProtocol).filter(Boolean))]);

test(`over HTTP/2 with TLS the demo plays ${SECONDS} s with low latency, and another rendition when asked`, { timeout: (SECONDS + 60) * 1_000 }, async (t) => {
  const page = await openPage(browser, { ignoreHTTPSErrors: true });
  const seen = await watch(page, origin.secure.page, { seconds: SECONDS, label: 'h2' });
  t.diagnostic(JSON.stringify(seen.figures));
  assert.deepEqual(await protocols(page), ['h2']);
  await seen.recorder.finish();
  assertPlayedWell(seen, page);

  const lowest = page.locator('#quality option').last();
  const height = Number((await lowest.innerText()).match(/^(\d+)p/)[1]);
  await page.locator('#quality').selectOption(await lowest.getAttribute('value'));
  await page.waitForFunction((wanted) => document.getElementById('video').videoHeight === wanted, height, { timeout: 20_000 });
  await page.context().close();
});

test('a discontinuity and the end are played over both', { timeout: 120_000 }, async () => {
  const first = publish(origin.page, 'ends', CODEC);
  const pages = [];
  let second;
  try {
    // Held until there is something to play; before the encoder has begun it is not found.
    const playlist = new URL('live/ends/index.m3u8', origin.page);
    while (!(await fetch(playlist)).ok) {
      assert.equal(first.seen.code, undefined, first.seen.errors);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    for (const [root, protocol] of [[origin.page, 'http/1.1'], [origin.secure.page, 'h2']]) {
      const page = await openPage(browser, { ignoreHTTPSErrors: true });
      await page.goto(new URL('#/ends', root).href);
      pages.push({ page, protocol });
    }
    for (const { page } of pages) {
      await untilState(page, 'playing', 20_000);
      await page.waitForFunction(() => document.getElementById('video').currentTime > 7, undefined, { timeout: 20_000 });
    }
    first.child.kill('SIGKILL');
    await first.ended;
    // Its last box says that nothing follows: the end of the stream.
    second = publish(origin.page, 'ends', CODEC, { seconds: 8 });
    const { code, errors } = await second.ended;
    assert.equal(code, 0, errors);
    const media = await (await fetch(new URL('live/ends/video/media.m3u8', origin.page))).text();
    assert.match(media, /#EXT-X-DISCONTINUITY\n/);
    assert.match(media, /#EXT-X-ENDLIST\n$/);
    for (const { page, protocol } of pages) {
      // The encoder's sound goes on for a frame behind its last picture, as it comes.
      await untilState(page, 'ended', 30_000);
      assert.deepEqual(await protocols(page), [protocol]);
      const fatal = await page.evaluate(() => window.llhls.metrics.errors.filter((error) => error.fatal));
      assert.deepEqual(fatal, [], protocol);
    }
    // A plain client takes the whole of it, from the first picture to the last, over either.
    for (const root of [origin.page, origin.secure.page]) {
      const url = new URL('live/ends/index.m3u8', root).href;
      const decode = await run('ffmpeg', ['-hide_banner', '-nostdin', '-loglevel', 'error', '-live_start_index', '0', '-i', url, '-f', 'null', '-']).ended;
      assert.equal(decode.errors, '', root);
      assert.equal(decode.code, 0, root);
    }
  } finally {
    for (const encoder of [first, second]) encoder?.child.kill('SIGKILL');
    for (const { page } of pages) await page.context().close();
  }
});

// hls.js by itself waits for ever where one outlives the other by more than half of its last part.
test('the end is played to its last moment where sound and pictures do not end together', { timeout: 60_000 }, async () => {
  const lengths = [[2, 2.05], [2, 3], [3, 2]];
  await Promise.all(lengths.map(async ([pictures, sound], index) => {
    const name = `uneven-${index}`;
    const { code, errors } = await publishAtOnce(origin.page, name, { pictures, sound }).ended;
    assert.equal(code, 0, errors);
    const page = await openPage(browser);
    await page.goto(new URL(`#/${name}`, origin.page).href);
    await untilState(page, 'ended', 30_000).catch((error) => assert.fail(`${pictures} s of pictures, ${sound} s of sound: ${error.message}`));
    const { currentTime, errors: seen } = await page.evaluate(() => ({ currentTime: document.getElementById('video').currentTime, errors: window.llhls.metrics.errors }));
    assert.ok(currentTime > Math.max(pictures, sound) - 0.05, `it stands at ${currentTime} of ${pictures} and ${sound} s`);
    assert.deepEqual(seen.filter(({ fatal }) => fatal), []);
    await page.context().close();
  }));
});

test('parts that are byte ranges of their segment are played as well', { timeout: 60_000 }, async () => {
  const ranged = await startOrigin({ args: ['--set', 'streams.part_addressing=ranges'] });
  try {
    const page = await openPage(browser);
    const seen = await watch(page, ranged.page, { seconds: 6, label: 'ranges' });
    await seen.recorder.finish();
    const media = seen.playlists.filter(({ body }) => body.includes('#EXT-X-PART:'));
    assert.ok(media.length > 10 && media.every(({ body }) => body.includes(',BYTERANGE="')));
    assert.equal(seen.metrics.stalls, 0);
    assert.ok(seen.metrics.partRate > 4, `${seen.metrics.partRate} parts a second`);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  } finally {
    await ranged.stop();
  }
});
