// The status page alone, against a stand-in for the operators' listener: layouts, alarms, table, one stream, keyboard, accessibility.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { age, amount, bytes, span } from '../status/words.js';
import { LAPTOP, PHONE, assertAccessible, launch, openPage, shoot } from './support/browser.js';
import { startStatusMock } from './mock/status.js';

const ALARMS = [
  { severity: 'critical', kind: 'stalled', stream: 'stadium-north', since: Date.now() - 14_000,
    text: 'stadium-north has sent nothing for 14 s, though its encoder is connected: look at the encoder and its network.' },
  { severity: 'critical', kind: 'recording', since: Date.now() - 185_000,
    text: 'Recording fails, live goes on: the disk is full. What is not stored is listed as gaps; make room on the disk or look at its health.' },
  { severity: 'warning', kind: 'certificate', since: Date.now() - 86_400_000,
    text: 'The certificate of 0.0.0.0:8443 ends in 190 hours. Put a new one in its place: it is read by itself.' },
];
const EVENTS = [
  { at: Date.now() - 14_000, rendition: 'video', kind: 'gap', text: '10 parts listed as missing' },
  { at: Date.now() - 60_000, rendition: 'video', kind: 'resumed', text: 'an encoder came back and went on' },
  { at: Date.now() - 62_000, rendition: 'video', kind: 'lost', text: 'the encoder left without ending the stream' },
  { at: Date.now() - 600_000, rendition: 'video', kind: 'began', text: 'began, avc1.64001f' },
];
let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

async function onPage(state, options, body) {
  const mock = await startStatusMock(state);
  const page = await openPage(browser, options);
  try {
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

const shown = (page) => page.locator('#rows tr').first().waitFor();
const names = (page) => page.locator('#rows .name').allInnerTexts();
/** How many points of a canvas are not the background. */
const drawn = (page, selector) => page.evaluate((of) => {
  const canvas = document.querySelector(of);
  return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((_, i) => i % 4 === 3).filter(Boolean).length;
}, selector);

test('quantities are told as people read them', () => {
  assert.deepEqual([0, 999, 61_000, 3_600_000, 93_784_000, NaN].map(span), ['0 s', '1 s', '1 min 1 s', '1 h', '1 d 2 h', '–']);
  assert.deepEqual([0, 1023, 1536, 99.7 * 2 ** 20, 2 ** 30].map(bytes), ['0 B', '1023 B', '1.50 KiB', '100 MiB', '1.00 GiB']);
  assert.deepEqual([120, 1_400, 125_000].map(age), ['120 ms', '1.4 s', '2 min 5 s']);
  assert.deepEqual([0, 1, 0.25, 12.7, 12_345].map(amount), ['0', '1', '0.3', '13', '12\u202f345']);
});

// Each has a stand-in and a page of its own, and mostly waits: two of them do so at once.
describe('the status page', { concurrency: 2 }, () => {
  for (const [device, viewport] of [['laptop', LAPTOP], ['phone', PHONE]]) {
    for (const scheme of ['light', 'dark']) {
      test(`both views are accessible and fit: ${device}, ${scheme}`, async () => {
        const streams = [{ name: 'studio', state: 'live', viewers: 1_250 }, { name: 'stadium-north', state: 'stalled', viewers: 84 }];
        await onPage({ alarms: ALARMS, events: EVENTS, streams }, { viewport, scheme }, async (page) => {
          await shown(page);
          await assertNoSidewaysScroll(page);
          await assertAccessible(page);
          await page.getByRole('link', { name: 'stadium-north', exact: true }).click();
          await page.getByText('an encoder came back').waitFor();
          await assertNoSidewaysScroll(page);
          await assertAccessible(page);
          assert.deepEqual(page.complaints, []);
        });
      });
    }
  }

  test('narrow and odd widths never scroll sideways', async () => {
    const streams = [{ name: 'a-stream-with-quite-a-long-name-'.repeat(2), state: 'stalled', viewers: 1_234_567 }];
    await onPage({ streams, alarms: ALARMS, events: EVENTS }, {}, async (page) => {
      await shown(page);
      const widths = [320, 561, 768, 821, 1001, 2200];
      for (const width of widths) {
        await page.setViewportSize({ width, height: 800 });
        await assertNoSidewaysScroll(page);
      }
      await page.locator('#rows a').click();
      await page.getByText('an encoder came back').waitFor();
      for (const width of widths) {
        await page.setViewportSize({ width, height: 800 });
        await assertNoSidewaysScroll(page);
      }
    });
  });

  test('ten minutes are there at once, and graphs live through a change of size and colours', async () => {
    await onPage({}, {}, async (page) => {
      await shown(page);
      assert.equal(await page.evaluate(() => window.llhls.samples), 300);
      for (const [width, colorScheme] of [[1440, 'light'], [700, 'light'], [700, 'dark']]) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        await page.waitForFunction(() => [...document.querySelectorAll('#gauges canvas')].every((canvas) => {
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          return data.some((value, i) => i % 4 === 3 && value > 0);
        }));
      }
      assert.ok(await drawn(page, '#gauges canvas') > 500);
      assert.match(await page.locator('#gauges canvas').first().getAttribute('aria-label'), /^Viewers over the last 10 minutes: between .* viewers$/);
      await shoot(page, 'status');
    });
  });

  test('only what came since is asked for, and another life of the server starts anew', async () => {
    await onPage({}, {}, async (page, mock) => {
      await shown(page);
      mock.state.count = 1_003;
      await page.waitForRequest((request) => request.url().endsWith('/api/server?since=1000'));
      await page.waitForRequest((request) => request.url().endsWith('/api/server?since=1003'));
      mock.state.count = 2;
      mock.state.started = Date.now();
      await page.waitForRequest((request) => request.url().endsWith('/api/server?since=2'));
      assert.equal(await page.evaluate(() => window.llhls.samples), 2);
      assert.deepEqual(page.complaints, []);
    });
  });

  test('alarms are said in the server’s words, lead to their stream, and go', async () => {
    await onPage({ alarms: ALARMS }, {}, async (page, mock) => {
      await page.getByText('3 alarms').waitFor();
      assert.deepEqual(await page.locator('.alarm-severity').allInnerTexts(), ['Critical', 'Critical', 'Warning']);
      await shoot(page, 'status-alarms');
      await page.getByRole('link', { name: /has sent nothing for 14 s/ }).click();
      await page.waitForFunction(() => document.getElementById('title').textContent === 'stadium-north');
      mock.state.alarms = [];
      await page.getByText('All is well').waitFor();
      assert.ok(await page.locator('#alarms').isHidden());
    });
  });

  test('the table is sorted and searched, and keeps the focus where it was', async () => {
    await onPage({}, {}, async (page, mock) => {
      await shown(page);
      assert.deepEqual(await names(page), ['rehearsal', 'stadium-north', 'studio', 'archive'], 'what needs a look first');
      await page.getByRole('button', { name: 'Viewers' }).click();
      assert.deepEqual(await names(page), ['studio', 'stadium-north', 'archive', 'rehearsal']);
      assert.equal(await page.locator('th[data-key=viewers]').getAttribute('aria-sort'), 'descending');
      await page.getByRole('button', { name: 'Viewers' }).click();
      assert.deepEqual(await names(page), ['rehearsal', 'archive', 'stadium-north', 'studio']);
      await page.getByRole('link', { name: 'studio' }).focus();
      mock.state.streams[0].viewers = 1;
      await page.waitForFunction(() => document.querySelectorAll('#rows .name')[1].textContent === 'studio');
      assert.equal(await page.evaluate(() => document.activeElement.textContent), 'studio');
      await page.getByRole('searchbox').fill('STAD avc1');
      assert.deepEqual(await names(page), ['stadium-north']);
      assert.ok(await page.getByText('1 of 4 streams.').isVisible());
      await page.getByRole('searchbox').fill('nothing like it');
      assert.ok(await page.getByText('None of 4 streams is called that.').isVisible());
      assert.deepEqual(page.complaints, []);
    });
  });

  test('of thousands of streams a page is shown, and more when asked', async () => {
    const streams = Array.from({ length: 200 }, (_, i) => ({ name: `cam-${String(i).padStart(3, '0')}`, state: 'live', viewers: i }));
    await onPage({ streams, next: 'cam-199' }, {}, async (page) => {
      await shown(page);
      assert.equal((await names(page)).length, 200);
      const asked = page.waitForRequest((request) => request.url().includes('limit=400'));
      await page.getByRole('button', { name: 'Show more' }).click();
      await asked;
    });
  });

  test('one stream: figures, renditions, events, the way to its player', async () => {
    await onPage({ events: EVENTS }, { path: '#/studio' }, async (page, mock) => {
      await page.getByText('an encoder came back').waitFor();
      assert.equal(await page.title(), 'studio · Status · llhls');
      assert.ok(await drawn(page, '#d-gauges canvas') > 500);
      assert.equal(await page.locator('#d-watch').getAttribute('href'), `https://127.0.0.1:8443/#/studio`);
      const video = await page.locator('#d-renditions tbody tr').first().innerText();
      assert.deepEqual(video.split(/\s*\t\s*/), ['video', 'live', 'avc1.64001f', '1280x720 · 29.97 fps', '2.65 Mb/s', '3.10 Mb/s', '120 ms', '260 ms before', '895.4',
        '15 segments', '412', '24.0 MiB']);
      assert.equal(await page.locator('#d-events li[data-bad=true]').count(), 2);
      await shoot(page, 'status-stream');
      mock.state.streams = [];
      await page.getByText('There is no stream called studio.').waitFor();
      await page.getByRole('link', { name: 'All streams' }).click();
      await page.getByText('No stream is there.').waitFor();
      await assertAccessible(page);
      assert.deepEqual(page.complaints.filter((words) => !/404/.test(words)), []);
    });
  });

  test('a server that does not answer is said to be so, and asked again', async () => {
    await onPage({}, {}, async (page, mock) => {
      await shown(page);
      mock.state.api = 503;
      await page.getByText('No answer from the server').waitFor();
      mock.state.api = 200;
      await page.getByText('All is well').waitFor();
    });
  });

  test('everything is reached by keyboard, in the order it is seen', async () => {
    const streams = [{ name: 'studio', state: 'live', viewers: 1 }];
    await onPage({ alarms: ALARMS.slice(0, 1), streams }, {}, async (page) => {
      await shown(page);
      const order = [];
      for (let i = 0; i < 12; i += 1) {
        await page.keyboard.press('Tab');
        order.push(await page.evaluate(() => {
          const { activeElement: at } = document;
          const ring = getComputedStyle(at).outlineStyle;
          return `${at.id || at.className || at.textContent.trim()}${ring === 'none' ? ' (no ring)' : ''}`;
        }));
      }
      assert.deepEqual(order, ['skip', 'brand', 'alarm-text', 'search', 'Stream', 'State', 'Viewers', 'Bit rate', 'Newest part', 'Renditions', 'On for', 'studio']);
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'All streams' }).waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'reading goes on at the start of the view');
    });
  });

  test('a name that is no name harms nothing', async () => {
    const name = '<img src=x onerror=alert(1)>';
    await onPage({ streams: [{ name, state: 'live', viewers: 1 }], alarms: [{ ...ALARMS[0], stream: name, text: name }] }, {}, async (page) => {
      await shown(page);
      assert.deepEqual(await names(page), [name]);
      assert.equal(await page.locator('img').count(), 0);
      await page.getByRole('link', { name }).first().click();
      await page.waitForFunction((title) => document.getElementById('title').textContent === title, name);
      assert.deepEqual(page.complaints, []);
    });
  });
});
