/** An order on its way, live; and giving it back. */
import { useEffect, useState } from 'react';
import type { OrderQuery, OrderStepsSubscription } from '../gql/graphql.ts';
import { useQuery } from '../../shared/hooks.ts';
import { order, orderSteps } from '../operations/shop.ts';
import { Cover, Missing, safeUrl, View, Waiting } from '../parts.tsx';
import { Problem } from '../../shared/parts.tsx';
import { pathOf } from '../place.ts';
import { isOver, StepList, useSteps, type Way } from '../steps.tsx';
import { makersOf, priceWords, timeWords } from '../words.ts';
import { DownloadButton } from './download.tsx';
import { GiveBack } from './give-back.tsx';

export const BAD: readonly string[] = ['DECLINED', 'CANCELLED', 'EXPIRED'];
const WAY: Way = {
  label: 'Steps of your order',
  stops: [
    { status: 'PENDING_PAYMENT', words: 'Order placed' },
    { status: 'AUTHORIZED', words: 'Amount reserved by your bank' },
    { status: 'CAPTURING', words: 'Taking the payment' },
    { status: 'PAID', words: 'Paid' },
    { status: 'COMPLETED', words: 'In your library' },
  ],
  good: 'COMPLETED',
  bad: BAD,
};
const WITH_THE_BANK: readonly string[] = ['PENDING_PAYMENT', 'AUTHORIZED', 'CAPTURING'];
/** A bank that takes longer than this is worth a word. */
const PATIENCE_MS = 4_000;

type Order = NonNullable<OrderQuery['order']>;
type Step = OrderStepsSubscription['step'];

export default function OrderView({ id }: { id: string }) {
  const { data, error, code, again } = useQuery(order, { id });
  if (!data) return <Waiting error={error} code={code} again={again} />;
  return data.order ? <Story order={data.order} again={again} /> : <Missing title="There is no such order" />;
}

function Story({ order: found, again }: { order: Order; again: () => void }) {
  const { steps, refusal } = useSteps(orderSteps, { id: found.id }, { way: WAY });
  const last = steps.at(-1);
  const isLate = useLate(last);
  const isDone = isOver(WAY, last?.status);
  // The receipt and what can be given back are known when it is over.
  useEffect(() => {
    if (isDone) again();
  }, [isDone, again]);
  return (
    <View title="Your order" className="order">
      <div className="bought">
        {found.lines.map(({ edition }) => (
          <div key={edition.id} className="bought-book">
            <Cover book={edition} widthPx={96} isEager />
            <div>
              <p className="book-title">
                <a href={pathOf.book(edition.id)}>{edition.title}</a>
              </p>
              <p className="book-makers">{makersOf(edition.contributors)}</p>
            </div>
          </div>
        ))}
        <p className="price">{priceWords(found.total)}</p>
      </div>
      <div>
        <StepList way={WAY} steps={steps} />
        <Problem words={refusal} />
        <div className="told-order" aria-live="polite">
          {last && isLate && <Checking why="Its answer takes longer than usual." />}
          {last && !isLate && <Told step={last} order={found} again={again} />}
        </div>
      </div>
    </View>
  );
}

/** Whether the bank has been silent for long since this step. */
function useLate(last: Step | undefined): boolean {
  const [lateSeq, setLateSeq] = useState<number | null>(null);
  useEffect(() => {
    if (!last || !WITH_THE_BANK.includes(last.status)) return;
    const timer = setTimeout(() => setLateSeq(last.seq), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [last]);
  return last !== undefined && lateSeq === last.seq;
}

/** The outcome is unknown, and told as unknown. */
const Checking = ({ why }: { why: string }) => (
  <div className="panel ask">
    <h2>We are checking with the bank</h2>
    <p>{why} You are never charged twice. You may leave: the order goes on without you.</p>
  </div>
);

/** What the buyer should know or do now. */
function Told({ step, order: found, again }: { step: Step; order: Order; again: () => void }) {
  const { status, retryAt, reason } = step;
  const bought = found.lines[0]?.edition;
  const actionUrl = safeUrl(step.order.payment?.actionUrl);
  if (status === 'REQUIRES_ACTION') {
    return (
      <div className="panel ask">
        <h2>Your bank wants to ask you</h2>
        <p>Approve the payment at your bank. This page goes on by itself once you have answered.</p>
        {actionUrl !== undefined && (
          <a className="button primary" href={actionUrl} target="_blank" rel="noopener noreferrer">
            Go to your bank
          </a>
        )}
      </div>
    );
  }
  if (retryAt !== null && WITH_THE_BANK.includes(status)) {
    return <Checking why={`Its answer did not come. We ask again at ${timeWords(retryAt)}.`} />;
  }
  if (BAD.includes(status)) {
    return (
      <div className="panel bad" role="alert">
        <h2>{BAD_HEADINGS[status] ?? 'The order ended'}</h2>
        <p className="reason">{reason}</p>
        <p>Nothing was charged.</p>
        {bought && (
          <a className="button primary" href={pathOf.book(bought.id)}>
            {status === 'DECLINED' ? 'Try another card' : 'Back to the book'}
          </a>
        )}
      </div>
    );
  }
  if (status !== 'COMPLETED') {
    return <p className="hint">You may leave this page: the order goes on without you.</p>;
  }
  return <Yours order={found} again={again} />;
}

function Yours({ order: found, again }: { order: Order; again: () => void }) {
  const bought = found.lines[0]?.edition;
  const receiptUrl = safeUrl(found.receipt?.url);
  const isGivenBack = found.refunds.some(({ status }) => status !== 'FAILED');
  return (
    <>
      {!isGivenBack && (
        <div className="panel good">
          <h2>It is yours</h2>
          <p>
            A receipt is on its way to you.
            {found.receipt && (
              <>
                {' '}
                {receiptUrl === undefined ? (
                  `It has the number ${found.receipt.number}.`
                ) : (
                  <a href={receiptUrl}>Receipt {found.receipt.number}</a>
                )}
              </>
            )}
          </p>
          <div className="actions">
            {bought && <DownloadButton editionId={bought.id} />}
            <a className="button" href="/app/library">
              To your library
            </a>
          </div>
        </div>
      )}
      <GiveBack order={found} again={again} />
    </>
  );
}

const BAD_HEADINGS: Readonly<Record<string, string>> = {
  DECLINED: 'Your bank declined',
  CANCELLED: 'The order was cancelled',
  EXPIRED: 'The order expired',
};
