// The numbers beside the picture, and which features of Low-Latency HLS are in use.

import { attribute, element, text } from '../shared/dom.js';
import { DASH, bitrate, count, seconds } from '../shared/format.js';

/** @param {object} m `Metrics` with what `Engine.measure` said over it @param {{partRate: number, bitrate: number}} rates */
export function showFigures(m, rates) {
  const headline = Number.isFinite(m.latency) ? m.latency : m.edge;
  const started = !Number.isNaN(m.firstFrameAt);
  text('latency', seconds(headline));
  text('latency-note', started && !m.live ? 'a recording has none' : !m.following && started ? 'as you chose'
    : Number.isFinite(m.latency) || !Number.isFinite(m.edge) ? 'from capture to screen' : 'behind the live edge');
  for (const [name, known] of [['latency', Number.isFinite(headline)], ['buffer', started]]) {
    attribute(document.querySelector(`.gauge.${name}`), 'data-known', String(known));
  }
  text('buffer', started ? seconds(m.buffer) : DASH);
  const withUnit = (value, unit) => (value === DASH ? DASH : `${value} ${unit}`);
  text('f-target', m.following ? withUnit(seconds(m.target), 's') : DASH);
  text('f-edge', withUnit(seconds(m.edge), 's'));
  text('f-speed', started ? `${m.speed.toFixed(2)}×` : DASH);
  text('f-rendition', m.height ? `${m.width} × ${m.height}` : DASH);
  text('f-bitrate', started ? bitrate(rates.bitrate) : DASH);
  text('f-bandwidth', started ? bitrate(m.bandwidth) : DASH);
  const share = m.totalFrames ? ((100 * m.droppedFrames) / m.totalFrames).toFixed(1) : '0.0';
  text('f-dropped', started ? `${count(m.droppedFrames)} of ${count(m.totalFrames)} (${share} %)` : DASH);
  text('f-stalls', started ? stalls(m) : DASH);
  text('f-parts', started && m.part ? `${rates.partRate.toFixed(1)} /s of ${Math.round(m.part * 1000)} ms` : DASH);
}

function stalls({ stalls: times, stalledMs, stalledSince, jumps }) {
  const total = stalledMs + (Number.isNaN(stalledSince) ? 0 : performance.now() - stalledSince);
  const waited = times ? `${times}, ${(total / 1000).toFixed(1)} s in all` : 'none';
  return jumps ? `${waited}, ${jumps} jumped` : waited;
}

export function showFeatures({ known, partsLoaded, part, canBlock, blockingReloads, canSkip, deltaUpdates, renditionReports }) {
  const show = (id, state, how) => {
    const item = element(id);
    attribute(item, 'data-state', state);
    text(item.querySelector('.how'), how);
  };
  const use = (id, offered, times, unit) =>
    times > 0 ? show(id, 'on', `in use, ${count(times)}${unit}`)
      : offered ? show(id, 'offered', 'offered')
        : show(id, 'unknown', known ? 'not offered' : DASH);
  use('x-parts', part > 0, partsLoaded, ' loaded');
  use('x-blocking', canBlock, blockingReloads, '×');
  use('x-delta', canSkip, deltaUpdates, '×');
  if (renditionReports > 0) show('x-reports', 'on', `${renditionReports} in each playlist`);
  else show('x-reports', 'unknown', known ? 'not offered' : DASH);
}
