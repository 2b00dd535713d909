// The origin's binary: started on a free port, its addresses read from what it prints, stopped by a signal.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const BINARY = process.env.ORIGIN_BIN ?? fileURLToPath(new URL('../../../../../target/release/origin', import.meta.url));
const LIBRARY = fileURLToPath(new URL('../../node_modules/hls.js/dist/hls.min.js', import.meta.url));
const START_MS = 15_000;

/** Resolves to `{page, streams, log(), stop()}` once the player page's and `streams` many streams' addresses were printed. */
export async function startOrigin({ args = [], streams: expected = 1 } = {}) {
  if (!existsSync(BINARY)) throw new Error(`no origin at ${BINARY}: run “cargo build --release -p origin”, or set ORIGIN_BIN`);
  const child = spawn(BINARY, ['--listen', '127.0.0.1:0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LLHLS_PAGE_PLAYER_LIBRARY: LIBRARY },
  });
  const lines = [];
  const streams = [];
  let page;
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));

  const ready = new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`the origin ${why}\n${lines.join('\n')}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`printed no addresses within ${START_MS} ms`);
    }, START_MS);
    ended.then((how) => fail(`ended with ${how} before it printed its addresses`));
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const url = /https?:\/\/\S+/.exec(line)?.[0];
      if (url?.endsWith('.m3u8')) streams.push(url);
      else if (url && /^player/i.test(line)) page ??= url;
      if (page && streams.length >= expected) {
        clearTimeout(timer);
        resolve();
      }
    });
  });
  await ready;

  return {
    page,
    streams,
    /** Printed since the start, both streams. */
    log: () => lines.join('\n'),
    async stop() {
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 12_000);
      await ended;
      clearTimeout(hard);
    },
  };
}
