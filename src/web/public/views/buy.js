// @ts-check
/**
 * Buying: one order per purchase, however often it is sent.
 *
 * The idempotency key is made with the form and kept while an answer is missing; a new choice or an answer makes another.
 */
import { ask, wordsOf } from '../api.js';
import { el, link, pathOf } from '../dom.js';
import { field, form, select, showFaults, showProblem, valueOf } from '../forms.js';
import { placeOrder } from '../operations/shop.js';
import { session } from '../session.js';
import { priceWords } from '../words.js';

/** @type {readonly (readonly [token: string, words: string])[]} */
const SANDBOX_CARDS = [
  ['tok_succeeds', 'Card that works'],
  ['tok_declined', 'Card that is declined'],
  ['tok_insufficient_funds', 'Card without enough money'],
  ['tok_requires_action', 'Bank wants to ask you first'],
  ['tok_slow', 'Slow bank'],
  ['tok_error_500', 'Bank fails twice, then works'],
  ['tok_timeout_before_authorize', 'No answer when asked (before it was booked)'],
  ['tok_timeout_after_authorize', 'No answer when asked (after it was booked)'],
  ['tok_timeout_before_capture', 'No answer when charged (before it was booked)'],
  ['tok_timeout_after_capture', 'No answer when charged (after it was booked)'],
  ['tok_capture_refused', 'Reserved, then refused'],
];

/**
 * @param {Pick<import('./book.js').Book, 'id' | 'prices' | 'isBuyable' | 'onSale'>} book
 * @param {{ go: (path: string) => void, reload: () => void }} ways
 */
export function buyForm({ id, prices, isBuyable, onSale }, { go, reload }) {
  const [first] = prices;
  if (!isBuyable || !first) {
    return el(
      'p',
      { class: 'panel' },
      onSale ? 'This book is listed, but cannot be bought yet.' : 'This book is not on sale at the moment.',
    );
  }
  const price = el('p', { class: 'price' }, priceWords(first));
  if (!session()) {
    const back = encodeURIComponent(location.pathname);
    return el(
      'div',
      { class: 'panel buy' },
      price,
      link(`/app/account?next=${back}`, 'Sign in to buy', { class: 'button primary' }),
    );
  }
  let idempotencyKey = freshKey();
  const currencies = prices.map((one) => /** @type {[string, string]} */ ([one.currency, priceWords(one)]));
  const isFree = first.amountMinor === 0;

  /** @param {HTMLFormElement} target */
  async function buy(target) {
    const currency = prices.length > 1 ? valueOf(target, 'currency') : (first?.currency ?? '');
    const chosen = prices.find((one) => one.currency === currency) ?? first;
    const expectedPrice = { amountMinor: chosen?.amountMinor ?? 0, currency };
    const paymentToken = valueOf(target, 'paymentToken') || 'tok_succeeds';
    try {
      const input = { editionId: id, currency, paymentToken, idempotencyKey, expectedPrice };
      const { result } = await ask(placeOrder, { input });
      idempotencyKey = freshKey();
      switch (result.__typename) {
        case 'PlaceOrderPayload':
        case 'PurchaseInProgress':
          return go(pathOf.order(result.order.id));
        case 'AlreadyOwned':
          return showProblem(target, [result.message, ' ', link('/app/library', 'To your library')]);
        case 'PriceChanged':
          return showProblem(target, [
            `The price is ${priceWords(result.price)} now. `,
            el('button', { type: 'button', onclick: reload }, 'Show the new price'),
          ]);
        case 'ValidationError':
          return showFaults(target, result.fields);
        case 'IdempotencyConflict':
        case 'NotForSale':
        case 'OverloadedError':
        case 'NotFoundError':
        case 'QuoteExpired':
        case 'QuoteUsed':
        case 'CouponRefused':
          return showProblem(target, result.message);
      }
    } catch (error) {
      showProblem(target, wordsOf(error));
    }
  }

  const element = form(
    { submit: isFree ? 'Get it' : 'Buy', busy: 'Placing the order …', onSubmit: buy, label: 'Buy this book' },
    price,
    prices.length > 1 && field({ label: 'Pay in', control: select({ name: 'currency' }, currencies) }),
    !isFree &&
      el(
        'fieldset',
        { class: 'sandbox' },
        el('legend', {}, 'Sandbox: no real money'),
        field({
          label: 'Test card',
          hint: 'What the sandbox bank will do, to see each way an order can go.',
          control: select({ name: 'paymentToken' }, SANDBOX_CARDS),
        }),
      ),
  );
  element.classList.add('panel', 'buy');
  element.addEventListener('change', () => {
    idempotencyKey = freshKey();
    const chosen = prices.find((one) => one.currency === valueOf(element, 'currency'));
    if (chosen) price.textContent = priceWords(chosen);
  });
  return element;
}

/** Also where the page is not served over HTTPS, unlike crypto.randomUUID. */
export const freshKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
