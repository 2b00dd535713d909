// What a viewer chose, remembered by this browser where it lets us; what the address says counts more, and is not remembered.

import { CATCH_UPS } from './steering.js';

const PREFIX = 'llhls.';
const DELAYS = [1, 2, 4, 8, 15];

/** Reads one remembered value; undefined where there is none, or no storage. */
export function settingOf(name, storage = local()) {
  try {
    return storage?.getItem(PREFIX + name) ?? undefined;
  } catch {
    return undefined;
  }
}

export function store(name, value, storage = local()) {
  try {
    storage?.setItem(PREFIX + name, value);
  } catch {
    // Full, or forbidden: then it is chosen again next time.
  }
}

function local() {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

/** @typedef {{quality: string, delay: 'auto'|number, catchUp: string, volume: number, sound: boolean, keys: boolean, details: boolean}} Chosen */

/** @returns {Chosen} what was chosen before, with what the address says over it; whatever makes no sense is the default */
export function chosenSettings(address = new URL(location.href)) {
  const asked = (name) => address.searchParams.get(name) ?? settingOf(name) ?? '';
  const delay = Number(asked('delay'));
  const volume = Number(settingOf('volume') ?? 1);
  return {
    quality: /^\d+p$/.test(asked('quality')) ? asked('quality') : 'auto',
    delay: DELAYS.includes(delay) ? delay : 'auto',
    catchUp: Object.hasOwn(CATCH_UPS, asked('catchup')) ? asked('catchup') : 'gentle',
    volume: volume >= 0 && volume <= 1 ? volume : 1,
    sound: settingOf('sound') === 'on',
    keys: settingOf('keys') !== 'off',
    details: settingOf('details') !== 'closed',
  };
}
