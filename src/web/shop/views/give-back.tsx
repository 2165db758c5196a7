/** Giving a book back for its money, and watching the money return. */
import { useState } from 'react';
import type { OrderQuery } from '../gql/graphql.ts';
import { send, wordsIn } from '../../shared/ask.ts';
import { freshKey } from '../../shared/forms.tsx';
import { refundSteps, requestRefund } from '../operations/shop.ts';
import { Problem } from '../../shared/parts.tsx';
import { StepList, useSteps, type Way } from '../steps.tsx';

const WAY: Way = {
  label: 'Steps of giving it back',
  stops: [
    { status: 'REQUESTED', words: 'Asked for' },
    { status: 'SUBMITTED', words: 'On its way to your bank' },
    { status: 'SETTLED', words: 'Given back' },
  ],
  good: 'SETTLED',
  bad: ['FAILED'],
};

type Order = NonNullable<OrderQuery['order']>;

export function GiveBack({ order: { id, total, refunds }, again }: { order: Order; again: () => void }) {
  const [key] = useState(freshKey);
  const [isAsked, setAsked] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const refund = refunds.find(({ status }) => status !== 'FAILED') ?? refunds.at(-1);
  if (refund) return <Returning refundId={refund.id} />;
  if (total.amountMinor === 0) return null;
  const ask = async () => {
    setAsked(true);
    const input = { orderId: id, idempotencyKey: key };
    const { refused } = await send(requestRefund, { input }, 'RequestRefundPayload');
    setAsked(false);
    setProblem(refused ? wordsIn(refused) : null);
    if (!refused) again();
  };
  return (
    <details>
      <summary>Give it back</summary>
      <p className="hint">Within the time that the shop gives, and before you have read or downloaded it.</p>
      <button type="button" disabled={isAsked} onClick={() => void ask()}>
        Give it back for its money
      </button>
      <Problem words={problem} />
    </details>
  );
}

function Returning({ refundId }: { refundId: string }) {
  const { steps, refusal } = useSteps(refundSteps, { id: refundId }, { way: WAY });
  return (
    <section className="panel" aria-label="Giving it back">
      <h2>Your money goes back</h2>
      <StepList way={WAY} steps={steps} noteOf={({ reason }) => reason} />
      <Problem words={refusal} />
    </section>
  );
}
