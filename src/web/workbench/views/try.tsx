/** Try it: a test order with a chosen behaviour of the sandbox gateway, watched step by step. */
import { type FormEvent, useCallback, useState } from 'react';
import type { OrderStepsSubscription } from '../gql/graphql.ts';
import { act, useLive, useQuery, wordIn } from '../../shared/hooks.ts';
import { linkTo } from '../route.ts';
import { booksToBuy, orderSteps, placeTestOrder } from '../operations.ts';
import { State, Empty, Panel } from '../parts.tsx';
import { Loading, Problem } from '../../shared/parts.tsx';
import { instantInWords } from '../words.ts';

/** Tokens of the sandbox gateway, and what each of them makes happen. */
const BEHAVIOURS = [
  ['tok_succeeds', 'The card works'],
  ['tok_declined', 'The bank declines'],
  ['tok_insufficient_funds', 'Not enough money on the card'],
  ['tok_requires_action', 'The bank wants to ask the buyer'],
  ['tok_timeout_before_authorize', 'No answer to the reservation; it was not made'],
  ['tok_timeout_after_authorize', 'No answer to the reservation; it was made'],
  ['tok_timeout_before_capture', 'No answer to the capture; nothing was taken'],
  ['tok_timeout_after_capture', 'No answer to the capture; the money was taken'],
  ['tok_capture_refused', 'The capture is refused'],
  ['tok_error_500', 'The gateway fails at first'],
  ['tok_slow', 'The gateway is slow'],
] as const;

/** @param orderId what is watched: a part of the address, so that a reload goes on watching */
export function TryView({ orderId }: { orderId: string | undefined }) {
  const { data, error } = useQuery(booksToBuy, {});
  const [refusal, setRefusal] = useState<string | null>(null);
  const books = (data?.catalogue.nodes ?? []).filter(({ isBuyable, prices }) => isBuyable && prices.length > 0);
  const order = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const book = books.find(({ id }) => id === form.get('book'));
    const [price] = book?.prices ?? [];
    if (!book || !price) return;
    const input = {
      editionId: book.id,
      currency: price.currency,
      paymentToken: wordIn(form, 'behaviour'),
      idempotencyKey: crypto.randomUUID(),
    };
    const { data: done, refusal: words } = await act(placeTestOrder, { input });
    setRefusal(words);
    if (done?.placeOrder.__typename === 'PlaceOrderPayload') {
      location.hash = linkTo('try', done.placeOrder.order.id);
    }
  };
  return (
    <>
      <h1>Try it</h1>
      <Panel title="A test order" aside={<a href="/graphql">Any operation: GraphiQL</a>}>
        <Problem words={error} />
        {!data && error === null && <Loading />}
        {data && books.length === 0 && <Empty>No book is on sale yet. `npm run demo` publishes one.</Empty>}
        {books.length > 0 && (
          <form className="stack" onSubmit={(event) => void order(event)}>
            <label>
              Book
              <select name="book">
                {books.map(({ id, title, prices: [price] }) => (
                  <option key={id} value={id}>
                    {title} ({price?.amount} {price?.currency})
                  </option>
                ))}
              </select>
            </label>
            <label>
              What the gateway does
              <select name="behaviour">
                {BEHAVIOURS.map(([token, words]) => (
                  <option key={token} value={token}>
                    {words}
                  </option>
                ))}
              </select>
            </label>
            <button type="submit" className="primary">
              Place the order
            </button>
            <Problem words={refusal} />
          </form>
        )}
      </Panel>
      {orderId !== undefined && <Watch orderId={orderId} key={orderId} />}
    </>
  );
}

type Step = OrderStepsSubscription['orderStatus'];

function Watch({ orderId }: { orderId: string }) {
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const take = useCallback((data: OrderStepsSubscription) => {
    const step = data.orderStatus;
    setSteps((before) => (before.some(({ seq }) => seq === step.seq) ? before : [...before, step]));
  }, []);
  useLive(orderSteps, { id: orderId }, take);
  const uuid = atob(orderId.replaceAll('-', '+').replaceAll('_', '/')).split(':')[1] ?? '';
  return (
    <Panel title="Its steps, live" aside={<a href={linkTo('history', `order:${uuid}`)}>All that happened to it</a>}>
      <ol className="timeline">
        {steps.map(({ seq, status, stage, reason, at }) => (
          <li key={seq} className={reason === null ? 'done' : 'bad'}>
            <h3>
              <State>{status}</State>
            </h3>
            <p className="dim">
              {stage ?? 'asked for'} · <time dateTime={at}>{instantInWords(at)}</time>
            </p>
            {reason !== null && <p>{reason}</p>}
          </li>
        ))}
      </ol>
    </Panel>
  );
}
