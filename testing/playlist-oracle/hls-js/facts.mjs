// What hls.js's own parser reads, held against what a playlist must say.
//
// hls.js is the one that the player page plays with, so that there is one version to keep.
import assert from 'node:assert/strict';

// Its parser looks for a browser's global scope.
globalThis.self ??= globalThis;
export const root = new URL('../../../', import.meta.url);
const { M3U8Parser } = await import(
  new URL('crates/origin/web/node_modules/hls.js/dist/hls.mjs', root)
);

const base = 'http://host/live/index.m3u8?token=T';
const variables = { a: 'imported' };
// Keys of key systems are looked at only where there is one.
const readable = ['AES-128', 'AES-256-GCM'];

function substitute(text) {
  return text.replaceAll('{$token}', 'T').replaceAll('{$cdn}', 'a').replaceAll('{$a}', 'imported');
}

function absolute(uri) {
  return new URL(substitute(uri), base).href;
}

function absoluteOrNull(uri) {
  return uri === null ? null : absolute(uri);
}

function number(text) {
  return text === undefined ? null : Number(text);
}

// Throws where the parser reads `text` otherwise than `facts` say.
export function assertMediaPlaylist(text, facts) {
  const details = M3U8Parser.parseLevelPlaylist(text, base, 0, 'main', 0, variables);
  assert.equal(details.playlistParsingError, null, String(details.playlistParsingError));
  assert.deepEqual(
    {
      targetDuration: details.targetduration,
      mediaSequence: details.startSN,
      discontinuitySequence: details.startCC,
      live: details.live,
      type: details.type || null,
      skipped: details.skippedSegments,
      partTarget: details.partTarget,
      blocks: details.canBlockReload,
      canSkipUntil: details.canSkipUntil,
      canSkipDateRanges: details.canSkipDateRanges,
      holdBack: details.holdBack,
      partHoldBack: details.partHoldBack,
    },
    {
      targetDuration: facts.targetDuration,
      mediaSequence: facts.mediaSequence,
      discontinuitySequence: facts.discontinuitySequence,
      live: facts.live,
      type: facts.type,
      skipped: facts.skipped,
      partTarget: facts.partTarget ?? 0,
      blocks: facts.blocks,
      canSkipUntil: facts.canSkipUntil ?? 0,
      canSkipDateRanges: facts.canSkipDateRanges,
      holdBack: facts.holdBack ?? 0,
      partHoldBack: facts.partHoldBack ?? 0,
    },
  );
  assert.deepEqual(
    details.fragments.filter(Boolean).map((fragment) => ({
      sn: fragment.sn,
      cc: fragment.cc,
      uri: fragment.url,
      duration: fragment.duration,
      date: fragment.rawProgramDateTime ? fragment.programDateTime : null,
      gap: fragment.gap === true,
      map: fragment.initSegment?.url ?? null,
      keys: Object.values(fragment.levelkeys ?? {})
        .filter((key) => readable.includes(key.method))
        .map((key) => [key.keyFormat, key.method, key.uri])
        .sort(),
      range: fragment.byteRange.length ? fragment.byteRange : null,
    })),
    facts.segments.map(({ bitRate, ...segment }) => ({
      ...segment,
      uri: absolute(segment.uri),
      map: absoluteOrNull(segment.map),
      keys: segment.keys
        .filter(([, method]) => readable.includes(method))
        .map(([format, method, uri]) => [format, method, absolute(uri)]),
    })),
  );
  assert.deepEqual(
    (details.partList ?? []).map((part) => ({
      sn: part.fragment.sn,
      index: part.index,
      uri: part.url,
      duration: part.duration,
      independent: part.independent,
      gap: part.gap,
      range: part.byteRange.length ? part.byteRange : null,
    })),
    facts.parts.map((part) => ({ ...part, uri: absolute(part.uri) })),
  );
  const hint = details.preloadHint;
  assert.deepEqual(
    hint ? { uri: hint.URI, start: number(hint['BYTERANGE-START']), type: hint.TYPE } : null,
    facts.hint && { ...facts.hint, uri: substitute(facts.hint.uri), type: 'PART' },
  );
  assert.deepEqual(
    (details.renditionReports ?? []).map((report) => ({
      uri: report.URI,
      msn: number(report['LAST-MSN']),
      part: number(report['LAST-PART']),
    })),
    facts.reports,
  );
  assert.deepEqual(
    Object.values(details.dateRanges).map((range) => ({
      id: range.id,
      start: range.startDate.getTime(),
      duration: number(range.attr.DURATION),
      planned: number(range.attr['PLANNED-DURATION']),
      class: range.class ?? null,
      endOnNext: range.endOnNext,
      out: range.attr['SCTE35-OUT'] ?? null,
    })),
    facts.dateRanges,
  );
}

// The same for a multivariant playlist.
export function assertMultivariant(text, facts) {
  const result = M3U8Parser.parseMasterPlaylist(text, base);
  assert.equal(result.playlistParsingError, null);
  assert.equal(result.contentSteering?.uri ?? null, facts.steering);
  assert.equal(Boolean(result.sessionData), facts.sessionData);
  assert.deepEqual(
    result.levels.map(({ attrs, ...level }) => ({
      uri: level.url,
      bandwidth: attrs.decimalInteger('BANDWIDTH'),
      average: number(attrs['AVERAGE-BANDWIDTH']),
      width: level.width,
      height: level.height,
      frameRate: attrs.decimalFloatingPoint('FRAME-RATE'),
      range: attrs['VIDEO-RANGE'] ?? null,
      audio: attrs.AUDIO ?? null,
      subtitles: attrs.SUBTITLES ?? null,
      captions: attrs['CLOSED-CAPTIONS'] ?? null,
      score: number(attrs.SCORE),
      pathway: attrs['PATHWAY-ID'] ?? null,
    })),
    facts.variants.map((variant) => ({ ...variant, uri: absolute(variant.uri) })),
  );
  const media = M3U8Parser.parseMasterPlaylistMedia(text, base, result);
  for (const type of ['AUDIO', 'SUBTITLES', 'CLOSED-CAPTIONS']) {
    assert.deepEqual(
      (media[type] ?? []).map((rendition) => ({
        type: rendition.type,
        group: rendition.groupId,
        name: rendition.name,
        language: rendition.lang,
        uri: rendition.url || null,
        default: rendition.default,
      })),
      facts.renditions
        .filter((rendition) => rendition.type === type)
        .map((rendition) => ({ ...rendition, uri: absoluteOrNull(rendition.uri) })),
    );
  }
  assert.deepEqual(
    (result.iframeVariants ?? []).map((variant) => ({
      uri: variant.url,
      bandwidth: variant.bitrate,
    })),
    facts.iFrames.map((variant) => ({ ...variant, uri: absolute(variant.uri) })),
  );
}

// Reads a multivariant playlist of which only the numbers of things are known.
export function countMultivariant(text) {
  const result = M3U8Parser.parseMasterPlaylist(text, base);
  assert.equal(result.playlistParsingError, null);
  const audio = M3U8Parser.parseMasterPlaylistMedia(text, base, result).AUDIO ?? [];
  return { variants: result.levels.length, audio: audio.length };
}
