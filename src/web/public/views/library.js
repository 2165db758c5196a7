// @ts-check
/** What a reader owns, and how to get it. */
import { ask, wordsOf } from '../api.js';
import { cover } from '../cover.js';
import { el, fill, link, listen, pathOf } from '../dom.js';
import { createDownload, library } from '../operations/shop.js';
import { dateWords, makersOf, statusWords } from '../words.js';

const PAGE_SIZE = 50;

/** @typedef {import('../../gql/graphql.ts').LibraryQuery['myLibrary']} Shelf */

/** @param {import('../main.js').Visit} visit */
export async function showLibrary({ signal }) {
  const { myLibrary } = await ask(library, { first: PAGE_SIZE, after: null }, { signal });
  const list = el('ul', { class: 'rows' }, myLibrary.nodes.map(item));
  return {
    title: 'Library',
    content: el(
      'section',
      {},
      el('h1', {}, 'Your library'),
      el('p', {}, link('/app/orders', 'Your orders')),
      myLibrary.nodes.length === 0
        ? el('p', { class: 'panel' }, 'No book yet. ', link('/app', 'Find one in the shop'), '.')
        : list,
      myLibrary.pageInfo.hasNextPage && moreButton(list, myLibrary.pageInfo.endCursor ?? null, signal),
    ),
  };
}

/** @param {HTMLElement} list @param {string | null} after @param {AbortSignal} signal */
function moreButton(list, after, signal) {
  const more = el('button', { type: 'button', class: 'more' }, 'Show more');
  listen(more, 'click', async () => {
    try {
      const { myLibrary } = await ask(library, { first: PAGE_SIZE, after }, { signal });
      list.append(...myLibrary.nodes.map(item));
      if (myLibrary.pageInfo.hasNextPage)
        more.replaceWith(moreButton(list, myLibrary.pageInfo.endCursor ?? null, signal));
      else more.remove();
    } catch (error) {
      more.textContent = `${wordsOf(error)} Show more`;
    }
  });
  return more;
}

/** @param {Shelf['nodes'][number]} entitlement */
function item({ status, createdAt, edition }) {
  const { id, title, contributors, onSale } = edition;
  return el(
    'li',
    {},
    cover(edition, { widthPx: 64 }),
    el(
      'div',
      { class: 'row-words' },
      el('p', { class: 'book-title' }, onSale ? link(pathOf.book(id), title) : title),
      el('p', { class: 'book-makers' }, makersOf(contributors)),
      el('p', { class: 'hint' }, `Yours since ${dateWords(createdAt)}`),
    ),
    status === 'ACTIVE' ? downloadButton(id) : el('span', { class: 'badge bad' }, statusWords(status)),
  );
}

/** Asks for a link, which is good for minutes, only when it is wanted. @param {string} editionId */
export function downloadButton(editionId) {
  const problem = el('span', { class: 'hint', role: 'alert' });
  const button = el('button', { type: 'button', class: 'primary' }, 'Download');
  listen(button, 'click', async () => {
    button.disabled = true;
    try {
      const { result } = await ask(createDownload, { input: { editionId } });
      if (result.__typename === 'CreateDownloadPayload') {
        fill(problem, '');
        location.assign(result.url);
      } else fill(problem, result.message);
    } catch (error) {
      fill(problem, wordsOf(error));
    }
    button.disabled = false;
  });
  return el('span', { class: 'download' }, button, problem);
}
