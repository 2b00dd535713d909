// A recorded stream: while it is live back beyond the live playlist, to a moment of a link, and to live again; and when it is over.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertAccessible, launch, openPage, shoot, untilState } from './support/browser.js';
import { startOrigin } from './support/origin.js';

// The shortest live playlist, so that there is soon something that only the recording has.
const SHORT = ['--set', 'streams.window_segments=3'];
const BEYOND_S = 5;
const RECORDED = () => [...SHORT, '--set', `recording.directory=${folder}`];
let folder;
let origin;
let browser;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llhls-rewind-'));
  origin = await startOrigin({ args: RECORDED() });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await origin?.stop();
  await rm(folder, { recursive: true, force: true });
});

const range = (page) => page.evaluate(() => window.llhls.range);

test('viewers go back beyond the live playlist, share the moment, and return', { timeout: 120_000 }, async () => {
  const page = await openPage(browser);
  await page.goto(origin.page);
  await untilState(page, 'playing');
  // Until the recording reaches further back than the live playlist does.
  await page.waitForFunction((least) => {
    const { range: all, hls } = window.llhls;
    return all && all.end - all.start > hls.latestLevelDetails.totalduration + least;
  }, BEYOND_S, { timeout: 40_000 });
  const { start } = await range(page);

  await page.locator('#seek').focus();
  await page.keyboard.press('Home');
  await page.waitForFunction(() => window.llhls.isRewound && window.llhls.state === 'playing', undefined, { timeout: 15_000 });
  const { position, end } = await range(page);
  assert.ok(Math.abs(position - start) < 4, `at ${position}, asked for ${start}`);
  await page.waitForFunction(() => /behind live/.test(document.getElementById('status-text').textContent));
  assert.match(await page.locator('#seek').getAttribute('aria-valuetext'), /seconds behind live$/);
  assert.ok(end - position > BEYOND_S);
  await assertAccessible(page);
  await shoot(page, 'rewound');

  await page.getByLabel(/Start at/).check();
  const link = await page.locator('#link').inputValue();
  assert.match(link, /#\/demo\?at=\d{4}-\d\d-\d\dT[\d:]+Z$/);
  await page.getByRole('button', { name: 'Back to live' }).click();
  await page.waitForFunction(() => !window.llhls.isRewound && document.getElementById('live').dataset.edge === 'true', undefined, { timeout: 15_000 });

  const other = await openPage(browser);
  await other.goto(link);
  await other.waitForFunction(() => window.llhls.isRewound && window.llhls.state === 'playing', undefined, { timeout: 15_000 });
  const wanted = Date.parse(new URLSearchParams(new URL(link).hash.split('?')[1]).get('at')) / 1000;
  const found = (await range(other)).position;
  assert.ok(found - wanted > -1 && found - wanted < 6, `at ${found}, the link says ${wanted}`);
  for (const it of [page, other]) {
    assert.deepEqual(it.complaints, []);
    assert.deepEqual(await it.evaluate(() => window.llhls.metrics.errors.filter((error) => error.fatal)), []);
    await it.context().close();
  }
});

test('when the stream is over, also after a restart, its recording is in the list and plays from its beginning', { timeout: 60_000 }, async () => {
  await origin.stop();
  origin = await startOrigin({ args: [...RECORDED(), '--no-demo'], streams: 0 });
  const page = await openPage(browser);
  await page.goto(origin.page);
  await untilState(page, 'empty');
  await page.getByRole('link', { name: /^demo.*Recording/ }).click();
  await untilState(page, 'playing', 15_000);
  await page.waitForFunction(() => document.getElementById('status-text').textContent === 'Recording');
  const { start, position, end, live } = await range(page);
  assert.equal(live, false);
  assert.ok(position - start < 6, `begins at ${position - start} s`);
  assert.ok(end - start > BEYOND_S);
  await assertAccessible(page);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
