// @ts-check
/** The mails that were kept here instead of being sent. */
import { ask } from '../api.js';
import { el } from '../dom.js';
import { mails } from '../operations/accounts.js';
import { dateTimeWords } from '../words.js';

/** @param {import('../main.js').Visit} visit */
export async function showMails({ signal }) {
  const { localMails } = await ask(mails, {}, { signal });
  return {
    title: 'Mails',
    content: el(
      'section',
      {},
      el('h1', {}, 'Kept mails'),
      el('p', { class: 'hint' }, 'No mail server is set up, so mails are kept here instead of being sent.'),
      localMails === null && el('p', {}, 'Mail is really sent here: look into your mailbox.'),
      localMails?.length === 0 && el('p', { class: 'panel' }, 'No mail yet.'),
      (localMails ?? []).map(({ to, subject, text, at }) =>
        el(
          'details',
          {},
          el('summary', {}, subject, ' ', el('span', { class: 'hint' }, `to ${to}, ${dateTimeWords(at)}`)),
          el('pre', { class: 'mail' }, text),
        ),
      ),
    ),
  };
}
