/**
 * Buying: one order per purchase, however often it is sent.
 *
 * The idempotency key is made with the form and kept while an answer is missing; a new choice or an answer makes another.
 */
import { useState } from 'react';
import { useSession } from '../../shared/session.ts';
import { send } from '../../shared/ask.ts';
import { Choice, Form, freshKey, type Refused, valueOf } from '../../shared/forms.tsx';
import { placeOrder } from '../operations/shop.ts';
import { go, pathOf } from '../place.ts';
import { priceWords } from '../words.ts';
import type { Book } from './book.tsx';

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
] as const;

export function BuyForm({ book, reload }: { book: Book; reload: () => void }) {
  const current = useSession();
  const [first] = book.prices;
  if (!book.isBuyable || !first) {
    const words = book.onSale
      ? 'This book is listed, but cannot be bought yet.'
      : 'This book is not on sale at the moment.';
    return <p className="panel">{words}</p>;
  }
  if (!current) {
    return (
      <div className="panel buy">
        <p className="price">{priceWords(first)}</p>
        <a className="button primary" href={`/app/account?next=${encodeURIComponent(location.pathname)}`}>
          Sign in to buy
        </a>
      </div>
    );
  }
  return <Checkout book={book} reload={reload} />;
}

function Checkout({ book: { id, prices }, reload }: { book: Book; reload: () => void }) {
  const [currency, setCurrency] = useState(prices[0]?.currency ?? '');
  const [key, setKey] = useState(freshKey);
  const price = prices.find((one) => one.currency === currency) ?? prices[0];
  if (!price) return null;
  const isFree = price.amountMinor === 0;
  const buy = async (form: HTMLFormElement): Promise<Refused | null> => {
    const expectedPrice = { amountMinor: price.amountMinor, currency: price.currency };
    const paymentToken = valueOf(form, 'paymentToken') || 'tok_succeeds';
    const input = { editionId: id, currency: price.currency, paymentToken, idempotencyKey: key, expectedPrice };
    const answer = await send(placeOrder, { input }, 'PlaceOrderPayload');
    if (answer.done) {
      go(pathOf.order(answer.done.order.id));
      return null;
    }
    // No answer at all: the same key, so that it is the same order.
    if (answer.result) setKey(freshKey());
    const { result, refused } = answer;
    if (result?.__typename === 'PurchaseInProgress') {
      go(pathOf.order(result.order.id));
      return null;
    }
    if (result?.__typename === 'AlreadyOwned') {
      const problem = (
        <>
          You have this book. <a href="/app/library">To your library</a>
        </>
      );
      return { problem };
    }
    if (result?.__typename === 'PriceChanged') {
      const problem = (
        <>
          The price is {priceWords(result.price)} now.{' '}
          <button type="button" onClick={reload}>
            Show the new price
          </button>
        </>
      );
      return { problem };
    }
    return refused;
  };
  return (
    <Form
      label="Buy this book"
      submit={isFree ? 'Get it' : 'Buy'}
      busy="Placing the order …"
      className="panel buy"
      onSubmit={buy}
      onChange={(form) => {
        setKey(freshKey());
        if (prices.length > 1) setCurrency(valueOf(form, 'currency'));
      }}
    >
      <p className="price">{priceWords(price)}</p>
      {prices.length > 1 && (
        <Choice
          label="Pay in"
          name="currency"
          options={prices.map((one) => [one.currency, priceWords(one)] as const)}
          chosen={currency}
        />
      )}
      {!isFree && (
        <fieldset className="sandbox">
          <legend>Sandbox: no real money</legend>
          <Choice
            label="Test card"
            name="paymentToken"
            hint="What the sandbox bank will do, to see each way an order can go."
            options={SANDBOX_CARDS}
          />
        </fieldset>
      )}
    </Form>
  );
}
