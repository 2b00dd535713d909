// What can play here: hls.js over Media Source Extensions, or the browser's own HLS where those are missing.

const LIBRARY = '/hls.js';
const HLS_TYPE = 'application/vnd.apple.mpegurl';

/**
 * @param {HTMLVideoElement} video
 * @returns {Promise<{kind?: 'hls.js'|'native', problem?: 'library'|'noLibrary'|'unsupported', instead?: boolean}>} `instead`: the browser's own
 *   HLS only because hls.js did not come
 */
export async function choosePlayer(video) {
  const native = video.canPlayType(HLS_TYPE) !== '';
  let instead = false;
  if ('MediaSource' in window || 'ManagedMediaSource' in window) {
    try {
      await loadHls();
      if (window.Hls.isSupported()) return { kind: 'hls.js' };
    } catch {
      if (!native) return { problem: (await isAbsent()) ? 'noLibrary' : 'library' };
      instead = true;
    }
  }
  return native ? { kind: 'native', instead } : { problem: 'unsupported' };
}

/** Whether the origin has none, rather than that it did not come. */
const isAbsent = () => fetch(LIBRARY, { method: 'HEAD' }).then(({ status }) => status === 404, () => false);

function loadHls() {
  if (window.Hls) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = LIBRARY;
    script.onload = resolve;
    script.onerror = () => {
      script.remove();
      reject(new Error(`no script at ${script.src}`));
    };
    document.head.append(script);
  });
}
