// Chromium, driven by playwright-core: no browser is downloaded, the machine's own is used.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const SHOTS = process.env.SHOTS;
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const LAPTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

export async function launch() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, headless: true, args: ARGS }).catch((error) => {
    throw new Error(`Chromium did not start from ${executablePath}: install it or set CHROMIUM.\n${error.message}`);
  });
}

/** A page with `complaints`: every console error and warning, uncaught exception and failed answer seen on it. */
export async function openPage(browser, { viewport = LAPTOP, scheme = 'light', ...options } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: scheme, ...(viewport === PHONE && { deviceScaleFactor: 2, hasTouch: true }), ...options });
  const page = await context.newPage();
  page.complaints = [];
  if (process.env.PAGE_FROM_DISK) await serveFromDisk(page);
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && page.complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => page.complaints.push(`uncaught: ${error.message}`));
  page.on('response', (response) => response.status() >= 400 && page.complaints.push(`${response.status()} ${response.url()}`));
  return page;
}

/** With PAGE_FROM_DISK set, the page is the one in this folder instead of the one in the binary: edit it without a build. */
async function serveFromDisk(page) {
  await page.route(/\/(|player\.(js|css)|(player|shared)\/[a-z]+\.(js|css))([?#].*)?$/, (route) => {
    const path = new URL(route.request().url()).pathname;
    return route.fulfill({ path: fileURLToPath(new URL(`../../${path === '/' ? 'index.html' : path.slice(1)}`, import.meta.url)) });
  });
}

/** With SHOTS set, pictures for people: laptop and phone, light and dark, of whatever the page shows now. They prove nothing, and take seconds. */
export async function shoot(page, name) {
  if (!SHOTS) return;
  await mkdir(SHOTS, { recursive: true });
  const before = page.viewportSize();
  for (const [device, viewport] of [['laptop', LAPTOP], ['phone', PHONE]]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      // Two frames: the layout has settled and the canvases, which follow a resize observer, are drawn again.
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 300))));
      await page.screenshot({ path: `${SHOTS}/${name}-${device}-${colorScheme}.png`, fullPage: device === 'phone' });
    }
  }
  await page.setViewportSize(before);
}

/** Waits for the page's own state, and says what it showed instead when it never comes. */
export async function untilState(page, wanted, timeout = 10_000) {
  await page.waitForFunction((state) => window.llhls?.state === state, wanted, { timeout }).catch(async () => {
    const seen = await page.evaluate(() => ({
      state: window.llhls?.state, notice: document.getElementById('notice')?.innerText, metrics: window.llhls?.metrics,
    }));
    throw new Error(`the page is not “${wanted}” after ${timeout} ms: ${JSON.stringify(seen, null, 1).slice(0, 4_000)}\n${page.complaints.join('\n')}`);
  });
}

/** No violation of axe's rules in what the page shows now. */
export async function assertAccessible(page) {
  await page.evaluate(AXE); // by the debugger, which the page's policy does not bind
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' | ')}`), []);
}
