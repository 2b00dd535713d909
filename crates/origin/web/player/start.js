// Two delays that hls.js 1.7 has when it begins, taken out with what it lets be configured and listened to.

/**
 * Sound that has a playlist of its own waits for the first part of the picture, which tells where time begins. While parts are loaded
 * hls.js looks only with its next tick but one whether that has come, and makes no source buffer before: up to 200 ms without any media.
 * @returns {object} of `Hls`’s configuration
 */
export function promptSound(Hls) {
  const Usual = Hls.DefaultConfig.audioStreamController;
  return Usual && {
    audioStreamController: class extends Usual {
      onInitPtsFound(event, data) {
        super.onInitPtsFound(event, data);
        if (this.state !== 'WAITING_INIT_PTS') return;
        this.tick(); // no longer waits
        this.tick(); // loads
      }
    },
  };
}

/**
 * hls.js goes to the place where it begins once it has all parts up to the live edge. The part with that place is enough: the others come
 * while it is decoded.
 */
export function beginWithFirstPart(hls, Hls, video) {
  const begin = () => {
    const { buffered } = video;
    if (!buffered.length) return; // either picture or sound is missing still
    const place = Math.max(hls.startPosition, buffered.start(0)); // a picture may begin a little later than its part
    if (place >= buffered.end(0)) return; // comes with a later part
    hls.off(Hls.Events.BUFFER_APPENDED, begin);
    if (video.currentTime < place && !video.seeking) video.currentTime = place;
  };
  hls.on(Hls.Events.BUFFER_APPENDED, begin);
}
