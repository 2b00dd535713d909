// ffmpeg as an encoder, and as whatever else it can be.

import { spawn } from 'node:child_process';

/** Runs a program to its end: `{code, output, errors}`. */
export function run(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const seen = { code: undefined, output: '', errors: '' };
  child.stdout.on('data', (data) => (seen.output += data));
  child.stderr.on('data', (data) => (seen.errors += data));
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(Object.assign(seen, { code })));
  });
  return { child, ended, seen };
}

/**
 * Publishes `name` to the origin at `root`: 720p at 30 pictures a second, a key picture each second, in fragments of 200 ms. Until
 * it is stopped, or for `seconds`: then the file has its trailer, which ends the stream.
 */
export function publish(root, name, codec, { seconds } = {}) {
  const url = new URL(`ingest/${name}`, root).href;
  const flags = `+cmaf+delay_moov${seconds ? '' : '+skip_trailer'}`;
  return run('ffmpeg', ['-hide_banner', '-nostdin', '-loglevel', 'warning', '-re',
    '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '30', '-keyint_min', '30', '-sc_threshold', '0',
    '-b:v', '1500k', ...codec, '-c:a', 'aac', '-b:a', '96k', ...(seconds ? ['-t', String(seconds)] : []),
    '-f', 'mp4', '-movflags', flags, '-frag_duration', '200000', '-method', 'PUT', url]);
}

/** Publishes so many seconds of pictures and of sound, as fast as they go, and ends. */
export function publishAtOnce(root, name, { pictures, sound }) {
  return run('ffmpeg', ['-hide_banner', '-nostdin', '-loglevel', 'warning',
    '-f', 'lavfi', '-i', `testsrc2=size=160x90:rate=30:duration=${pictures}`, '-f', 'lavfi', '-i', `sine=sample_rate=48000:duration=${sound}`,
    '-c:v', 'libx264', '-preset', 'ultrafast', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-g', '30', '-sc_threshold', '0', '-c:a', 'aac',
    '-f', 'mp4', '-movflags', '+cmaf+delay_moov', '-frag_duration', '200000', '-method', 'PUT', new URL(`ingest/${name}`, root).href]);
}
