// What is said over the picture when there is none, and the line at the top right.

import { announce, attribute, element, text } from '../shared/dom.js';
import { tokenIn } from './token.js';

export class NoticeView {
  /** @param {{onAction: () => void, onToken: (token: string) => void, onChange: () => void}} handlers */
  constructor({ onAction, onToken, onChange }) {
    this.onChange = onChange;
    element('notice-action').addEventListener('click', onAction);
    element('token-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const field = element('token');
      const token = tokenIn(field.value);
      this.complain(token ? '' : 'That is no token. Tokens are letters, digits and - . _ ~ * only.');
      if (!token) return void field.focus();
      field.value = '';
      onToken(token);
    });
    element('token').addEventListener('input', () => this.complain(''));
  }

  complain(words) {
    text('token-wrong', words);
    element('token-wrong').hidden = !words;
    attribute(element('token'), 'aria-invalid', String(Boolean(words)));
    if (words) announce(words);
  }

  /** @param {import('./problems.js').Notice} [content] nothing hides it */
  show(content) {
    const notice = element('notice');
    const wasHidden = notice.hidden;
    notice.hidden = !content;
    if (content) {
      text('notice-title', content.title);
      text('notice-text', content.text ?? '');
      text('notice-hint', content.hint ?? '');
      element('notice-spinner').hidden = !content.busy;
      element('token-form').hidden = !content.asksToken;
      const action = element('notice-action');
      action.hidden = !content.action;
      if (content.action) text(action, content.action);
      this.speak(content);
    } else this.spoken = undefined;
    if (wasHidden !== notice.hidden) this.onChange();
  }

  /** Once for each thing that happened: a countdown is for the eyes. */
  speak({ title, text: words = '', spoken = words, busy }) {
    if (title === this.spoken || (busy && title === 'Connecting')) return;
    this.spoken = title;
    announce([title, spoken].filter(Boolean).join('. '));
  }

  status(tone, words) {
    attribute(element('status'), 'data-tone', tone);
    text('status-text', words);
  }
}
