// The demo stream, in a real browser, from the origin's own binary: half a minute of live playing.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { LAPTOP, launch, openPage, shoot, untilState } from './support/browser.js';
import { startOrigin } from './support/origin.js';
import { assertPlayedWell, watch } from './support/watching.js';

const SECONDS = Number(process.env.WATCH_SECONDS ?? 30);
let origin;
let browser;
before(async () => {
  origin = await startOrigin();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await origin?.stop();
});

test(`the demo plays ${SECONDS} s with low latency`, { timeout: (SECONDS + 60) * 1_000 }, async (t) => {
  const page = await openPage(browser);
  const seen = await watch(page, origin.page, { seconds: SECONDS, label: 'demo' });
  t.diagnostic(JSON.stringify(seen.figures));
  await seen.recorder.finish();
  assertPlayedWell(seen, page);
  // It says who it is, and in no URL: caches would be of no use.
  const { streams } = await (await fetch(new URL('api/streams', origin.page))).json();
  assert.equal(streams[0].viewers, 1);
  assert.deepEqual(seen.playlists.filter(({ url }) => url.includes('CMCD')), []);
  await page.context().close();
});

test('the page looks right while it plays, on a laptop and on a phone', { timeout: 60_000 }, async () => {
  const page = await openPage(browser, { viewport: LAPTOP });
  await page.addInitScript(watchStart);
  await page.goto(origin.page);
  await untilState(page, 'playing');
  const sound = await page.evaluate(() => window.sound);
  assert.ok(sound && sound !== 'WAITING_INIT_PTS', `sound is “${sound}” though time is known: it should load`);
  await page.waitForFunction(() => window.llhls.metrics.samples.length >= 40 && window.llhls.metrics.deltaUpdates > 0, undefined, { timeout: 30_000 });
  await shoot(page, 'demo');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

/** Keeps what the loader of sound does once the first part of the picture has told the time. */
function watchStart() {
  let hls;
  Object.defineProperty(window, 'Hls', {
    get: () => hls,
    set: (Usual) => (hls = class extends Usual {
      constructor(config) {
        super(config); // whose own listeners are called before this one
        this.once(Usual.Events.INIT_PTS_FOUND, () => (window.sound = this.inFlightFragments.audio?.state));
      }
    }),
  });
}

test('quality and delay can be chosen while it plays', { timeout: 60_000 }, async () => {
  const page = await openPage(browser);
  await page.goto(origin.page);
  await untilState(page, 'playing');
  const lowest = page.locator('#quality option').last();
  await lowest.waitFor({ state: 'attached' });
  const height = Number((await lowest.innerText()).match(/^(\d+)p/)[1]);
  await page.locator('#quality').selectOption(await lowest.getAttribute('value'));
  await page.waitForFunction((wanted) => document.getElementById('video').videoHeight === wanted, height, { timeout: 20_000 });
  await page.locator('#delay').selectOption('4');
  await page.waitForFunction(() => Math.abs(window.llhls.metrics.latency - 4) < 1, undefined, { timeout: 20_000 });
  await page.locator('#delay').selectOption('auto');
  await page.waitForFunction(() => window.llhls.metrics.latency < 1.6, undefined, { timeout: 20_000 });
  const fatal = await page.evaluate(() => window.llhls.metrics.errors.filter((error) => error.fatal));
  assert.deepEqual(fatal, []);

  // Remembered; and what the address says counts more.
  await page.reload();
  await untilState(page, 'playing');
  await page.waitForFunction((wanted) => document.getElementById('video').videoHeight === wanted, height);
  assert.match(await page.locator('#quality option:checked').innerText(), new RegExp(`^${height}p · `));
  await page.goto(new URL('?quality=720p&delay=2', origin.page).href);
  await page.waitForFunction(() => document.getElementById('video').videoHeight === 720 && window.llhls.metrics.target === 2);
  assert.equal(await page.locator('#delay').inputValue(), '2');
  await page.context().close();
});

test('each stream that was printed answers, and is in the list', async () => {
  const { streams } = await (await fetch(new URL('api/streams', origin.page))).json();
  const listed = streams.map(({ url }) => new URL(url, origin.page).href);
  for (const url of origin.streams) {
    assert.ok(listed.includes(url), `${url} is not among ${listed}`);
    const answer = await fetch(url);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^#EXTM3U[^]*#EXT-X-STREAM-INF/);
  }
});
