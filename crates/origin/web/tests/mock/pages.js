// What both stand-ins are: a server of a page as it is on disk, under the policy that the origin sends. What it says of streams is theirs.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const WEB = new URL('../../', import.meta.url);
const TYPES = { html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' };
const POLICY = (await readFile(new URL('content-security-policy.txt', WEB), 'utf8')).trim();

/** @typedef {(status: number, type: string, body: string|Buffer) => void} Send */

/**
 * Serves the files whose paths match `files`, the page itself at `at`, and whatever else `answer` does: it says false to what it does not know.
 * @param {{port: number, at: string, page: string, files: RegExp, answer: (asked: URL, send: Send) => any}} what `page` is a file below `web/`
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
export async function servePage({ port, at, page, files, answer }) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://mock');
    const send = (status, type, body) =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'content-security-policy': POLICY }).end(body);
    try {
      const asset = url.pathname === at ? page : files.test(url.pathname) && url.pathname.slice(1);
      if (asset) send(200, TYPES[asset.split('.').pop()], await readFile(new URL(asset, WEB)));
      else if ((await answer(url, send)) === false) send(404, 'text/plain', 'not here');
    } catch (error) {
      send(500, 'text/plain', String(error));
    }
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${at}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
