// The playlists of seeded histories, every version and every delta update, read by hls.js's own
// parser and compared with the publisher's books.
//
//   HISTORIES=480 node --test testing/playlist-oracle/hls-js/histories.test.mjs
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { assertMediaPlaylist, assertMultivariant, root } from './facts.mjs';

const checks = { media: assertMediaPlaylist, multivariant: assertMultivariant };
const example = ['run', '--quiet', '--locked', '-p', 'llhls-manifest', '--example', 'histories'];

test('every version of every history', async () => {
  const seeds = process.env.HISTORIES ?? '48';
  const histories = spawn('cargo', [...example, '--', seeds], {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(histories, 'exit');
  const seen = { media: 0, multivariant: 0, deltas: 0, gaps: 0, keys: 0, dateRanges: 0, events: 0 };
  for await (const line of createInterface({ input: histories.stdout })) {
    const { kind, seed, step, text, facts } = JSON.parse(line);
    try {
      checks[kind](text, facts);
    } catch (error) {
      error.message += `\nseed ${seed}, step ${step}:\n${text}`;
      throw error;
    }
    seen[kind] += 1;
    seen.deltas += facts.skipped > 0;
    seen.gaps += facts.parts?.some((part) => part.gap) ?? 0;
    seen.keys += facts.segments?.some((segment) => segment.keys.length > 0) ?? 0;
    seen.dateRanges += facts.dateRanges?.length > 0;
    seen.events += facts.type === 'EVENT';
  }
  assert.deepEqual(await exit, [0, null]);
  // Histories that hold none of it would show nothing.
  for (const [what, count] of Object.entries(seen)) {
    assert.ok(count >= 2 * Number(seeds), `${count} ${what}`);
  }
});
