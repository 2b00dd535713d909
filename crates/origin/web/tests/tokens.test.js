// A guarded stream: its token reaches every request of hls.js, in each of the three places it can be, and the page asks for it.

import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assertAccessible, launch, openPage, shoot, untilState } from './support/browser.js';
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

// One after the other: each plays, and a player wants most of the machine.
describe('where tokens are', () => {
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

      test('is asked for by the page, kept for the tab, and given to nobody', { timeout: 60_000 }, async () => {
        const page = await openPage(browser);
        await page.goto(new URL('#/demo', origin.page).href);
        await untilState(page, 'token');
        const notice = page.locator('#notice');
        await notice.getByText('A token is needed').waitFor();
        const field = page.getByLabel('Token', { exact: true });
        await field.fill('what is this?');
        await page.keyboard.press('Enter');
        await notice.getByText('That is no token').waitFor();
        await field.fill(execFileSync(BINARY, [...args, 'sign', 'other'], { encoding: 'utf8' }).trim());
        await page.keyboard.press('Enter');
        await notice.getByText('it is for “other”').waitFor();
        if (place === 'path') {
          await assertAccessible(page);
          await shoot(page, 'token');
        }
        await field.fill(new URL(`/?token=${token}#/demo`, origin.page).href);
        await page.getByRole('button', { name: 'Watch' }).click();
        await untilState(page, 'playing', 15_000);
        assert.ok(!page.url().includes(token));
        assert.ok(!(await page.locator('#link').inputValue()).includes(token));
        assert.ok(!(await page.locator('#address').inputValue()).includes(token));
        await page.getByLabel('With my token').check();
        assert.ok((await page.locator('#link').inputValue()).includes(token));
        assert.equal(await page.locator('#address').inputValue(), first(origin.streams[0], token));
        await page.reload();
        await untilState(page, 'playing', 15_000);
        await page.getByRole('button', { name: 'Use another token' }).click();
        await page.getByRole('button', { name: 'Go on with the old one' }).click();
        await untilState(page, 'playing', 15_000);
        await page.context().close();
      });

      test('in a link opens the stream and leaves the address bar', { timeout: 60_000 }, async () => {
        const page = await openPage(browser);
        await page.goto(new URL(`?token=${token}#/demo`, origin.page).href);
        await untilState(page, 'playing', 15_000);
        assert.equal(page.url(), new URL('#/demo', origin.page).href);
        assert.deepEqual(page.complaints, []);
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
});
