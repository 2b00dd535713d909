// Quantities of a server as people read them; what players show too is in shared/format.js.

import { DASH } from '../shared/format.js';

/** A length of time in its two largest units: `3 d 4 h`, `5 min 2 s`. */
export function span(ms) {
  if (!Number.isFinite(ms)) return DASH;
  let rest = Math.max(0, Math.round(ms / 1000));
  const units = [['d', 86_400], ['h', 3_600], ['min', 60], ['s', 1]];
  const parts = [];
  for (const [unit, seconds] of units) {
    const count = Math.floor(rest / seconds);
    if (count || (unit === 's' && !parts.length)) parts.push(`${count} ${unit}`);
    rest -= count * seconds;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/** Bytes with three digits: `1.25 GiB`. */
export function bytes(value) {
  if (!Number.isFinite(value)) return DASH;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const at = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  const scaled = value / 1024 ** at;
  return `${scaled.toFixed(at === 0 || scaled >= 99.5 ? 0 : scaled >= 9.95 ? 1 : 2)} ${units[at]}`;
}

/** The age of a part: `240 ms`, `1.4 s`, `2 min 5 s`. */
export function age(ms) {
  if (!Number.isFinite(ms)) return DASH;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : span(ms);
}

/** A figure with as many digits as help: `0.42`, `7.3`, `1 250`. */
export function amount(value) {
  if (!Number.isFinite(value)) return DASH;
  if (value >= 99.5) return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 9.95 ? 1 : 0);
}

/** The time of day, as the reader's clock has it. */
export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour12: false });
}

/** `1 viewer`, `2 viewers`. */
export const plural = (count, one, many = `${one}s`) => `${amount(count)} ${count === 1 ? one : many}`;
