// The origin's binary: started on a free port, its addresses read from what it prints, stopped by a signal.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const BINARY = process.env.ORIGIN_BIN ?? fileURLToPath(new URL('../../../../../target/release/origin', import.meta.url));
const START_MS = 15_000;

/**
 * Resolves to `{page, streams, secure, log(), stop()}` once the player page's and `streams` many streams' addresses were printed; with
 * `secure` those with TLS too, which are in `secure.page` and `secure.streams`.
 */
export async function startOrigin({ binary = BINARY, args = [], streams: expected = 1, secure: isSecure = false } = {}) {
  if (!existsSync(binary)) throw new Error(`no origin at ${binary}: run “cargo build --release -p origin”, or set ORIGIN_BIN`);
  const child = spawn(binary, ['--listen', '127.0.0.1:0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = [];
  const clear = { page: undefined, streams: [] };
  const secure = { page: undefined, streams: [] };
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
      const side = url?.startsWith('https:') ? secure : clear;
      if (url?.endsWith('.m3u8')) side.streams.push(url);
      else if (url && /^player/i.test(line)) side.page ??= url;
      const complete = ({ page, streams }) => page && streams.length >= expected;
      if (complete(clear) && (!isSecure || complete(secure))) {
        clearTimeout(timer);
        resolve();
      }
    });
  });
  await ready;

  return {
    page: clear.page,
    streams: clear.streams,
    secure,
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
