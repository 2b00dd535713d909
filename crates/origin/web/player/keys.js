// Single keys, for those who want them. They never take a key from something that has a use for it.

import { element } from '../shared/dom.js';
import { store } from './settings.js';

const TAKES_KEYS = 'input, select, textarea, [contenteditable], dialog';
const TAKES_SPACE = `${TAKES_KEYS}, button, a, summary`;
const TAKES_ARROWS = `${TAKES_KEYS}, pre`;

/** @param {Record<string, () => void>} actions by key, in lower case @param {boolean} areOn */
export function wireKeys(actions, areOn) {
  const help = element('help');
  const box = element('keys-on');
  box.checked = areOn;
  box.addEventListener('change', () => store('keys', box.checked ? 'on' : 'off'));
  element('help-button').addEventListener('click', () => help.showModal());
  // A click beside it closes it, as people expect.
  help.addEventListener('click', (event) => event.target === help && help.close());

  const all = { ...actions, '?': () => help.showModal() };
  document.addEventListener('keydown', (event) => {
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const key = event.key.toLowerCase();
    const act = all[key];
    const taken = key === ' ' ? TAKES_SPACE : key.startsWith('arrow') ? TAKES_ARROWS : TAKES_KEYS;
    if (!act || event.target.closest(taken)) return;
    // The page scrolls by these, unless the player has the focus.
    if (['arrowup', 'arrowdown'].includes(key) && !event.target.closest('#player')) return;
    event.preventDefault();
    if (!event.repeat || key.startsWith('arrow')) act();
  });
}
