// The golden playlists, read by hls.js's own parser and compared with the facts beside them.
//
//   npm ci --prefix crates/origin/web && node --test testing/playlist-oracle/hls-js/
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { assertMediaPlaylist, countMultivariant, root } from './facts.mjs';

const folder = new URL('crates/llhls-manifest/tests/it/golden/', root);
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
assert.ok(names.length >= 30, 'the golden files are there');

for (const name of names) {
  const facts = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
  const text = readFileSync(new URL(name.replace('.json', '.m3u8'), folder), 'utf8');
  test(name.replace('.json', ''), () => assertMediaPlaylist(text, facts));
}

for (const name of ['multivariant', 'multivariant_full']) {
  test(name, () => {
    const text = readFileSync(new URL(`${name}.m3u8`, folder), 'utf8');
    const count = (tag) => text.split('\n').filter((line) => line.startsWith(tag)).length;
    assert.deepEqual(countMultivariant(text), {
      variants: count('#EXT-X-STREAM-INF:'),
      audio: count('#EXT-X-MEDIA:TYPE=AUDIO'),
    });
  });
}
