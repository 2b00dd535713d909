// What the page computes without a browser.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { soundName } from '../player/controls.js';
import { dateAt, timeAt } from '../player/dates.js';
import { hasEnd } from '../player/ending.js';
import { codecNames, problemNotice, undecodable } from '../player/problems.js';
import { chosenSettings } from '../player/settings.js';
import { beginWithFirstPart } from '../player/start.js';
import { speedFor } from '../player/steering.js';
import { claims, tokenIn } from '../player/token.js';
import { span, spokenSpan } from '../shared/format.js';

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

test('speed hurries as much as the viewer wants', () => {
  const late = (catchUp) => speedFor({ late: 30, buffer: 30, part: 0.2, speed: 1, muted: false, catchUp });
  assert.ok(late('quick') > late('gentle'));
  assert.equal(late('never'), 1);
});

test('a token is found in what people paste, and nothing else is taken for one', () => {
  const token = 's1.1795262000.show.abc-_def';
  for (const pasted of [token, ` ${token}\n`, `https://a.example/?token=${token}#/show`, `https://a.example/live/show/index.m3u8?x=1&token=${token}`,
    `https://a.example/t/${token}/live/show/index.m3u8`]) {
    assert.equal(tokenIn(pasted), token, pasted);
  }
  for (const wrong of ['', '   ', 'two words', 'a/b', 'ü', 'x'.repeat(5_000), 'https://a.example/#/show']) assert.equal(tokenIn(wrong), undefined, wrong);
});

test('what a token says of itself is read for words alone', () => {
  assert.deepEqual(claims('s1.1795262000.cam.1.sig'), { until: new Date(1_795_262_000_000), streams: 'cam.1' });
  const jwt = `x.${Buffer.from(JSON.stringify({ exp: 1_795_262_000, stream: 'show' })).toString('base64url')}.y`;
  assert.deepEqual(claims(jwt), { until: new Date(1_795_262_000_000), streams: 'show' });
  assert.deepEqual(claims('nonsense'), {});
});

test('a refused token is told apart: none, over, unknown, for another stream', () => {
  const title = (kind, token) => problemNotice(kind, { name: 'show', token }).title;
  assert.equal(title('token', undefined), 'A token is needed');
  assert.equal(title('token', 's1.1.show.sig'), 'Your token has ended');
  assert.equal(title('token', 's1.99999999999.show.sig'), 'Your token is not accepted');
  assert.match(problemNotice('otherStream', { name: 'show', token: 's1.99999999999.cam.sig' }).text, /does not open “show”; it is for “cam”/);
});

test('codecs have the names that people know', () => {
  assert.equal(codecNames(['hvc1.1.6.L93.B0', 'mp4a.40.2', 'hev1.2']), 'HEVC (H.265) and AAC');
  assert.equal(codecNames(['xyz1']), 'xyz1');
  const renditions = [{ kind: 'video', codecs: 'hvc1.1' }, { kind: 'audio', codecs: 'mp4a.40.2' }];
  assert.deepEqual(undecodable(renditions, (type) => !type.includes('hvc1')), ['hvc1.1']);
});

test('dates and media time lead to each other, over a jump of the dates', () => {
  const details = { fragments: [
    { start: 10, duration: 2, programDateTime: 1_000_000 }, { start: 12, duration: 2, programDateTime: 1_002_000 },
    { start: 14, duration: 2, programDateTime: 1_060_000 },
  ] };
  assert.equal(dateAt(details, 13), 1003);
  assert.equal(dateAt(details, 15), 1061);
  assert.equal(timeAt(details, 1003), 13);
  assert.equal(timeAt(details, 1030), 14, 'in the hole: the end of what was before it');
  assert.equal(timeAt(details, 900), 10);
  assert.equal(timeAt({ fragments: [{ start: 5, duration: 2 }] }, 6), 6, 'without dates, time is time');
});

test('lengths of time are shown and spoken', () => {
  assert.deepEqual([0, 7, 750, 3723].map(span), ['0:00', '0:07', '12:30', '1:02:03']);
  assert.deepEqual([0, 1, 62, 3723].map(spokenSpan), ['0 seconds', '1 second', '1 minute 2 seconds', '1 hour 2 minutes']);
});

test('settings of the address count; what makes no sense is the default', () => {
  const of = (query) => chosenSettings(new URL(`http://a.example/?${query}`));
  assert.equal(of('delay=4&quality=720p&catchup=never').delay, 4);
  assert.equal(of('quality=720p').quality, '720p');
  assert.equal(of('catchup=never').catchUp, 'never');
  assert.deepEqual(of('delay=-3&quality=best&catchup=constructor'), of(''));
});

test('tracks are called by their language', () => {
  assert.equal(soundName({ name: 'x', language: 'de', index: 0 }), 'German');
  assert.equal(soundName({ name: 'x', language: 'deu', index: 0 }), 'German');
  assert.equal(soundName({ name: 'Commentary', language: undefined, index: 0 }), 'Commentary');
  assert.equal(soundName({ name: '', language: '!', index: 1 }), 'Track 2');
});

test('a rendition is all there when its own buffer has the middle of its last part, and all from where it plays', () => {
  const ranges = (...pairs) => ({ length: pairs.length, start: (i) => pairs[i][0], end: (i) => pairs[i][1] });
  const parts = { partList: [{ start: 9.6, duration: 0.2 }, { start: 9.8, duration: 0.2 }], fragments: [{ start: 8, duration: 2 }] };
  const segments = { partList: null, fragments: [{ start: 6, duration: 2 }, { start: 8, duration: 2 }] };
  assert.ok(hasEnd(ranges([0, 10]), parts, 3));
  assert.ok(!hasEnd(ranges([0, 9.8]), parts, 3), 'the last part is missing');
  assert.ok(!hasEnd(ranges([0, 4], [8, 10]), parts, 3), 'there is a hole before it');
  assert.ok(hasEnd(ranges([0, 4], [8, 10]), parts, 8.5));
  assert.ok(hasEnd(ranges([0, 10]), parts, 11), 'another one outlives it');
  assert.ok(hasEnd(ranges([0.1, 10]), segments, 0), 'it begins a little behind the other');
  assert.ok(!hasEnd(ranges([0, 8]), segments, 0));
  assert.ok(!hasEnd(ranges(), parts, 0) && !hasEnd(ranges([0, 10]), { fragments: [] }, 0));
  assert.ok(!hasEnd(ranges([0, 10]), parts, NaN), 'nothing plays');
});

test('what the first request waits for is asked for before the rest', async () => {
  const web = new URL('../', import.meta.url);
  const needed = new Set();
  const follow = async (path) => {
    if (needed.has(path)) return;
    needed.add(path);
    const text = await readFile(new URL(`.${path}`, web), 'utf8');
    for (const [, from] of text.matchAll(/^import .* from '(.+)';$/gm)) await follow(new URL(from, new URL(`.${path}`, 'http://page/')).pathname);
  };
  await follow('/player/first.js');
  const html = await readFile(new URL('index.html', web), 'utf8');
  const asked = [...html.matchAll(/rel="modulepreload" href="(.+)"/g)].map(([, path]) => path);
  assert.deepEqual(asked.slice(0, needed.size).sort(), [...needed].sort());
  assert.ok(html.indexOf('src="/player/first.js"') < html.indexOf('src="/player.js"'));
});

test('it begins with the first part that has the place, and not before one', () => {
  const Hls = { Events: { BUFFER_APPENDED: 'appended' } };
  const begin = (startPosition, ...appended) => {
    let listener;
    const hls = { startPosition, on: (_, it) => (listener = it), off: () => (listener = undefined) };
    const video = { currentTime: 0, seeking: false, buffered: { length: 0 } };
    beginWithFirstPart(hls, Hls, video);
    return appended.map(([start, end]) => {
      video.buffered = start === undefined ? { length: 0 } : { length: 1, start: () => start, end: () => end };
      listener?.();
      return video.currentTime;
    });
  };
  assert.deepEqual(begin(30.5, [], [30, 30.2], [30, 30.6], [30, 31]), [0, 0, 30.5, 30.5]);
  assert.deepEqual(begin(30, [30.06, 30.26], [30.06, 31]), [30.06, 30.06], 'a picture later than its part');
  assert.deepEqual(begin(-1, [0, 1]), [0], 'from the beginning there is nowhere to go');
});
