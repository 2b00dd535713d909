import { launch, openPage, shoot, untilState } from './support/browser.js';
import { startMock } from './mock/server.js';
const b=await launch(); const m=await startMock({streams:['studio','camera-2']}); const p=await openPage(b);
await p.addInitScript(()=>{window.log=[];addEventListener('DOMContentLoaded',()=>{const v=document.getElementById('video');for(const e of ['waiting','playing','play','pause','emptied','loadeddata','canplay','seeking','seeked','stalled'])v.addEventListener(e,()=>window.log.push([Math.round(performance.now()),e,v.currentTime.toFixed(3),v.readyState,v.paused, window.llhls?.state]))})});
await p.goto(m.url); await untilState(p,'playing'); await new Promise(r=>setTimeout(r,4000)); 
console.log((await p.evaluate(()=>window.log)).join('\n'));
console.log(await p.evaluate(()=>{const m=window.llhls.metrics;return [m.firstFrameAt,m.stalls,m.bitrate, m.latency, m.edge]}));
await b.close(); await m.close();
