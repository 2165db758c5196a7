/** A book on its way to the readers: live steps, what the check found, what a machine suggests. */
import { useEffect, useState } from 'react';
import type { PublishStepsSubscription } from '../gql/graphql.ts';
import { useQuery } from '../../shared/hooks.ts';
import { send, wordsIn } from '../../shared/ask.ts';
import { acceptSuggestion, dismissSuggestion, manuscript, publishSteps } from '../operations/desk.ts';
import { Badge, Problem } from '../../shared/parts.tsx';
import { isOver, StepList, useSteps, type Way } from '../steps.tsx';
import { statusWords } from '../words.ts';
import { Tags } from './book.tsx';
import type { Manuscript } from './manuscript.tsx';

const WAY: Way = {
  label: 'Steps of publishing',
  stops: [
    { status: 'SUBMITTED', words: 'Handed in' },
    { status: 'CHECKING_METADATA', words: 'Looking through what you wrote' },
    { status: 'SCANNING_FILE', words: 'Scanning the file' },
    { status: 'VALIDATING', words: 'Checking that readers can open it' },
    { status: 'EXTRACTING', words: 'Reading cover, contents and sample' },
    { status: 'DEDUPING', words: 'Comparing it with the books on sale' },
    { status: 'PUBLISHED', words: 'On sale' },
  ],
  good: 'PUBLISHED',
  bad: ['NEEDS_CHANGES', 'REJECTED', 'FAILED', 'WITHDRAWN'],
};
/** Suggestions are made after the book is on sale; nobody is told when, so the page looks again for a while. */
const LOOK_EVERY_MS = 1_500;
const LOOKS_MAX = 20;

type Revision = NonNullable<Manuscript['workingRevision']>;
type Step = PublishStepsSubscription['step'];

export function Publishing({ edition: { id, status, workingRevision }, reload }: PublishingProps) {
  const number = workingRevision?.number;
  // The story of earlier revisions is over.
  const isOf = (step: Step) => step.revisionNumber === number && step.status !== 'DRAFT';
  const { steps, refusal } = useSteps(publishSteps, { id }, { way: WAY, begins: 'SUBMITTED', isOf });
  const end = steps.findIndex((step) => isOver(WAY, step.status));
  const story = end === -1 ? steps : steps.slice(0, end + 1);
  const last = story.at(-1);
  // An end that the page does not show yet.
  const isNews = last !== undefined && isOver(WAY, last.status) && last.status !== status;
  useEffect(() => {
    if (!isNews) return;
    reload();
    const timer = setInterval(reload, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [isNews, reload]);
  return (
    <section className="panel" aria-label="Publishing">
      <h2>Publishing</h2>
      <StepList way={WAY} steps={story} noteOf={({ note }) => note} />
      <Problem words={refusal} />
    </section>
  );
}

interface PublishingProps {
  edition: Manuscript;
  reload: () => void;
}

const RANKS = ['ERROR', 'WARNING', 'INFO'];

export function Report({ findings, status }: { findings: NonNullable<Revision['report']>; status: string }) {
  const isBlocked = status === 'NEEDS_CHANGES' || status === 'REJECTED';
  const sorted = findings.toSorted((a, b) => RANKS.indexOf(a.severity) - RANKS.indexOf(b.severity));
  const toneOf = (severity: string) => (severity === 'ERROR' && isBlocked ? 'bad' : severity === 'INFO' ? '' : 'wait');
  return (
    <section className="panel report" aria-label="Report">
      <h2>What the check found</h2>
      {findings.length === 0 ? (
        <p>Nothing to mend.</p>
      ) : (
        <>
          <p className="hint">
            {isBlocked
              ? 'Errors must be mended before it can be sold.'
              : 'None of this keeps the book from being sold.'}
          </p>
          <ul className="findings">
            {sorted.map(({ severity, code, message, file, line, column }, at) => {
              const place = [file, line, column].filter((part) => part !== null).join(':');
              return (
                <li key={at}>
                  <Badge tone={toneOf(severity)}>{severity.toLowerCase()}</Badge>
                  <div>
                    <p>{message}</p>
                    <p className="hint">
                      <code>{code}</code>
                      {place !== '' && (
                        <>
                          {' in '}
                          <code>{place}</code>
                        </>
                      )}
                    </p>
                  </div>
                </li>
              );
            })}
          </ul>
        </>
      )}
    </section>
  );
}

export function Suggestions({ editionId, revision }: { editionId: string; revision: Revision }) {
  const [looks, setLooks] = useState(0);
  const { data } = useQuery(manuscript, { id: editionId }, looks);
  const found = data?.edition?.workingRevision;
  const enrichment = (found?.id === revision.id ? found.enrichment : null) ?? revision.enrichment;
  const isWaiting = !enrichment || enrichment.status === 'QUEUED' || enrichment.status === 'RUNNING';
  useEffect(() => {
    if (!isWaiting || looks >= LOOKS_MAX) return;
    const timer = setTimeout(() => setLooks(looks + 1), LOOK_EVERY_MS);
    return () => clearTimeout(timer);
  }, [isWaiting, looks]);
  if (!enrichment && revision.status !== 'PUBLISHED') return null;
  return (
    <section className="panel machine" aria-label="Suggestions" aria-live="polite">
      <h2>Suggestions</h2>
      {isWaiting ? (
        <p className="hint">A machine is reading the book. What it suggests changes nothing until you say so.</p>
      ) : enrichment.status === 'FAILED' ? (
        <p className="hint">None could be made. The book is not touched by that.</p>
      ) : (
        <Suggestion revisionId={revision.id} enrichment={enrichment} />
      )}
    </section>
  );
}

function Suggestion({ revisionId, enrichment }: SuggestionProps) {
  const { summary, tags, readingLevel, provenance } = enrichment;
  const [told, setTold] = useState(DECISIONS[enrichment.decision] ?? '');
  const input = { revisionId };
  const accept = async () => {
    const { refused } = await send(acceptSuggestion, { input }, 'AcceptSuggestionPayload');
    setTold(refused ? wordsIn(refused) : (DECISIONS['ACCEPTED'] ?? ''));
  };
  const dismiss = async () => {
    const { refused } = await send(dismissSuggestion, { input }, 'DismissSuggestionPayload');
    setTold(refused ? wordsIn(refused) : (DECISIONS['DISMISSED'] ?? ''));
  };
  return (
    <>
      {summary !== null && <p dir="auto">{summary}</p>}
      <Tags tags={tags} />
      {readingLevel !== null && <p>Reading level: {statusWords(readingLevel).toLowerCase()}</p>}
      <p className="hint">
        Written by a machine ({provenance?.model ?? provenance?.provider ?? 'unknown'}). Shown beside your own words if
        you accept; those never change.
      </p>
      <div className="actions">
        <button type="button" onClick={() => void accept()}>
          Accept
        </button>
        <button type="button" onClick={() => void dismiss()}>
          Dismiss
        </button>
        <span className="hint" role="status">
          {told}
        </span>
      </div>
    </>
  );
}

interface SuggestionProps {
  revisionId: string;
  enrichment: NonNullable<Revision['enrichment']>;
}

const DECISIONS: Readonly<Record<string, string>> = {
  OPEN: '',
  ACCEPTED: 'Accepted: readers see it.',
  DISMISSED: 'Dismissed: nobody sees it.',
};
