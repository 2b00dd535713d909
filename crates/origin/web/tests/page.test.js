// The page alone, against a stand-in for the origin: layouts, states, keyboard, accessibility, where hls.js comes from.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { speedFor } from '../player/engine.js';
import { LAPTOP, PHONE, launch, openPage, shoot, untilState } from './support/browser.js';
import { startMock } from './mock/server.js';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
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

async function assertAccessible(page) {
  await page.evaluate(AXE); // by the debugger, which the page's policy does not bind
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' | ')}`), []);
}

async function assertNoSidewaysScroll(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `content is ${content} px wide in a window of ${window} px`);
}

const notice = (page) => page.locator('#notice').innerText();

test('speed is 1 at the target, gentle when late, slower before the buffer runs dry', () => {
  const at = (late, buffer, speed = 1, muted = false) => speedFor({ late, buffer, part: 0.2, speed, muted });
  assert.equal(at(0, 0.6), 1);
  assert.equal(at(0.05, 0.6), 1, 'small lateness is left alone');
  assert.ok(at(0.05, 0.6, 1.02) > 1, 'but is finished once begun');
  assert.ok(at(0.3, 0.8) > 1.02 && at(30, 30) === 1.05);
  assert.equal(at(30, 30, 1, true), 1.1, 'more while nobody hears it');
  assert.ok(at(1, 0.25) === 1, 'late, with nothing to hurry into');
  assert.ok(at(1, 0.1) < 1);
  assert.ok(at(-0.5, 0.6) < 1);
});

for (const [device, viewport] of [['laptop', LAPTOP], ['phone', PHONE]]) {
  for (const scheme of ['light', 'dark']) {
    test(`playing is accessible and fits: ${device}, ${scheme}`, async () => {
      await onPage({}, { viewport, scheme }, async (page) => {
        await untilState(page, 'playing');
        await page.waitForFunction(() => document.getElementById('latency').textContent !== '–');
        await assertNoSidewaysScroll(page);
        await assertAccessible(page);
        assert.deepEqual(page.complaints, []);
        assert.equal(await page.evaluate(() => window.llhls.source), 'origin');
      });
    });
  }
}

test('narrow and odd widths never scroll sideways', async () => {
  await onPage({ streams: ['a-stream-with-quite-a-long-name-'.repeat(4)] }, {}, async (page) => {
    await untilState(page, 'playing');
    for (const width of [320, 561, 768, 861, 1024, 1101, 2200]) {
      await page.setViewportSize({ width, height: 800 });
      await assertNoSidewaysScroll(page);
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
    assert.match(await page.title(), /^one/);
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
    await page.getByText('The encoder is gone').waitFor({ timeout: 15_000 });
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
  await page.getByText('The origin does not answer').waitFor({ timeout: 30_000 });
  const second = await startMock({ port: Number(new URL(first.url).port) });
  await untilState(page, 'playing', 20_000);
  await page.context().close();
  await second.close();
});

test('a stream that ends plays to its end and says so', async () => {
  await onPage({ ended: true }, {}, async (page) => {
    await untilState(page, 'ended', 20_000);
    assert.match(await notice(page), /The stream has ended/);
    await assertAccessible(page);
  });
});

test('a library that does not come is said to be missing, and asked for again', async () => {
  const before = (page) => page.addInitScript(() => (HTMLMediaElement.prototype.canPlayType = () => ''));
  await onPage({ library: false }, { before }, async (page, mock) => {
    await untilState(page, 'problem');
    assert.match(await notice(page), /The player library did not come/);
    await assertAccessible(page);
    await shoot(page, 'library');
    mock.state.library = true;
    await page.getByRole('button', { name: 'Try again' }).click();
    await untilState(page, 'playing');
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
  await onPage({ library: false }, { before }, async (page) => {
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
    await page.waitForFunction(() => !document.getElementById('unmute').hidden);
    const order = [];
    for (let i = 0; i < 14; i += 1) {
      await page.keyboard.press('Tab');
      order.push(await page.evaluate(() => {
        const { activeElement: at } = document;
        const ring = getComputedStyle(at).outlineStyle;
        return `${at.id || at.className || at.dataset.copy || at.textContent.trim()}${ring === 'none' ? ' (no ring)' : ''}`;
      }));
    }
    assert.deepEqual(order.map((name) => name.replace('button copy', 'copy')), ['skip', 'brand', 'unmute', 'play', 'mute', 'volume', 'live',
      'quality', 'delay', 'fullscreen', 'address', 'copy', 'studio720p, 360p, audio', 'Publish a stream of your own']);
  });
});

test('shortcuts and buttons play, pause, mute and copy', async () => {
  await onPage({}, { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
    await untilState(page, 'playing');
    const video = (property) => page.evaluate((name) => document.getElementById('video')[name], property);
    await page.waitForFunction(() => !document.getElementById('video').paused);
    await page.keyboard.press('k');
    assert.equal(await video('paused'), true);
    await page.locator('#play[aria-label=Play]').waitFor();
    await page.locator('#play').click();
    await page.waitForFunction(() => !document.getElementById('video').paused);
    await page.keyboard.press('m');
    assert.equal(await video('muted'), false);
    await page.keyboard.press('m');
    await page.locator('#unmute').waitFor();
    await page.getByRole('button', { name: 'Turn sound on' }).first().click();
    assert.equal(await video('muted'), false);
    await page.locator('#unmute').waitFor({ state: 'hidden' });
    await page.locator('[data-copy=address]').click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /\/live\/studio\/index\.m3u8$/);
    await page.keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement?.id === 'player');
    await page.keyboard.press('f');
    await page.waitForFunction(() => !document.fullscreenElement);
  });
});
