// The end of a stream whose sound and pictures do not end together.
//
// hls.js 1.7 holds a rendition with parts to be all there once the middle of its last part is buffered: in all renditions at once, since before the
// end an element has buffered only what all of them have. Where one outlives the others by more than half of its last part, that never comes, and the
// viewer waits. Here each rendition is held against its own buffer. It needs nothing of this page: any page with hls.js can use it.

const SLACK_S = 0.5; // where playing begins, one rendition may begin a little behind the other

/** Whether one range has the middle of what a playlist names last, and everything from `position` to there. */
export function hasEnd(ranges, details, position) {
  const last = details.partList?.at(-1) ?? details.fragments.at(-1);
  if (!last) return false;
  const middle = last.start + last.duration / 2;
  for (let i = 0; i < ranges.length; i += 1) {
    if (ranges.start(i) <= Math.min(position, middle) + SLACK_S && ranges.start(i) <= middle && middle <= ranges.end(i)) return true;
  }
  return false;
}

/** Tells `hls` that nothing will follow once every rendition that plays is over and buffered to its own end. */
export function watchEnd(hls, { Events }) {
  const buffers = new Map(); // by type: which playlist it is filled from, and what it has
  const playlists = {};
  const look = () => {
    const position = hls.media?.currentTime ?? NaN;
    const isWhole = ({ parent, ranges }) => playlists[parent]?.live === false && hasEnd(ranges, playlists[parent], position);
    if (buffers.size && [...buffers.values()].every(isWhole)) hls.trigger(Events.BUFFER_EOS, { type: null });
  };
  hls.on(Events.MEDIA_ATTACHED, (_, { media }) => {
    media.addEventListener('waiting', look); // past a hole that was before the end when it was appended
    hls.once(Events.MEDIA_DETACHING, () => media.removeEventListener('waiting', look));
  });
  hls.on(Events.BUFFER_CREATED, (_, { tracks }) => {
    for (const type of Object.keys(tracks)) if (!buffers.has(type)) buffers.set(type, {});
  });
  hls.on(Events.BUFFER_APPENDED, (_, { type, parent, timeRanges }) => {
    buffers.set(type, { parent });
    for (const [each, buffer] of buffers) buffer.ranges = timeRanges[each] ?? { length: 0 };
    look();
  });
  hls.on(Events.BUFFER_FLUSHED, (_, { type, end }) => {
    // What was played may go.
    if (buffers.has(type) && !(end <= hls.media?.currentTime)) buffers.get(type).ranges = { length: 0 };
  });
  for (const [event, parent] of [[Events.LEVEL_UPDATED, 'main'], [Events.AUDIO_TRACK_UPDATED, 'audio']]) {
    hls.on(event, (_, { details }) => {
      playlists[parent] = details;
      look();
    });
  }
}
