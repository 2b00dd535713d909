// Where a start of the player page spends its time, for one binary or several by turns: node tests/bench/starts.js 20 OLD NEW
//
// What a machine does beside it weighs on each of them alike, so that ratios count and times say little unless it is quiet.

import { launch, openPage, untilState } from '../support/browser.js';
import { startOrigin } from '../support/origin.js';

const [rounds = '10', ...binaries] = process.argv.slice(2);
const IS_SECURE = Boolean(process.env.SECURE); // over HTTP/2 with TLS

/** Notes when hls.js ran and what became of the element and its source buffers. */
function watchMilestones() {
  const at = (window.milestones = {});
  const note = (name) => (at[name] ??= performance.now());
  let hls;
  Object.defineProperty(window, 'Hls', { get: () => hls, set: (value) => { note('hls.js ran'); hls = value; } });
  const append = SourceBuffer.prototype.appendBuffer;
  SourceBuffer.prototype.appendBuffer = function (bytes) {
    note('first append');
    return append.call(this, bytes);
  };
  for (const event of ['loadedmetadata', 'seeking']) document.addEventListener(event, () => note(event), true);
}

/** Milliseconds after the document was ready; what is before it is negative. */
async function start(page, url) {
  await page.addInitScript(watchMilestones);
  await page.goto(url);
  await untilState(page, 'playing', 20_000);
  return page.evaluate(() => {
    const { domContentLoadedEventEnd: ready } = performance.getEntriesByType('navigation')[0];
    const resources = performance.getEntriesByType('resource');
    const first = (pattern) => resources.find(({ name }) => pattern.test(name)) ?? {};
    const { milestones, llhls } = window;
    const since = {
      navigation: 0,
      'list asked for': first(/api\/streams$/).startTime,
      'hls.js ran': milestones['hls.js ran'],
      'multivariant playlist asked for': first(/index\.m3u8$/).startTime,
      'video playlist asked for': first(/video.*\.m3u8$/).startTime,
      'video header asked for': first(/video.*init/).startTime,
      'first video part asked for': first(/video.*\d\.m4s$/).startTime,
      'first video part there': first(/video.*\d\.m4s$/).responseEnd,
      'audio header asked for': first(/audio.*init/).startTime,
      'first audio part there': first(/audio.*\d\.m4s$/).responseEnd,
      'first append': milestones['first append'],
      'length and codecs known': milestones.loadedmetadata,
      'goes to where it begins': milestones.seeking,
      'first frame': llhls.metrics.firstFrameAt,
    };
    return Object.fromEntries(Object.entries(since).map(([name, time]) => [name, time - ready]));
  });
}

const origins = [];
for (const binary of binaries.length ? binaries : [undefined]) {
  const secure = IS_SECURE && { args: ['--tls-self-signed', '--tls-listen', '127.0.0.1:0'], secure: true };
  origins.push({ origin: await startOrigin({ binary, ...secure }), starts: [] });
}
const browser = await launch();
try {
  for (let round = 0; round < Number(rounds); round += 1) {
    for (const { origin, starts } of origins) {
      const page = await openPage(browser, { ignoreHTTPSErrors: true });
      starts.push(await start(page, IS_SECURE ? origin.secure.page : origin.page));
      await page.context().close();
    }
  }
} finally {
  await browser.close();
  for (const { origin } of origins) await origin.stop();
}
const column = ({ starts }, name) => {
  const times = starts.map((it) => it[name]).filter(Number.isFinite).sort((a, b) => a - b).map(Math.round);
  return `${times[times.length >> 1]} (${times[0]} to ${times.at(-1)})`.padStart(22);
};
for (const name of Object.keys(origins[0].starts[0])) console.log(name.padEnd(32), ...origins.map((it) => column(it, name)));
