// @ts-check
/**
 * The page: which view is shown for an address, and how one goes from view to view.
 *
 * Promise: the old view stays until the new one is there; whoever reads by ear or goes by keyboard lands on its heading.
 *
 * @typedef {{ title: string, content: Node }} View
 * @typedef {{ id: string, query: URLSearchParams, signal: AbortSignal, go: (path: string) => void, reload: () => void }} Visit
 */
import { ApiError, wordsOf } from './api.js';
import { el, fill, link } from './dom.js';
import { onSessionChange, session } from './session.js';
import { showAccount } from './views/account.js';
import { showBook } from './views/book.js';
import { showCatalogue } from './views/catalogue.js';
import { showDesk } from './views/desk.js';
import { showLibrary } from './views/library.js';
import { showMails } from './views/mails.js';
import { showManuscript, showNewDraft } from './views/manuscript.js';
import { showOrder, showOrders } from './views/order.js';

/** @type {readonly (readonly [RegExp, (visit: Visit) => Promise<View> | View])[]} */
const ROUTES = [
  [/^\/app\/?$/, showCatalogue],
  [/^\/app\/books\/([^/]+)$/, showBook],
  [/^\/app\/orders$/, showOrders],
  [/^\/app\/orders\/([^/]+)$/, showOrder],
  [/^\/app\/library$/, showLibrary],
  [/^\/app\/desk$/, showDesk],
  [/^\/app\/desk\/new$/, showNewDraft],
  [/^\/app\/desk\/([^/]+)$/, showManuscript],
  [/^\/app\/account$/, showAccount],
  [/^\/app\/mails$/, showMails],
];

const main = document.querySelector('main') ?? document.body;
const nav = document.querySelector('nav') ?? document.body;
let leaving = new AbortController();

/** @param {string} path */
function go(path) {
  history.pushState(null, '', path);
  void show(true);
}

/** @param {boolean} isMove whether somebody went here, rather than began here */
async function show(isMove) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  showNavigation();
  main.setAttribute('aria-busy', 'true');
  const view = await viewAt(location, signal);
  if (signal.aborted) return;
  fill(main, view.content);
  main.removeAttribute('aria-busy');
  document.title = view.title === '' ? 'Booky Hub' : `${view.title} · Booky Hub`;
  if (!isMove) return;
  scrollTo(0, 0);
  const heading = main.querySelector('h1');
  heading?.setAttribute('tabindex', '-1');
  (heading ?? main).focus({ preventScroll: true });
}

/** @param {Location} place @param {AbortSignal} signal @returns {Promise<View>} */
async function viewAt({ pathname, search }, signal) {
  for (const [pattern, showView] of ROUTES) {
    const found = pattern.exec(pathname);
    if (!found) continue;
    const id = decodeURIComponent(found[1] ?? '');
    const reload = () => void show(false);
    try {
      return await showView({ id, query: new URLSearchParams(search), signal, go, reload });
    } catch (error) {
      return signal.aborted ? { title: '', content: el('p') } : failure(error);
    }
  }
  return message('There is no such page', 'The address may be mistyped.', link('/app', 'To the shop'));
}

/** @param {unknown} error @returns {View} */
function failure(error) {
  const code = error instanceof ApiError ? error.code : '';
  if (code === 'UNAUTHENTICATED') {
    const back = encodeURIComponent(location.pathname + location.search);
    return message('Sign in first', 'This page is yours alone.', link(`/app/account?next=${back}`, 'Sign in'));
  }
  if (code === 'BAD_ID' || code === 'NOT_FOUND' || code === 'VALIDATION') {
    return message('There is no such page', 'It does not exist, or it is not yours.', link('/app', 'To the shop'));
  }
  const again = el('button', { type: 'button', onclick: () => void show(false) }, 'Try again');
  return message('That did not work', wordsOf(error), again);
}

/** @param {string} title @param {string} words @param {Node} way @returns {View} */
const message = (title, words, way) => ({
  title,
  content: el('section', { class: 'notice-page' }, el('h1', {}, title), el('p', {}, words), el('p', {}, way)),
});

function showNavigation() {
  const current = session();
  const items = [
    ['/app', 'Shop'],
    ...(current
      ? [
          ['/app/library', 'Library'],
          ['/app/desk', 'Author desk'],
        ]
      : []),
    ['/app/account', current ? current.name : 'Sign in'],
  ];
  fill(
    nav,
    items.map(([path = '', words]) => {
      const isHere =
        path === '/app' ? /^\/app\/?($|books)/.test(location.pathname) : location.pathname.startsWith(path);
      return link(path, words, { 'aria-current': isHere ? 'page' : null });
    }),
  );
}

document.addEventListener('click', (event) => {
  const anchor = event.target instanceof Element ? event.target.closest('a') : null;
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!anchor || !isPlain || anchor.target !== '' || anchor.origin !== location.origin) return;
  if (!/^\/app(\/|$)/.test(anchor.pathname) || anchor.hash !== '') return;
  event.preventDefault();
  go(anchor.pathname + anchor.search);
});
addEventListener('popstate', () => void show(true));
onSessionChange(showNavigation);
void show(false);
