// How the player keeps its delay: a little faster when late, a little slower before the buffer runs dry, a jump when far behind.

const FAR_BEHIND_S = 6;
const FAR_BEHIND_FOR_MS = 2_000;

/** What a viewer can choose, by the most that is hurried: nobody hears it while the sound is off. */
export const CATCH_UPS = {
  gentle: { sounding: 1.05, muted: 1.1 },
  quick: { sounding: 1.15, muted: 1.25 },
  never: { sounding: 1, muted: 1 },
};

/**
 * Playback speed that leads back to the target: not noticed with `gentle`, 3 % slower when the buffer is about to run dry.
 * `late` is latency minus target; everything in seconds.
 */
export function speedFor({ late, buffer, part, speed, muted, catchUp = 'gentle' }) {
  const thin = Math.max(0.2, part);
  if (buffer < thin) return 0.97;
  if (speed < 1 && buffer < thin * 1.5) return speed;
  const most = CATCH_UPS[catchUp][muted ? 'muted' : 'sounding'];
  const threshold = speed > 1 ? 0.03 : 0.1;
  if (late > threshold && buffer > thin * 1.5) return Math.min(most, 1.01 + Math.floor(late * 20) / 100);
  return late < -0.15 ? 0.98 : 1;
}

export class Steering {
  /** @param {HTMLVideoElement} video @param {() => void} jump goes to the live edge */
  constructor(video, jump) {
    Object.assign(this, { video, jump, catchUp: 'gentle', lateSince: NaN });
  }

  /** @param {{edge: number, target: number, buffer: number, part: number}} values */
  steer({ edge, target, buffer, part }) {
    const { video, catchUp } = this;
    if (!Number.isFinite(edge) || !Number.isFinite(target)) return;
    const late = edge - target;
    const speed = speedFor({ late, buffer, part, speed: video.playbackRate, muted: video.muted, catchUp });
    if (video.playbackRate !== speed) video.playbackRate = speed;
    if (late <= FAR_BEHIND_S || catchUp === 'never') this.lateSince = NaN;
    else if (Number.isNaN(this.lateSince)) this.lateSince = performance.now();
    else if (performance.now() - this.lateSince > FAR_BEHIND_FOR_MS) {
      this.lateSince = NaN;
      this.jump();
    }
  }

  /** Nothing to keep: a viewer who went back, or a recording. */
  rest() {
    this.lateSince = NaN;
    if (this.video.playbackRate !== 1) this.video.playbackRate = 1;
  }
}
