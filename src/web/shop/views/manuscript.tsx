/** One book at the author desk: write, give it a file, publish it and watch, read the report. */
import { useRef, useState } from 'react';
import type { ManuscriptQuery } from '../gql/graphql.ts';
import { useQuery } from '../../shared/hooks.ts';
import { type Refusal, send, wordsIn } from '../../shared/ask.ts';
import { atLines, DraftFields, readDraft } from '../draft-form.tsx';
import { Form, freshKey, type Refused } from '../../shared/forms.tsx';
import {
  createRevision,
  manuscript,
  relistEdition,
  submitEdition,
  unpublishEdition,
  updateDraft,
  withdrawEdition,
} from '../operations/desk.ts';
import { Missing, View, Waiting } from '../parts.tsx';
import { Problem } from '../../shared/parts.tsx';
import { pathOf } from '../place.ts';
import { statusWords } from '../words.ts';
import { badgeOf } from './desk.tsx';
import { FilePanel } from './file-panel.tsx';
import { Publishing, Report, Suggestions } from './publishing.tsx';

const EDITABLE: readonly string[] = ['DRAFT', 'NEEDS_CHANGES', 'FAILED', 'WITHDRAWN'];
const AT_REST = [...EDITABLE, 'PUBLISHED', 'UNPUBLISHED', 'TAKEN_DOWN', 'REJECTED', 'SUPERSEDED'];

export type Manuscript = NonNullable<ManuscriptQuery['edition']>;

export default function ManuscriptView({ id }: { id: string }) {
  const { data, error, code, again } = useQuery(manuscript, { id });
  if (!data) return <Waiting error={error} code={code} again={again} />;
  const { edition } = data;
  if (!edition?.workingRevision) return <Missing title="There is no such book of yours" />;
  return <Desk edition={edition} revision={edition.workingRevision} reload={again} />;
}

interface DeskProps {
  edition: Manuscript;
  revision: NonNullable<Manuscript['workingRevision']>;
  reload: () => void;
}

function Desk({ edition, revision, reload }: DeskProps) {
  const { id, title, status } = edition;
  const isEditable = EDITABLE.includes(status);
  const hasStory = !AT_REST.includes(status) || status === 'PUBLISHED' || revision.report !== null;
  return (
    <View
      title={title}
      className="manuscript"
      heading={
        <div className="head-row">
          <h1 tabIndex={-1}>{title}</h1>
          <span className={`badge ${badgeOf(status)}`} data-edition-status={status}>
            {statusWords(status)}
          </span>
        </div>
      }
    >
      <Situation edition={edition} />
      <Actions edition={edition} reload={reload} />
      <div className="desk">
        <div>
          {isEditable && <FilePanel key={revision.id} edition={edition} />}
          {hasStory && <Publishing key={revision.id} edition={edition} reload={reload} />}
          {revision.report !== null && <Report findings={revision.report} status={status} />}
        </div>
        {isEditable ? (
          <Editor key={revision.id} edition={edition} reload={reload} />
        ) : (
          <Suggestions editionId={id} revision={revision} />
        )}
      </div>
    </View>
  );
}

/** What the author should know of where the book stands. */
function Situation({ edition: { id, status, onSale, liveRevision, workingRevision } }: { edition: Manuscript }) {
  const words = SITUATIONS[status];
  const isBeside = onSale && liveRevision && workingRevision && liveRevision.id !== workingRevision.id;
  return (
    <>
      {words !== undefined && <p>{words}</p>}
      {isBeside && (
        <p className="hint">
          Revision {liveRevision.number} stays on sale meanwhile; this is revision {workingRevision.number}.
        </p>
      )}
      {onSale && (
        <p>
          <a href={pathOf.book(id)}>See it in the shop</a>
        </p>
      )}
    </>
  );
}

const SITUATIONS: Readonly<Record<string, string>> = {
  DRAFT: 'Only you see this. Add the EPUB, then publish it.',
  NEEDS_CHANGES: 'It cannot be sold as it is. Mend what the report below says, then publish it again.',
  REJECTED:
    'This file was refused and is kept from everyone. The report says why; begin a new revision with another file.',
  FAILED: 'It failed on our side, not on yours. Publish it again.',
  WITHDRAWN: 'You took it back. Publish it again whenever you like.',
  UNPUBLISHED: 'You took it off sale. Readers keep what they bought.',
  TAKEN_DOWN: 'It was taken off sale by an admin.',
};

/** What can be done beside editing. */
function Actions({ edition: { id, status, onSale }, reload }: { edition: Manuscript; reload: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const input = { editionId: id };
  const button = (words: string, act: () => Promise<{ refused: Refusal | null }>) => (
    <button
      type="button"
      onClick={() =>
        void act().then(({ refused }) => {
          setProblem(refused ? wordsIn(refused) : null);
          if (!refused) reload();
        })
      }
    >
      {words}
    </button>
  );
  return (
    <>
      <div className="actions">
        {!AT_REST.includes(status) &&
          button('Take it back', () => send(withdrawEdition, { input }, 'WithdrawEditionPayload'))}
        {['PUBLISHED', 'UNPUBLISHED', 'REJECTED'].includes(status) &&
          button('New revision', () => send(createRevision, { input }, 'CreateRevisionPayload'))}
        {onSale && button('Take off sale', () => send(unpublishEdition, { input }, 'UnpublishEditionPayload'))}
        {status === 'UNPUBLISHED' &&
          button('Put back on sale', () => send(relistEdition, { input }, 'RelistEditionPayload'))}
      </div>
      <Problem words={problem} />
    </>
  );
}

function Editor({ edition, reload }: { edition: Manuscript; reload: () => void }) {
  const { id, workingRevision, isbn13, prices } = edition;
  const place = useRef<HTMLDivElement>(null);
  const [key, setKey] = useState(freshKey);
  const [told, setTold] = useState('');
  const [refused, setRefused] = useState<Refused | null>(null);
  const [isBusy, setBusy] = useState(false);
  const save = async (form: HTMLFormElement): Promise<Refused | null> => {
    setTold('');
    setRefused(null);
    const { draft, faults } = readDraft(form);
    if (faults.length > 0) return { faults };
    const answer = await send(updateDraft, { input: { editionId: id, ...draft } }, 'UpdateDraftPayload');
    return answer.refused?.faults ? { faults: atLines(form, answer.refused.faults) } : answer.refused;
  };
  const publish = async () => {
    const form = place.current?.querySelector('form');
    if (!form) return;
    setBusy(true);
    const unsaved = await save(form);
    if (unsaved) setRefused(unsaved);
    else {
      const input = { editionId: id, idempotencyKey: key };
      const answer = await send(submitEdition, { input }, 'SubmitEditionPayload');
      if (answer.done || answer.result) setKey(freshKey());
      setRefused(answer.refused);
      if (answer.done) {
        scrollTo({ top: 0 });
        reload();
      }
    }
    setBusy(false);
  };
  return (
    <div ref={place}>
      <Form
        label="The book"
        submit="Save"
        busy="Saving …"
        isQuiet
        refused={refused}
        onChange={() => setTold('')}
        onSubmit={async (form) => {
          const answer = await save(form);
          if (!answer) setTold('Saved.');
          return answer;
        }}
        extra={
          <>
            <button type="button" className="primary" disabled={isBusy} onClick={() => void publish()}>
              Save and publish
            </button>
            <span className="hint" role="status">
              {told}
            </span>
          </>
        }
      >
        <h2>About the book</h2>
        <DraftFields revision={workingRevision ?? {}} isbn13={isbn13} prices={prices} />
      </Form>
    </div>
  );
}
