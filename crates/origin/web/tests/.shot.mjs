import { launch, openPage, untilState } from './support/browser.js';
import { startOrigin } from './support/origin.js';
const o=await startOrigin(); const b=await launch();
for (let i=0;i<4;i++){ const p=await openPage(b);
await p.goto(o.page); await untilState(p,'playing'); await new Promise(r=>setTimeout(r,5000));
const r=await p.evaluate(()=>({first:window.llhls.metrics.firstFrameAt, nav:performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd, lat: window.llhls.metrics.samples.slice(0,16).map(s=>s.latency.toFixed(2)+'/'+s.edge.toFixed(2)+'/'+s.buffer.toFixed(2)).join(' '), res:performance.getEntriesByType('resource').filter(r=>r.startTime<window.llhls.metrics.firstFrameAt).map(r=>`${r.startTime.toFixed(0)}-${r.responseEnd.toFixed(0)} ${r.name.replace(/.*:\d+/,'')}`).join('\n')}));
console.log(i,r.first|0,r.nav|0,'\n'+r.lat); if(i==2) console.log(r.res); await p.context().close(); }
await b.close(); await o.stop();
