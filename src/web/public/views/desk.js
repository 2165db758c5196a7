// @ts-check
/** The author desk: all books of an author, and the way to become one. */
import { ask, wordsOf } from '../api.js';
import { cover } from '../cover.js';
import { el, link, listen, pathOf } from '../dom.js';
import { form, showFaults, showProblem } from '../forms.js';
import { becomeAuthor } from '../operations/accounts.js';
import { drafts } from '../operations/desk.js';
import { begin, session } from '../session.js';
import { dateTimeWords, makersOf, priceWords, statusWords } from '../words.js';

const PAGE_SIZE = 50;

/** @typedef {import('../../gql/graphql.ts').DraftsQuery['myDrafts']['nodes'][number]} Draft */

/** @param {import('../main.js').Visit} visit @returns {Promise<import('../main.js').View>} */
export async function showDesk({ signal, reload }) {
  const { viewer, myDrafts } = await ask(drafts, { first: PAGE_SIZE, after: null }, { signal });
  if (viewer?.role === 'READER') return { title: 'Author desk', content: invitation(reload) };
  const list = el('ul', { class: 'rows' }, myDrafts.nodes.map(item));
  return {
    title: 'Author desk',
    content: el(
      'section',
      {},
      el(
        'div',
        { class: 'head-row' },
        el('h1', {}, 'Author desk'),
        link('/app/desk/new', 'New book', { class: 'button primary' }),
      ),
      myDrafts.nodes.length === 0 &&
        el('p', { class: 'panel' }, 'No book yet. Begin with its title; you can stop at any time.'),
      list,
      myDrafts.pageInfo.hasNextPage && moreButton(list, myDrafts.pageInfo.endCursor ?? null, signal),
    ),
  };
}

/** @param {HTMLElement} list @param {string | null} after @param {AbortSignal} signal */
function moreButton(list, after, signal) {
  const more = el('button', { type: 'button', class: 'more' }, 'Show more');
  listen(more, 'click', async () => {
    try {
      const { myDrafts } = await ask(drafts, { first: PAGE_SIZE, after }, { signal });
      list.append(...myDrafts.nodes.map(item));
      if (myDrafts.pageInfo.hasNextPage)
        more.replaceWith(moreButton(list, myDrafts.pageInfo.endCursor ?? null, signal));
      else more.remove();
    } catch (error) {
      more.textContent = `${wordsOf(error)} Show more`;
    }
  });
  return more;
}

/** @param {Draft} draft */
function item({ id, title, status, onSale, updatedAt, contributors, covers, price }) {
  const makers = makersOf(contributors);
  return el(
    'li',
    {},
    // A cover is open to all once its book is on sale, and to nobody before.
    cover({ title, contributors, covers: onSale ? covers : [] }, { widthPx: 64 }),
    el(
      'div',
      { class: 'row-words' },
      el('p', { class: 'book-title' }, link(pathOf.manuscript(id), title)),
      el('p', { class: 'book-makers' }, makers),
      el('p', { class: 'hint' }, [price ? `${priceWords(price)} · ` : '', `changed ${dateTimeWords(updatedAt)}`]),
    ),
    el(
      'span',
      { class: 'badges' },
      el('span', { class: `badge ${badgeOf(status)}` }, statusWords(status)),
      onSale && status !== 'PUBLISHED' && el('span', { class: 'badge good' }, 'On sale'),
    ),
  );
}

/** @param {string} status */
export function badgeOf(status) {
  if (status === 'PUBLISHED') return 'good';
  if (['NEEDS_CHANGES', 'REJECTED', 'FAILED', 'TAKEN_DOWN'].includes(status)) return 'bad';
  return ['DRAFT', 'WITHDRAWN', 'UNPUBLISHED', 'SUPERSEDED'].includes(status) ? '' : 'under-way';
}

/** @param {() => void} done */
function invitation(done) {
  return el(
    'section',
    {},
    el('h1', {}, 'Author desk'),
    el(
      'div',
      { class: 'panel' },
      el('h2', {}, 'Publish your own books'),
      el('p', {}, 'Draft a book, upload its EPUB, set a price. You see every step until it is on sale.'),
      form(
        {
          submit: 'Become an author',
          busy: 'One moment …',
          label: 'Become an author',
          onSubmit: async (target) => {
            const acceptTerms = new FormData(target).has('acceptTerms');
            try {
              const { result } = await ask(becomeAuthor, { input: { acceptTerms } });
              const current = session();
              if (result.__typename === 'BecomeAuthorPayload') {
                if (current) begin(current.token, result.viewer);
                done();
              } else showFaults(target, result.fields);
            } catch (error) {
              showProblem(target, wordsOf(error));
            }
          },
        },
        consent(),
      ),
    ),
  );
}

function consent() {
  return el(
    'div',
    { class: 'field check' },
    el('input', {
      type: 'checkbox',
      name: 'acceptTerms',
      id: 'accept-terms',
      'aria-describedby': 'accept-terms-fault',
    }),
    el('label', { for: 'accept-terms' }, 'I own the rights to what I publish.'),
    el('p', { class: 'fault', id: 'accept-terms-fault', hidden: true }),
  );
}
