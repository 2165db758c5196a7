// @ts-check
/** Browsing: search, language, order, pages. The address holds what is asked, so that it can be shared. */
import { ask, wordsOf } from '../api.js';
import { cover } from '../cover.js';
import { el, fill, link, listen, pathOf } from '../dom.js';
import { field, input, select } from '../forms.js';
import { catalogue } from '../operations/shop.js';
import { languageWords, makersOf, priceWords } from '../words.js';

const PAGE_SIZE = 24;
const TYPING_MS = 300;
const LANGUAGES = [
  'ar',
  'zh',
  'cs',
  'da',
  'nl',
  'en',
  'fi',
  'fr',
  'de',
  'el',
  'he',
  'hi',
  'hu',
  'it',
  'ja',
  'ko',
  'la',
  'no',
  'fa',
  'pl',
  'pt',
  'ro',
  'ru',
  'sk',
  'es',
  'sv',
  'tr',
  'uk',
  'vi',
];

/** @typedef {Awaited<ReturnType<typeof readPage>>} Page */

/** @param {import('../main.js').Visit} visit */
export async function showCatalogue({ query, signal }) {
  const results = el('div', { class: 'results' });
  const told = el('p', { class: 'told', role: 'status' });
  const state = {
    text: query.get('q') ?? '',
    language: query.get('language') ?? '',
    orderBy: query.get('order') ?? '',
  };
  let asking = new AbortController();
  let timer = 0;

  async function refresh() {
    asking.abort();
    asking = new AbortController();
    history.replaceState(null, '', addressOf(state));
    results.setAttribute('aria-busy', 'true');
    try {
      showFirst(await readPage(state, null, AbortSignal.any([asking.signal, signal])));
    } catch (error) {
      if (asking.signal.aborted || signal.aborted) return;
      fill(told, wordsOf(error));
    }
    results.removeAttribute('aria-busy');
  }

  /** @param {Page} page */
  function showFirst(page) {
    const isEmpty = page.nodes.length === 0;
    fill(told, isEmpty ? emptyWords(state) : '');
    fill(results, !isEmpty && grid(page, state, signal));
  }

  const search = el(
    'form',
    {
      class: 'search',
      role: 'search',
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void refresh();
      },
      oninput: (/** @type {Event} */ event) => {
        const { target } = event;
        if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
        Object.assign(state, { [target.name]: target.value });
        clearTimeout(timer);
        timer = setTimeout(() => void refresh(), target instanceof HTMLInputElement ? TYPING_MS : 0);
      },
    },
    field({
      label: 'Search',
      control: input({ type: 'search', name: 'text', value: state.text, placeholder: 'Title or name', maxlength: 200 }),
    }),
    field({ label: 'Language', control: select({ name: 'language' }, languageOptions(), state.language) }),
    field({
      label: 'Order',
      control: select(
        { name: 'orderBy' },
        [
          ['', 'Newest first'],
          ['title', 'By title'],
        ],
        state.orderBy,
      ),
    }),
  );
  showFirst(await readPage(state, null, signal));
  return {
    title: '',
    content: el(
      'section',
      {},
      el('h1', { class: 'hero' }, 'Books, straight from their authors'),
      search,
      told,
      results,
    ),
  };
}

/** @param {{ text: string, language: string, orderBy: string }} state @param {string | null} after @param {AbortSignal} signal */
async function readPage({ text, language, orderBy }, after, signal) {
  const filter = { ...(text.trim() && { text: text.trim() }), ...(language && { language }) };
  const order = orderBy === 'title' ? 'TITLE_ASC' : 'PUBLISHED_DESC';
  return (await ask(catalogue, { filter, orderBy: order, first: PAGE_SIZE, after }, { signal })).catalogue;
}

/** @param {Page} page @param {Parameters<typeof readPage>[0]} state @param {AbortSignal} signal */
function grid(page, state, signal) {
  const list = el('ul', { class: 'books' }, page.nodes.map(card));
  let { pageInfo } = page;
  const more = el('button', { type: 'button', class: 'more', hidden: !pageInfo.hasNextPage }, 'Show more books');
  const problem = el('p', { class: 'problem', role: 'alert', hidden: true });
  listen(more, 'click', async () => {
    more.disabled = true;
    try {
      const next = await readPage(state, pageInfo.endCursor ?? null, signal);
      pageInfo = next.pageInfo;
      const cards = next.nodes.map(card);
      list.append(...cards);
      more.hidden = !pageInfo.hasNextPage;
      problem.hidden = true;
      cards[0]?.querySelector('a')?.focus();
    } catch (error) {
      problem.hidden = signal.aborted;
      problem.textContent = wordsOf(error);
    }
    more.disabled = false;
  });
  return [list, problem, more];
}

/** @param {Page['nodes'][number]} book */
function card(book) {
  const { id, title, contributors, price, isBuyable } = book;
  return el(
    'li',
    {},
    link(
      pathOf.book(id),
      [
        cover(book, { widthPx: 180 }),
        el('span', { class: 'book-title' }, title),
        el('span', { class: 'book-makers' }, makersOf(contributors)),
        el('span', { class: 'book-price' }, isBuyable && price ? priceWords(price) : 'Not sold yet'),
      ],
      { class: 'card' },
    ),
  );
}

/** @returns {[string, string][]} */
const languageOptions = () => [
  ['', 'All languages'],
  ...LANGUAGES.map((tag) => /** @type {[string, string]} */ ([tag, languageWords(tag)])).sort((a, b) =>
    a[1].localeCompare(b[1]),
  ),
];

/** @param {Parameters<typeof readPage>[0]} state */
const emptyWords = ({ text, language }) =>
  text.trim() === '' && language === ''
    ? 'No book is on sale yet. Sign up and publish the first at the author desk.'
    : 'No book fits. Try fewer letters, or all languages.';

/** @param {Parameters<typeof readPage>[0]} state */
function addressOf({ text, language, orderBy }) {
  const query = new URLSearchParams();
  if (text.trim()) query.set('q', text.trim());
  if (language) query.set('language', language);
  if (orderBy) query.set('order', orderBy);
  return query.size > 0 ? `/app?${query}` : '/app';
}
