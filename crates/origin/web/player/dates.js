// Between the time of the media element and the dates of a playlist, segment by segment: dates jump where an encoder began anew.

/** @param {{fragments: any[]}} details @returns {number} seconds since 1970; the media time itself where there are no dates */
export function dateAt(details, time) {
  const at = lastWhere(details.fragments, (fragment) => fragment.start <= time);
  return at?.programDateTime ? at.programDateTime / 1000 + (time - at.start) : time;
}

/** @returns {number} the media time of a date, as far as the playlist goes */
export function timeAt(details, date) {
  const { fragments } = details;
  if (!fragments.length || !fragments[0].programDateTime) return date;
  const at = lastWhere(fragments, (fragment) => fragment.programDateTime / 1000 <= date);
  // In a hole between two of them, the end of the first.
  return at.start + Math.min(Math.max(0, date - at.programDateTime / 1000), at.duration);
}

/** The last that fits, else the first one. */
function lastWhere(list, fits) {
  for (let i = list.length - 1; i > 0; i -= 1) if (fits(list[i])) return list[i];
  return list[0];
}

/**
 * The segments behind a multivariant playlist, in the form that the functions above take: what hls.js knows once it has opened it.
 * @returns {Promise<{fragments: {start: number, duration: number, programDateTime?: number}[]}>}
 */
export async function segmentsOf(url) {
  const lines = (text) => text.split(/\r?\n/);
  const multivariant = lines(await playlist(url));
  const uri = multivariant.find((line) => line && !line.startsWith('#'));
  const fragments = [];
  let [start, programDateTime] = [0, undefined];
  for (const line of lines(await playlist(new URL(uri, url)))) {
    const value = (tag) => (line.startsWith(tag) ? line.slice(tag.length) : undefined);
    const [date, length] = [value('#EXT-X-PROGRAM-DATE-TIME:'), value('#EXTINF:')];
    if (date) programDateTime = Date.parse(date);
    if (!length) continue;
    const duration = Number.parseFloat(length);
    fragments.push({ start, duration, programDateTime });
    start += duration;
    programDateTime = programDateTime && programDateTime + duration * 1000;
  }
  return { fragments };
}

async function playlist(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.text();
}
