// What is handed to others: a link to this page, and the address for other players. Never the token, unless it is asked for.

import { announce, element, text } from '../shared/dom.js';
import { clock } from '../shared/format.js';
import { pageAddress } from './streams.js';

export class ShareView {
  /** @param {() => number|undefined} momentNow the date that is on screen, where one can go back to it */
  constructor(momentNow) {
    this.momentNow = momentNow;
    element('share-moment').addEventListener('change', ({ target }) => {
      this.moment = target.checked ? this.momentNow() : undefined;
      this.write();
    });
    element('share-token').addEventListener('change', () => this.write());
    element('send').hidden = !navigator.share;
    element('send').addEventListener('click', () => {
      navigator.share({ title: document.title, url: element('link').value }).catch((error) => {
        if (error.name !== 'AbortError') announce('Sharing did not work. Copy the link instead.');
      });
    });
  }

  /** @param {import('./streams.js').Stream} [stream] @param {{address: string, withToken: string, token?: string}} [links] */
  show(stream, links) {
    element('share').hidden = !stream;
    text('title', stream?.name ?? 'Live streams');
    document.title = stream ? `${stream.name} · llhls` : 'llhls';
    if (stream?.name !== this.stream?.name) {
      this.moment = undefined;
      element('share-moment').checked = false;
      element('share-token').checked = false;
    }
    Object.assign(this, { stream, links });
    if (!stream) return;
    element('share-token-choice').hidden = !links.token;
    element('share-moment-choice').hidden = !stream.dvr;
    this.write();
  }

  write() {
    const { stream, links, moment } = this;
    const hasToken = links.token && element('share-token').checked;
    const set = (id, value) => element(id).value !== value && (element(id).value = value);
    set('link', pageAddress(stream.name, { at: moment, token: hasToken ? links.token : undefined }));
    set('address', hasToken ? links.withToken : links.address);
    text('share-moment-time', moment === undefined ? 'this moment' : clock(moment));
  }
}
