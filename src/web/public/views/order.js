// @ts-check
/** An order on its way, live, and the list of all orders. */
import { ask, wordsOf } from '../api.js';
import { cover } from '../cover.js';
import { el, fill, link, pathOf } from '../dom.js';
import { follow } from '../live.js';
import { order, orders, orderSteps } from '../operations/shop.js';
import { stepList } from '../steps.js';
import { dateTimeWords, makersOf, priceWords, statusWords, timeWords } from '../words.js';
import { downloadButton } from './library.js';

const WAY = [
  { status: 'PENDING_PAYMENT', words: 'Order placed' },
  { status: 'AUTHORIZED', words: 'Amount reserved by your bank' },
  { status: 'CAPTURING', words: 'Taking the payment' },
  { status: 'PAID', words: 'Paid' },
  { status: 'COMPLETED', words: 'In your library' },
];
const WITH_THE_BANK = ['PENDING_PAYMENT', 'AUTHORIZED', 'CAPTURING'];
const BAD = ['DECLINED', 'CANCELLED', 'EXPIRED'];
const PAGE_SIZE = 50;
/** A bank that takes longer than this is worth a word. */
const PATIENCE_MS = 4_000;

/** @typedef {import('../../gql/graphql.ts').OrderStepsSubscription['step']} Step */
/** @typedef {NonNullable<import('../../gql/graphql.ts').OrderQuery['order']>} Order */

/** @param {import('../main.js').Visit} visit @returns {Promise<import('../main.js').View>} */
export async function showOrder({ id, signal }) {
  const { order: found } = await ask(order, { id }, { signal });
  if (!found) {
    return {
      title: 'No such order',
      content: el('section', { class: 'notice-page' }, el('h1', {}, 'There is no such order')),
    };
  }
  const bought = found.lines[0]?.edition;
  const steps = stepList({ label: 'Steps of your order', way: WAY, good: 'COMPLETED', bad: BAD });
  const told = el('div', { class: 'told-order', 'aria-live': 'polite' });
  void watch(found, steps, told, signal);
  return {
    title: 'Your order',
    content: el(
      'section',
      { class: 'order' },
      el('h1', {}, 'Your order'),
      bought &&
        el(
          'div',
          { class: 'bought' },
          cover(bought, { widthPx: 96, isLazy: false }),
          el(
            'div',
            {},
            el('p', { class: 'book-title' }, link(pathOf.book(bought.id), bought.title)),
            el('p', { class: 'book-makers' }, makersOf(bought.contributors)),
            el('p', { class: 'price' }, priceWords(found.total)),
          ),
        ),
      el('div', {}, steps.element, told),
    ),
  };
}

/** @param {Order} found @param {ReturnType<typeof stepList>} steps @param {HTMLElement} told @param {AbortSignal} signal */
async function watch(found, steps, told, signal) {
  let timer = 0;
  const isWaiting = () => fill(told, checking('Its answer takes longer than usual.'));
  signal.addEventListener('abort', () => clearTimeout(timer));
  try {
    const { connection: onConnection } = steps;
    for await (const step of follow(orderSteps, { id: found.id }, { after: 0, signal, onConnection })) {
      clearTimeout(timer);
      steps.take({ ...step, note: BAD.includes(step.status) ? step.reason : null });
      fill(told, wordsFor(step, found));
      if (steps.isOver()) return;
      if (WITH_THE_BANK.includes(step.status)) timer = setTimeout(isWaiting, PATIENCE_MS);
    }
  } catch (error) {
    fill(told, el('p', { class: 'problem' }, wordsOf(error)));
  }
}

/** The outcome is unknown, and told as unknown. @param {string} why */
const checking = (why) =>
  el(
    'div',
    { class: 'panel ask' },
    el('h2', {}, 'We are checking with the bank'),
    el('p', {}, `${why} You are never charged twice. You may leave: the order goes on without you.`),
  );

/** What the buyer should know or do now. @param {Step} step @param {Order} found */
function wordsFor({ status, retryAt, reason, order: { payment } }, found) {
  const bought = found.lines[0]?.edition;
  const back = bought && link(pathOf.book(bought.id), 'Back to the book', { class: 'button' });
  if (status === 'REQUIRES_ACTION') {
    return el(
      'div',
      { class: 'panel ask' },
      el('h2', {}, 'Your bank wants to ask you'),
      el('p', {}, 'Approve the payment at your bank. This page goes on by itself once you have answered.'),
      payment?.actionUrl &&
        link(payment.actionUrl, 'Go to your bank', {
          class: 'button primary',
          target: '_blank',
          rel: 'noopener noreferrer',
        }),
    );
  }
  if (retryAt && WITH_THE_BANK.includes(status)) {
    return checking(`Its answer did not come. We ask again at ${timeWords(retryAt)}.`);
  }
  if (BAD.includes(status)) {
    return el(
      'div',
      { class: 'panel bad', role: 'alert' },
      el('h2', {}, BAD_HEADINGS[status] ?? 'The order ended'),
      el('p', { class: 'reason' }, reason ?? ''),
      el('p', {}, 'Nothing was charged.'),
      back,
    );
  }
  if (status === 'COMPLETED' && bought) {
    return el(
      'div',
      { class: 'panel good' },
      el('h2', {}, 'It is yours'),
      el('p', {}, 'A receipt is on its way to you.'),
      el(
        'div',
        { class: 'actions' },
        downloadButton(bought.id),
        link('/app/library', 'To your library', { class: 'button' }),
      ),
    );
  }
  return el('p', { class: 'hint' }, 'You may leave this page: the order goes on without you.');
}

/** @type {Readonly<Record<string, string>>} */
const BAD_HEADINGS = {
  DECLINED: 'Your bank declined',
  CANCELLED: 'The order was cancelled',
  EXPIRED: 'The order expired',
};

/** @param {import('../main.js').Visit} visit */
export async function showOrders({ signal }) {
  const { myOrders } = await ask(orders, { first: PAGE_SIZE, after: null }, { signal });
  return {
    title: 'Your orders',
    content: el(
      'section',
      {},
      el('h1', {}, 'Your orders'),
      myOrders.nodes.length === 0 && el('p', {}, 'You have not bought anything yet. ', link('/app', 'To the shop')),
      el(
        'ul',
        { class: 'rows' },
        myOrders.nodes.map(({ id, status, createdAt, reason, total, lines }) =>
          el(
            'li',
            {},
            el(
              'div',
              { class: 'row-words' },
              el('p', { class: 'book-title' }, link(pathOf.order(id), lines[0]?.edition.title ?? 'Order')),
              el('p', { class: 'hint' }, `${dateTimeWords(createdAt)} · ${priceWords(total)}`),
              reason !== null && el('p', { class: 'hint' }, reason),
            ),
            el('span', { class: `badge ${badgeOf(status)}` }, statusWords(status)),
          ),
        ),
      ),
    ),
  };
}

/** @param {string} status */
const badgeOf = (status) => (status === 'COMPLETED' ? 'good' : BAD.includes(status) ? 'bad' : 'under-way');
