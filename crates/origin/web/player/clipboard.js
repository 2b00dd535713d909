// Buttons that copy what is beside them, and say so.

import { announce, attribute, element, icon, text } from '../shared/dom.js';

const SHOWN_MS = 2_500;

export function wireCopying() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    const label = button.querySelector('span');
    const usual = label.textContent;
    const show = (words, done) => {
      text(label, words);
      attribute(button, 'data-done', String(done));
      icon(button, done ? 'check' : 'copy');
    };
    let timer;
    button.addEventListener('click', async () => {
      const done = await copy(element(button.dataset.copy));
      show(done ? 'Copied' : 'Press Ctrl+C', done);
      announce(done ? 'Copied to the clipboard.' : 'The text is selected: copy it with the keyboard.');
      clearTimeout(timer);
      timer = setTimeout(() => show(usual, false), SHOWN_MS);
    });
  }
}

/** The clipboard API exists on secure origins only; a LAN address over http has just the old command. */
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    return true;
  } catch {
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    return document.execCommand('copy');
  }
}
