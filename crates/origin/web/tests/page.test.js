// The page alone, against a stand-in for the origin: layouts, states, keyboard, accessibility, where hls.js comes from.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LAPTOP, PHONE, SHOTS, assertAccessible, launch, openPage, shoot, untilState } from './support/browser.js';
import { startMock } from './mock/server.js';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** Runs `body` with a page on a stand-in in the given state, and closes both. */
async function onPage(state, options, body) {
  const mock = await startMock(state);
  const page = await openPage(browser, options);
  try {
    await options.before?.(page, mock);
    await page.goto(mock.url + (options.path ?? ''));
    await body(page, mock);
  } finally {
    await page.context().close();
    await mock.close();
  }
}

async function assertNoSidewaysScroll(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `content is ${content} px wide in a window of ${window} px`);
}

/** What can be touched is at least 44 px high, and as wide: WCAG 2.5.5. Links within text aside. */
async function assertTouchable(page) {
  const small = await page.evaluate(() => [...document.querySelectorAll('button, select, summary, input:not([type=range]), .streams a, .brand')]
    .filter((it) => it.checkVisibility() && it.offsetWidth > 1)
    .map((it) => ({ it, box: (it.closest('label') ?? it).getBoundingClientRect() }))
    .filter(({ box }) => box.height < 43.5 || box.width < 43.5)
    .map(({ it, box }) => `${it.id || it.className || it.tagName} ${box.width}×${box.height}`));
  assert.deepEqual(small, []);
}

const notice = (page) => page.locator('#notice').innerText();

// Each has a stand-in and a page of its own, and mostly waits: two of them do so at once.
describe('the page', { concurrency: 2 }, () => {
  test('playing is accessible and fits: laptop and phone, light and dark', async () => {
    await onPage({}, {}, async (page) => {
      await untilState(page, 'playing');
      await page.waitForFunction(() => document.getElementById('latency').textContent !== '–');
      await page.locator('#timeline').waitFor();
      for (const viewport of [LAPTOP, PHONE]) {
        await page.setViewportSize(viewport);
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          await assertNoSidewaysScroll(page);
          await assertAccessible(page);
        }
        await assertTouchable(page);
      }
      await page.locator('#help-button').click();
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
      await assertAccessible(page);
      assert.deepEqual(page.complaints, []);
    });
  });

  test('narrow and odd widths never scroll sideways', async () => {
    await onPage({ streams: ['a-stream-with-quite-a-long-name-'.repeat(4)] }, {}, async (page) => {
      await untilState(page, 'playing');
      for (const [width, height] of [[320, 640], [561, 800], [768, 800], [844, 390], [861, 800], [1024, 800], [1101, 800], [2200, 900]]) {
        await page.setViewportSize({ width, height });
        await assertNoSidewaysScroll(page);
        const [picture, bar] = await Promise.all(['#screen', '.controls'].map((part) => page.locator(part).boundingBox()));
        assert.ok(bar.y + bar.height <= height, `at ${width} × ${height} the buttons are out of sight`);
        assert.ok(picture.height >= 150, `at ${width} × ${height} the picture is ${picture.height} px high`);
        if (SHOTS && (width === 320 || width === 844)) await page.screenshot({ path: `${SHOTS}/narrow-${width}.png` });
      }
    });
  });

  test('no stream: the page says so, and plays the first one that appears', async () => {
    await onPage({ streams: [] }, {}, async (page, mock) => {
      await untilState(page, 'empty');
      assert.match(await notice(page), /No stream is live/);
      assert.ok(await page.getByText('None is live at the moment.').isVisible());
      assert.match(await page.locator('#publish-command').innerText(), /ffmpeg[^]*-method PUT http:\/\/127\.0\.0\.1:\d+\/ingest\/cam/);
      await assertAccessible(page);
      await shoot(page, 'empty');
      mock.state.streams = ['late'];
      await untilState(page, 'playing');
      assert.equal(await page.evaluate(() => window.llhls.stream), 'late');
      assert.deepEqual(page.complaints, []);
    });
  });

  test('a stream named in the address is waited for by name, then chosen among others', async () => {
    await onPage({ streams: ['one'] }, { path: '#/two' }, async (page, mock) => {
      await untilState(page, 'absent');
      assert.match(await notice(page), /“two” is not live/);
      mock.state.streams = ['one', 'two'];
      await untilState(page, 'playing');
      assert.equal(await page.locator('[aria-current=true] .name').innerText(), 'two');
      await page.getByRole('link', { name: 'one' }).click();
      await page.waitForFunction(() => window.llhls.stream === 'one' && window.llhls.state === 'playing');
      assert.match(await page.locator('#address').inputValue(), /\/live\/one\/index\.m3u8$/);
      assert.match(await page.locator('#link').inputValue(), /\/#\/one$/);
      assert.match(await page.title(), /^one/);
    });
  });

  test('a stream that comes later does not take the place of the one that is on', async () => {
    await onPage({ streams: ['one'] }, {}, async (page, mock) => {
      await untilState(page, 'playing');
      mock.state.streams = ['another', 'one'];
      await page.getByRole('link', { name: /^another/ }).waitFor();
      assert.equal(await page.evaluate(() => window.llhls.stream), 'one');
    });
  });

  test('?stream= chooses too', async () => {
    await onPage({ streams: ['one', 'two'] }, { path: '?stream=two' }, async (page) => {
      await untilState(page, 'playing');
      assert.equal(await page.evaluate(() => window.llhls.stream), 'two');
    });
  });

  test('a playlist that is not there is retried with growing pauses until it is', async () => {
    await onPage({ playlist: 404 }, {}, async (page, mock) => {
      await untilState(page, 'problem');
      assert.match(await notice(page), /The stream is not there[^]*Trying again/);
      assert.ok(await page.getByRole('button', { name: 'Try now' }).isVisible());
      await assertAccessible(page);
      await shoot(page, 'missing');
      mock.state.playlist = 200;
      await untilState(page, 'playing', 12_000);
      assert.ok(await page.locator('#notice').isHidden());
    });
  });

  test('an origin that does not answer is said to be so, and asked again', async () => {
    await onPage({ api: 503 }, {}, async (page, mock) => {
      await untilState(page, 'unreachable');
      assert.match(await notice(page), /The origin does not answer/);
      await assertAccessible(page);
      mock.state.api = 200;
      await page.getByRole('button', { name: 'Try now' }).click();
      await untilState(page, 'playing');
    });
  });

  test('a list that fails later does not disturb what plays', async () => {
    await onPage({}, {}, async (page, mock) => {
      await untilState(page, 'playing');
      mock.state.api = 503;
      const asked = page.waitForResponse((response) => response.url().endsWith('/api/streams') && response.status() === 503);
      await asked;
      assert.equal(await page.evaluate(() => window.llhls.state), 'playing');
    });
  });

  test('an encoder that falls silent is named, and its return needs no hand', async () => {
    await onPage({}, {}, async (page, mock) => {
      await untilState(page, 'playing');
      mock.state.frozen = Math.floor(Date.now() / 1_000);
      await page.locator('#notice').getByText('The encoder is gone').waitFor({ timeout: 15_000 });
      await assertAccessible(page);
      await shoot(page, 'silent');
      mock.state.frozen = undefined;
      await page.waitForFunction(() => document.getElementById('notice').hidden && document.getElementById('status-text').textContent.startsWith('Live'),
        undefined, { timeout: 20_000 });
    });
  });

  test('an origin that goes away and comes back is played again', async () => {
    const first = await startMock();
    const page = await openPage(browser);
    await page.goto(first.url);
    await untilState(page, 'playing');
    await first.close();
    await page.locator('#notice').getByText('The origin does not answer').waitFor({ timeout: 30_000 });
    const second = await startMock({ port: Number(new URL(first.url).port) });
    await untilState(page, 'playing', 20_000);
    await page.context().close();
    await second.close();
  });

  test('a stream that ends plays to its end and says so', async () => {
    await onPage({ ended: true }, {}, async (page) => {
      await untilState(page, 'ended', 20_000);
      assert.match(await notice(page), /The stream has ended[^]*Play again/);
      await assertAccessible(page);
    });
  });

  test('a library that does not come is said to be missing, and asked for again', async () => {
    const before = (page) => page.addInitScript(() => (HTMLMediaElement.prototype.canPlayType = () => ''));
    await onPage({ library: 503 }, { before }, async (page, mock) => {
      await untilState(page, 'problem');
      assert.match(await notice(page), /The player did not load/);
      await assertAccessible(page);
      mock.state.library = 404;
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.locator('#notice').getByText('This origin has no player').waitFor();
      await shoot(page, 'library');
      mock.state.library = 200;
      await page.getByRole('button', { name: 'Try again' }).click();
      await untilState(page, 'playing');
    });
  });

  test('what is over is watched from its recording, and a stream that ends offers it', async () => {
    await onPage({ recorded: ['yesterday'], ended: true }, {}, async (page, mock) => {
      await untilState(page, 'playing');
      await page.getByRole('link', { name: /^yesterday.*Recording/ }).waitFor();
      // The one that is on ends, and only its recording is left.
      mock.state.streams = [];
      mock.state.recorded = ['studio', 'yesterday'];
      await page.getByRole('button', { name: 'Watch the recording' }).click({ timeout: 20_000 });
      await untilState(page, 'playing');
      await page.locator('#live').waitFor({ state: 'hidden' });
      assert.match(await page.locator('#address').inputValue(), /\/live\/studio\/dvr\.m3u8$/);
      await page.waitForFunction(() => document.getElementById('status-text').textContent === 'Recording');
      await page.locator('#seek').focus();
      await page.keyboard.press('Home');
      await page.waitForFunction(() => /^\d seconds? of \d+ seconds$/.test(document.getElementById('seek').getAttribute('aria-valuetext')));
      await shoot(page, 'recording');
      // Live again: the recording is watched on, until the list is asked.
      mock.state.ended = false;
      mock.state.streams = ['studio'];
      const live = page.getByRole('link', { name: /^studio(?!.*Recording)/ });
      await live.waitFor();
      assert.equal(await page.locator('#status-text').innerText(), 'Recording');
      await live.click();
      await page.waitForFunction(() => document.getElementById('live').dataset.edge === 'true', undefined, { timeout: 15_000 });
      await page.getByRole('link', { name: /^yesterday/ }).click();
      await page.waitForFunction(() => window.llhls.stream === 'yesterday' && window.llhls.state === 'playing');
      assert.deepEqual(page.complaints, []);
    });
  });

  test('without any hls.js, a browser with HLS of its own still plays and says why', async () => {
    const before = async (page) => {
      await page.addInitScript(() => {
        HTMLMediaElement.prototype.canPlayType = () => 'maybe';
        Object.defineProperty(HTMLMediaElement.prototype, 'src', { set(url) { window.opened = url; } });
        HTMLMediaElement.prototype.play = async () => {};
      });
    };
    await onPage({ library: 404 }, { before }, async (page) => {
      await page.waitForFunction(() => window.opened?.endsWith('/live/studio/index.m3u8'));
      assert.match(await page.locator('#engine').innerText(), /own HLS, because hls\.js could not be loaded/);
    });
  });

  test('a browser without media extensions is told what to do', async () => {
    const before = (page) => page.addInitScript(() => {
      delete window.MediaSource;
      delete window.ManagedMediaSource;
      HTMLMediaElement.prototype.canPlayType = () => '';
    });
    await onPage({}, { before }, async (page) => {
      await untilState(page, 'problem');
      assert.match(await notice(page), /This browser cannot play HLS/);
    });
  });

  test('a browser with HLS of its own plays without hls.js', async () => {
    const before = (page) => page.addInitScript(() => {
      delete window.MediaSource;
      delete window.ManagedMediaSource;
      HTMLMediaElement.prototype.canPlayType = () => 'maybe';
      Object.defineProperty(HTMLMediaElement.prototype, 'src', { set(url) { window.opened = url; } });
      HTMLMediaElement.prototype.play = async () => {};
    });
    await onPage({}, { before }, async (page) => {
      await page.waitForFunction(() => window.opened?.endsWith('/live/studio/index.m3u8'));
      assert.equal(await page.evaluate(() => window.Hls), undefined);
    });
  });

  test('autoplay that is refused becomes a button', async () => {
    const before = (page) => page.addInitScript(() => {
      const play = HTMLMediaElement.prototype.play;
      HTMLMediaElement.prototype.play = async () => { throw new DOMException('no', 'NotAllowedError'); };
      window.allow = () => (HTMLMediaElement.prototype.play = play);
      Object.defineProperty(HTMLMediaElement.prototype, 'autoplay', { get: () => false });
      addEventListener('DOMContentLoaded', () => document.getElementById('video').removeAttribute('autoplay'));
    });
    await onPage({}, { before }, async (page) => {
      await untilState(page, 'gesture');
      await page.evaluate(() => window.allow());
      await page.getByRole('button', { name: 'Play', exact: true }).last().click();
      await untilState(page, 'playing');
    });
  });

  test('everything is reached by keyboard, in the order it is seen', async () => {
    await onPage({}, {}, async (page) => {
      await untilState(page, 'playing');
      await page.waitForFunction(() => !document.getElementById('unmute').hidden && !document.getElementById('timeline').hidden);
      const order = [];
      for (let i = 0; i < 20; i += 1) {
        await page.keyboard.press('Tab');
        order.push(await page.evaluate(() => {
          const { activeElement: at } = document;
          const ring = getComputedStyle(at).outlineStyle;
          return `${at.id || at.dataset.copy || at.dataset.name || at.className || at.textContent.trim()}${ring === 'none' ? ' (no ring)' : ''}`;
        }));
      }
      assert.deepEqual(order, ['skip', 'brand', 'unmute', 'seek', 'play', 'mute', 'volume', 'live', 'settings-button', 'pip', 'fullscreen',
        'quality', 'delay', 'catchup', 'link', 'link', 'Address for other players', 'studio', 'Publish a stream of your own', 'help-button']);
    });
  });

  test('keys and buttons play, pause, mute, seek and fill the screen; fields keep their keys', async () => {
    await onPage({}, {}, async (page) => {
      await untilState(page, 'playing');
      const video = (property) => page.evaluate((name) => document.getElementById('video')[name], property);
      const until = (property, value) => page.waitForFunction(([name, wanted]) => document.getElementById('video')[name] === wanted, [property, value]);
      await until('paused', false);
      await page.keyboard.press('k');
      await until('paused', true);
      await page.keyboard.press('Space');
      await until('paused', false);
      await page.locator('#play').click();
      await page.locator('#play[aria-label=Play]').waitFor();
      await page.keyboard.press('Space'); // the button has the focus: once, not twice
      await until('paused', false);
      await page.keyboard.press('m');
      assert.equal(await video('muted'), false);
      await page.keyboard.press('m');
      await page.locator('#unmute').click();
      assert.equal(await video('muted'), false);
      await page.locator('#unmute').waitFor({ state: 'hidden' });
      await page.keyboard.press('ArrowDown');
      assert.equal(await video('volume'), 0.9);

      await page.keyboard.press('ArrowLeft');
      await page.locator('#live[data-edge=false]').waitFor();
      await page.waitForFunction(() => /behind live/.test(document.getElementById('status-text').textContent));
      assert.match(await page.locator('#seek').getAttribute('aria-valuetext'), /^\d+ seconds behind live$/);
      await page.keyboard.press('l');
      await page.locator('#live[data-edge=true]').waitFor();

      await page.keyboard.press('f');
      await page.waitForFunction(() => document.fullscreenElement?.id === 'player');
      await page.keyboard.press('f');
      await page.waitForFunction(() => !document.fullscreenElement);

      await page.locator('#quality').focus();
      await page.keyboard.press('m');
      assert.equal(await video('muted'), false, 'a list took the key');
      await page.keyboard.press('Escape');
      await page.locator('#settings').waitFor({ state: 'hidden' });
      assert.equal(await page.evaluate(() => document.activeElement.id), 'settings-button');
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
      await shoot(page, 'help');
      await page.getByLabel('Use these keys').uncheck();
      await page.keyboard.press('Escape');
      await page.keyboard.press('k');
      assert.equal(await video('paused'), false, 'keys are off');
      await page.reload();
      await untilState(page, 'playing');
      assert.equal(await video('volume'), 0.9, 'what was chosen is remembered');
      assert.equal(await page.getByLabel('Use these keys').isChecked(), false);
      assert.deepEqual(page.complaints, []);
    });
  });

  test('sound that was on stays on where the browser lets it, and is off where it does not', async () => {
    const before = (page) => page.addInitScript(() => {
      localStorage.setItem('llhls.sound', 'on');
      const play = HTMLMediaElement.prototype.play;
      HTMLMediaElement.prototype.play = async function () {
        if (!this.muted && !window.allowed) throw new DOMException('no', 'NotAllowedError');
        return play.call(this);
      };
    });
    await onPage({}, { before }, async (page) => {
      await untilState(page, 'playing');
      await page.locator('#unmute').waitFor();
      await page.evaluate(() => (window.allowed = true));
      await page.locator('#unmute').click();
      await page.locator('#mute[aria-label="Turn sound off"]').waitFor();
    });
  });

  test('a browser that forbids storage plays all the same', async () => {
    const before = (page) => page.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });
    });
    await onPage({}, { before }, async (page) => {
      await untilState(page, 'playing');
      await page.locator('#delay').selectOption('4');
      assert.deepEqual(page.complaints, []);
    });
  });

  test('links are copied and said to be; phones share them', async () => {
    const before = (page) => page.addInitScript(() => (navigator.share = async (what) => (window.shared = what)));
    await onPage({}, { before, permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
      await untilState(page, 'playing');
      const copied = () => page.evaluate(() => navigator.clipboard.readText());
      await page.getByRole('button', { name: 'Copy link' }).click();
      await page.getByRole('button', { name: 'Copied' }).waitFor();
      await page.waitForFunction(() => document.getElementById('announce').textContent === 'Copied to the clipboard.');
      assert.match(await copied(), /\/#\/studio$/);
      await page.getByText('Address for other players').click();
      await page.getByRole('button', { name: 'Copy address' }).click();
      await page.waitForFunction(async () => (await navigator.clipboard.readText()).endsWith('/live/studio/index.m3u8'));
      await page.getByRole('button', { name: 'Share…' }).click();
      assert.match(await page.evaluate(() => window.shared.url), /\/#\/studio$/);
    });
  });

  test('among many streams one is found by a part of its name', async () => {
    const streams = Array.from({ length: 120 }, (_, i) => `camera-${i}`);
    await onPage({ streams }, {}, async (page) => {
      await untilState(page, 'playing');
      assert.match(await page.locator('#streams-count').innerText(), /^120, 50 shown/);
      await page.getByRole('searchbox', { name: 'Search streams' }).fill('RA-11');
      assert.equal(await page.locator('#streams li').count(), 11);
      assert.equal(await page.locator('#streams-count').innerText(), '11 of 120');
      await assertAccessible(page);
      await shoot(page, 'many');
      await page.getByRole('searchbox').fill('nobody');
      await page.getByText('No stream has “nobody” in its name.').waitFor();
      await page.getByRole('searchbox').fill('camera-99');
      await page.getByRole('link', { name: /^camera-99/ }).click();
      await page.waitForFunction(() => window.llhls.stream === 'camera-99');
    });
  });

  test('sound is chosen by language where there are several', async () => {
    await onPage({}, {}, async (page) => {
      await untilState(page, 'playing');
      assert.equal(await page.locator('#sound-choice').isVisible(), false);
      // As hls.js tells of them; the clip of the stand-in has no sound.
      await page.evaluate(() => {
        const { hls } = window.llhls;
        let chosen = 0;
        Object.defineProperty(hls, 'audioTracks', { value: [{ name: 'a', lang: 'en' }, { name: 'b', lang: 'deu' }] });
        Object.defineProperty(hls, 'audioTrack', { get: () => chosen, set: (index) => (chosen = index) });
        hls.trigger('hlsAudioTracksUpdated', { audioTracks: [] });
      });
      await page.locator('#sound').selectOption({ label: 'German' });
      assert.equal(await page.evaluate(() => window.llhls.hls.audioTrack), 1);
      await assertAccessible(page);
    });
  });

  test('a stream in a codec that the browser does not know says which', async () => {
    const before = (page) => page.addInitScript(() => {
      const known = MediaSource.isTypeSupported;
      MediaSource.isTypeSupported = (type) => !type.includes('avc1') && known.call(MediaSource, type);
    });
    await onPage({}, { before }, async (page) => {
      await untilState(page, 'problem');
      assert.match(await notice(page), /cannot play H\.264[^]*another browser/);
      await assertAccessible(page);
    });
  });

  test('what is refused for now is told apart from what is not there', async () => {
    await onPage({ playlist: 503 }, {}, async (page, mock) => {
      await page.locator('#notice').getByText('The origin is busy').waitFor({ timeout: 20_000 });
      mock.state.playlist = 500;
      await page.locator('#notice').getByText('The origin has trouble').waitFor({ timeout: 20_000 });
      mock.state.playlist = 403;
      await page.locator('#notice').getByText('Watching is not allowed').waitFor({ timeout: 20_000 });
      assert.equal(await page.locator('#token').isVisible(), false, 'no token opens what wants none');
      mock.state.playlist = 200;
      await page.getByRole('button', { name: 'Try again' }).click();
      await untilState(page, 'playing', 20_000);
    });
  });
});
