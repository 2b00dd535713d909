// The golden playlists, read by hls.js's own parser and compared with the facts beside them.
//
//   npm ci --prefix crates/origin/web && node --test testing/playlist-oracle/hls-js/
//
// hls.js is the one that the player page plays with, so that there is one version to keep.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

// Its parser looks for a browser's global scope.
globalThis.self ??= globalThis;
const root = new URL('../../../', import.meta.url);
const { M3U8Parser } = await import(
  new URL('crates/origin/web/node_modules/hls.js/dist/hls.mjs', root)
);

const folder = new URL('crates/llhls-manifest/tests/it/golden/', root);
const base = 'http://host/live/index.m3u8?token=T';
const variables = { a: 'imported' };

function substitute(text) {
  return text.replaceAll('{$token}', 'T').replaceAll('{$cdn}', 'a').replaceAll('{$a}', 'imported');
}

function absolute(uri) {
  return new URL(substitute(uri), base).href;
}

const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
assert.ok(names.length >= 30, 'the golden files are there');

for (const name of names) {
  const facts = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
  const text = readFileSync(new URL(name.replace('.json', '.m3u8'), folder), 'utf8');
  test(name.replace('.json', ''), () => {
    const details = M3U8Parser.parseLevelPlaylist(text, base, 0, 'main', 0, variables);
    assert.equal(details.playlistParsingError, null, String(details.playlistParsingError));
    assert.equal(details.targetduration, facts.targetDuration);
    assert.equal(details.startSN, facts.mediaSequence);
    assert.equal(details.live, facts.live);
    assert.equal(details.skippedSegments, facts.skipped);
    assert.equal(details.partTarget, facts.partTarget ?? 0);
    assert.equal(details.canBlockReload, facts.blocks);
    const fragments = details.fragments.filter(Boolean);
    assert.deepEqual(
      fragments.map((fragment) => ({
        sn: fragment.sn,
        cc: fragment.cc,
        uri: fragment.url,
        duration: fragment.duration,
        date: fragment.rawProgramDateTime ? fragment.programDateTime : null,
        gap: fragment.gap === true,
        map: fragment.initSegment?.url ?? null,
        key: fragment.decryptdata?.method ?? null,
        range: fragment.byteRange.length ? fragment.byteRange : null,
      })),
      facts.segments.map((segment) => ({
        ...segment,
        uri: absolute(segment.uri),
        map: segment.map === null ? null : absolute(segment.map),
        // Keys of key systems are looked at only where there is one.
        key: segment.key === 'AES-128' ? segment.key : null,
      })),
    );
    assert.deepEqual(
      (details.partList ?? []).map((part) => ({
        uri: part.url,
        duration: part.duration,
        independent: part.independent,
        gap: part.gap,
      })),
      facts.parts.map((part) => ({ ...part, uri: absolute(part.uri) })),
    );
    assert.equal(details.preloadHint?.URI ?? null, facts.hint && substitute(facts.hint));
    assert.equal(details.renditionReports?.length ?? 0, facts.reports);
    assert.deepEqual(Object.keys(details.dateRanges), facts.dateRanges);
  });
}

for (const name of ['multivariant', 'multivariant_full']) {
  test(name, () => {
    const text = readFileSync(new URL(`${name}.m3u8`, folder), 'utf8');
    const result = M3U8Parser.parseMasterPlaylist(text, base);
    assert.equal(result.playlistParsingError, null);
    const count = (tag) => text.split('\n').filter((line) => line.startsWith(tag)).length;
    assert.equal(result.levels.length, count('#EXT-X-STREAM-INF:'));
    const audio = M3U8Parser.parseMasterPlaylistMedia(text, base, result).AUDIO ?? [];
    assert.equal(audio.length, count('#EXT-X-MEDIA:TYPE=AUDIO'));
  });
}
