// hls.js plays a guarded stream: its token reaches every request, in each of the three places it can be.

import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { launch, openPage } from './support/browser.js';
import { BINARY, startOrigin } from './support/origin.js';

const LIBRARY = fileURLToPath(new URL('../node_modules/hls.js/dist/hls.min.js', import.meta.url));
const GUARDED = ['--set', 'access.watch=token', '--set', 'access.token_keys=["a secret of the browser tests"]'];
const PLACES = {
  path: { first: (url, token) => url.replace('/live/', `/t/${token}/live/`), has: (url, token) => url.includes(`/t/${token}/`) },
  query: { first: (url, token) => `${url}?token=${token}`, has: (url, token) => url.includes(`token=${token}`) },
  cookie: { first: (url, token) => `${url}?token=${token}`, has: () => true },
};

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

for (const [place, { first, has }] of Object.entries(PLACES)) {
  describe(`a token in the ${place}`, () => {
    const args = [...GUARDED, '--set', `access.token_place=${place}`];
    let origin;
    let token;
    before(async () => {
      token = execFileSync(BINARY, [...args, 'sign', 'demo', '--for', '1h'], { encoding: 'utf8' }).trim();
      origin = await startOrigin({ args });
    });
    after(() => origin?.stop());

    test('reaches every request of a player', { timeout: 60_000 }, async () => {
      const page = await openPage(browser);
      const answers = [];
      page.on('response', (response) => {
        if (response.url().includes('/live/')) answers.push({ url: response.url(), status: response.status() });
      });
      // A page of the same site with nothing on it.
      await page.goto(new URL('healthz', origin.page).href);
      await page.addScriptTag({ path: LIBRARY });
      const errors = await page.evaluate(async (url) => {
        const video = document.body.appendChild(document.createElement('video'));
        video.muted = true;
        const seen = [];
        const hls = new window.Hls({ lowLatencyMode: true });
        hls.on(window.Hls.Events.ERROR, (_, { type, details, fatal }) => seen.push({ type, details, fatal }));
        hls.loadSource(url);
        hls.attachMedia(video);
        await video.play();
        const start = video.currentTime;
        await new Promise((resolve, reject) => {
          hls.on(window.Hls.Events.ERROR, (_, { fatal, details }) => fatal && reject(new Error(details)));
          video.addEventListener('timeupdate', () => video.currentTime > start + 4 && resolve());
        });
        return seen;
      }, first(origin.streams[0], token));
      assert.deepEqual(errors.filter(({ fatal }) => fatal), []);
      assert.ok(answers.length > 20, `${answers.length} requests`);
      for (const { url, status } of answers) {
        assert.ok(status === 200 || status === 206, `${status} ${url}`);
        assert.ok(has(url, token), url);
      }
      if (place === 'cookie') assert.ok(answers.filter(({ url }) => url.includes(token)).length <= 1, 'the URL is needed once');
      await page.context().close();
    });

    test('is needed', async () => {
      assert.equal((await fetch(origin.streams[0])).status, 401);
      const other = execFileSync(BINARY, [...args, 'sign', 'other'], { encoding: 'utf8' }).trim();
      assert.equal((await fetch(first(origin.streams[0], other))).status, 403);
      assert.ok(!origin.log().includes(token), 'a token was logged');
    });
  });
}
