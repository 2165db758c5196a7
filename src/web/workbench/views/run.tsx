/** One run: every event and stage in order, what failed, and what happens next and when. */
import { useCallback, useState } from 'react';
import { useFigures } from '../figures.tsx';
import type { RunDetailQuery } from '../gql/graphql.ts';
import { useLive, useQuery } from '../../shared/hooks.ts';
import { linkTo } from '../route.ts';
import { discloseEvent, runDetail, runUpdates } from '../operations.ts';
import { State, Panel, Since } from '../parts.tsx';
import { Facts, Loading, Problem } from '../../shared/parts.tsx';
import { durationWords } from '../../shared/words.ts';
import { eventInWords, instantInWords, timeInWords } from '../words.ts';
import { Payload } from './payload.tsx';

type Run = NonNullable<RunDetailQuery['run']>;
type Step = Run['timeline'][number];

export function RunView({ id }: { id: string }) {
  const [seen, setSeen] = useState(0);
  const moved = useCallback(() => setSeen((count) => count + 1), []);
  const { tick } = useFigures();
  const { data, error, isLoading } = useQuery(runDetail, { id }, `${seen} ${tick}`);
  useLive(runUpdates, { id }, moved);
  const run = data?.run;
  if (!run) {
    return (
      <>
        <h1>{id}</h1>
        {isLoading ? <Loading /> : <Problem words={error ?? 'There is no such run.'} />}
      </>
    );
  }
  return (
    <>
      <h1>
        {run.id} <State>{run.state}</State>
      </h1>
      <p className="lead">{sentence(run)}</p>
      <Problem words={error} />
      <div className="columns">
        <Panel title="What happened">
          <ol className="timeline">
            {run.timeline.map((step, at) => (
              <TimelineStep key={step.number} step={step} before={run.timeline[at - 1]} />
            ))}
            {(run.calls.length > 0 || run.waits) && <OpenTry run={run} />}
            {run.next && <NextStep next={run.next} waits={run.waits} />}
          </ol>
        </Panel>
        <Panel title="About">
          <Facts
            facts={[
              ['Workflow', run.workflow],
              ['Subject', <a href={linkTo('history', run.subject)}>{run.subject}</a>],
              ['Stage', run.stage],
              ['Begun', instantInWords(run.startedAt)],
              ['Last moved', <Since at={run.updatedAt} />],
              ['Ended', run.endedAt ? instantInWords(run.endedAt) : '–'],
              ['Took', tookInWords(run)],
              ['Failed tries', String(failedTries(run))],
            ]}
          />
          {run.lastError && <p className="problem">{run.lastError}</p>}
          {run.state === 'PARKED' && (
            <p>
              <a className="button" href={linkTo('dead-letters')}>
                Decide about its dead letter
              </a>
            </p>
          )}
        </Panel>
      </div>
    </>
  );
}

const isRetry = ({ type }: Step): boolean => type === 'stage.retrying';

/** Of all its stages; `failures` counts those of the one whose turn it is. */
const failedTries = ({ timeline, failures }: Run): number => Math.max(timeline.filter(isRetry).length, failures);

const tookInWords = ({ startedAt, endedAt, updatedAt }: Run): string =>
  durationWords(Date.parse(endedAt ?? updatedAt) - Date.parse(startedAt));

function sentence(run: Run): string {
  const { state, stage, next, lastError, waits } = run;
  switch (state) {
    case 'COMPLETED': {
      const failed = failedTries(run);
      const tries = failed === 0 ? '' : `, with ${failed} failed ${failed === 1 ? 'try' : 'tries'} on the way`;
      return `It came to its end after ${tookInWords(run)}${tries}.`;
    }
    case 'FAILED':
      return `It failed at ${stage}; what could be undone was undone.`;
    case 'CANCELLED':
      return 'Somebody took it back.';
    case 'PARKED':
      return `It stands still at ${stage} until somebody decides.`;
    case 'COMPENSATING':
      return `It failed, and ${stage} is being undone.`;
    case 'RUNNING':
      if (next?.dueAt && waits && !lastError) {
        return `${stage} found it too early ${timesInWords(waits.count)} and looks again ${instantInWords(next.dueAt)}.`;
      }
      return next?.dueAt
        ? `${stage} failed${lastError ? '' : ' or waits'}; try ${next.attempt} is due ${instantInWords(next.dueAt)}.`
        : `${stage} has its turn.`;
  }
}

function TimelineStep({ step, before }: { step: Step; before: Step | undefined }) {
  const hasFailed = isRetry(step);
  const sinceMs = before ? new Date(step.at).getTime() - new Date(before.at).getTime() : null;
  return (
    <li className={hasFailed ? 'bad' : 'done'}>
      <h3>
        {hasFailed ? `${step.stage ?? 'a stage'} failed` : eventInWords(step.type)}
        {sinceMs !== null && <span className="dim"> +{durationWords(sinceMs)}</span>}
      </h3>
      <p className="dim">
        <time dateTime={step.at} title={instantInWords(step.at)}>
          {timeInWords(step.at)}
        </time>
        {step.stage === null ? ' · asked for' : ` · by ${step.stage}`}
        {step.attempts !== null && ` · try ${step.attempts}`}
        {step.durationMs !== null && ` · took ${durationWords(step.durationMs)}`}
        {step.retryAt !== null && ` · next try at ${timeInWords(step.retryAt)}`}
        {step.deliveries > 0 && ` · told to ${subscriptionsInWords(step)}`}
      </p>
      {step.traceId !== null && (
        <p className="dim">
          by the request of trace <code>{step.traceId}</code>
        </p>
      )}
      {step.error !== null && <p className="problem">{step.error}</p>}
      <Waits waits={step.waits} />
      <Calls calls={step.calls} />
      <Payload
        payload={step.payload}
        disclose={{ document: discloseEvent, variables: { number: step.number }, read: readDisclosed }}
      />
    </li>
  );
}

function subscriptionsInWords({ deliveries, deliveredAt, at }: Step): string {
  const count = deliveries === 1 ? 'one live subscription' : `${deliveries} live subscriptions`;
  const afterMs = deliveredAt === null ? null : Math.max(0, Date.parse(deliveredAt) - Date.parse(at));
  return afterMs === null ? count : `${count} within ${durationWords(afterMs)}`;
}

const readDisclosed = (data: { discloseEvent: { __typename: string; payload?: string } }): string | null =>
  data.discloseEvent.payload ?? null;

/** What was asked of the outside since the last event. */
function OpenTry({ run }: { run: Run }) {
  return (
    <li className={run.lastError === null ? 'done' : 'bad'}>
      <h3>{run.stage}, until now</h3>
      {run.lastError !== null && <p className="problem">{run.lastError}</p>}
      <Waits waits={run.waits} />
      <Calls calls={run.calls} />
    </li>
  );
}

function Waits({ waits }: { waits: Step['waits'] }) {
  if (!waits) return null;
  return (
    <p className="dim">
      too early {timesInWords(waits.count)}, since {instantInWords(waits.since)}; waited until{' '}
      {instantInWords(waits.until)}
    </p>
  );
}

const timesInWords = (count: number): string => (count === 1 ? 'once' : `${count} times`);

function Calls({ calls }: { calls: Step['calls'] }) {
  if (calls.length === 0) return null;
  return (
    <ul className="calls" aria-label="Asked of the outside">
      {calls.map((call, at) => (
        // oxlint-disable-next-line react/no-array-index-key -- calls have no name of their own, and their order holds
        <li key={at}>
          <code>{call.what}</code> <strong>{call.outcome}</strong>
          <span className="dim">
            {call.durationMs === null ? ' · no answer in time' : ` · ${durationWords(call.durationMs)}`}
            {call.undoes !== null && ` · undoes ${call.undoes}`}
          </span>
          {call.idempotencyKey !== null && (
            <span className="key">
              key <code>{call.idempotencyKey}</code>
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function NextStep({ next, waits }: { next: NonNullable<Run['next']>; waits: Run['waits'] }) {
  return (
    <li className="next">
      <h3>
        {next.compensates ? 'to be undone: ' : 'next: '}
        {next.stage}
      </h3>
      <p className="dim">
        {waits ? `look ${waits.count + 1}` : `try ${next.attempt}`} ·{' '}
        {next.dueAt ? (
          <>
            <Since at={next.dueAt} /> ({instantInWords(next.dueAt)})
          </>
        ) : (
          'now'
        )}
      </p>
    </li>
  );
}
