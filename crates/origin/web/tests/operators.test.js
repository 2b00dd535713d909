// The status page of a real origin: what it says while an encoder comes, is watched, and falls silent.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage, shoot, untilState } from './support/browser.js';
import { publish } from './support/encoder.js';
import { startOrigin } from './support/origin.js';

let browser;
let origin;
before(async () => {
  origin = await startOrigin();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await origin?.stop();
});

test('an encoder, its viewer and its silence are seen within seconds', async () => {
  const address = /http:\S+\/status/.exec(origin.log())?.[0] ?? await new Promise((resolve) => {
    const look = setInterval(() => {
      const found = /http:\S+\/status/.exec(origin.log())?.[0];
      if (found) {
        clearInterval(look);
        resolve(found);
      }
    }, 50);
  });
  const encoder = publish(origin.page, 'cam', []);
  const page = await openPage(browser);
  await page.goto(new URL('/', address).href);
  await page.getByRole('link', { name: 'cam', exact: true }).waitFor({ timeout: 15_000 });
  assert.equal(new URL(page.url()).pathname, '/status');

  // Somebody watches: over the link that the page gives.
  await page.getByRole('link', { name: 'cam', exact: true }).click();
  const watch = await page.locator('#d-watch[href]').getAttribute('href', { timeout: 10_000 });
  const viewer = await openPage(browser);
  await viewer.goto(watch);
  await untilState(viewer, 'playing', 15_000);
  await page.waitForFunction(() => document.querySelector('#d-gauges .figure').textContent.endsWith('Mb/s'));
  await page.waitForFunction(() => document.querySelector('#d-state').textContent === 'live');
  await page.waitForFunction(() => Number(document.querySelectorAll('#d-gauges .figure')[1].textContent) === 1, undefined, { timeout: 10_000 });
  const cells = (await page.locator('#d-renditions tbody tr').first().innerText()).split(/\s*\t\s*/);
  assert.deepEqual(cells.slice(0, 4), ['video', 'live', 'avc1.42c01f', '1280x720 · 30 fps'], cells.join(' | '));
  await shoot(page, 'operators');

  encoder.child.kill('SIGKILL');
  await page.getByText('the encoder left without ending the stream').first().waitFor({ timeout: 15_000 });
  await page.getByRole('link', { name: /^cam lost its encoder/ }).waitFor({ timeout: 15_000 });
  assert.deepEqual(page.complaints, []);
  const { server } = await page.evaluate(() => window.llhls);
  assert.ok(server.network.sent_bytes > 100_000 && server.connections.open >= 1, JSON.stringify(server));
  await viewer.context().close();
  await page.context().close();
});
