// Numbers as people read them. A figure that is not known yet is a dash, never a zero.

export const DASH = '–';

/** Seconds with two decimals below ten, one above: `0.84`, `12.3`. */
export function seconds(value) {
  if (!Number.isFinite(value)) return DASH;
  const shown = Math.max(0, value);
  return shown < 9.995 ? shown.toFixed(2) : shown.toFixed(1);
}

/** Bits per second in kb/s or Mb/s. */
export function bitrate(value) {
  if (!Number.isFinite(value) || value <= 0) return DASH;
  if (value < 999_500) return `${Math.round(value / 1000)} kb/s`;
  return `${(value / 1e6).toFixed(value < 9.95e6 ? 2 : 1)} Mb/s`;
}

/** A count with thin grouping: `12 345`. */
export function count(value) {
  return Number.isFinite(value) ? String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u202f') : DASH;
}

/** `1280x720` as `720p`; empty when unknown. */
export function lines(resolution) {
  const height = /x(\d+)$/.exec(resolution ?? '')?.[1];
  return height ? `${height}p` : '';
}

/** One line about a stream's renditions: `720p, 360p, audio`. */
export function renditions(list) {
  const names = (list ?? []).map((r) => (r.kind === 'audio' ? 'audio' : lines(r.resolution) || r.name || r.kind));
  return [...new Set(names.filter(Boolean))].join(', ');
}

/** A length of time as clocks show it: `0:07`, `12:30`, `1:02:03`. */
export function span(value) {
  const total = Math.max(0, Math.round(value));
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (n) => String(n).padStart(2, '0');
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** The same as it is spoken: `1 hour 2 minutes`, `12 seconds`. */
export function spokenSpan(value) {
  const total = Math.max(0, Math.round(value));
  const parts = [[Math.floor(total / 3600), 'hour'], [Math.floor(total / 60) % 60, 'minute'], [total % 60, 'second']];
  const words = parts.filter(([n]) => n).map(([n, unit]) => `${n} ${unit}${n === 1 ? '' : 's'}`);
  return words.slice(0, 2).join(' ') || '0 seconds';
}

/** The time of day of a date in seconds since 1970, in the viewer's words. */
export function clock(value) {
  return new Date(value * 1000).toLocaleTimeString();
}
