/** Dead letters: why each was parked; replayed, discarded, or changed and replayed, one or many at a time. */
import { useState } from 'react';
import { useFigures } from '../figures.tsx';
import type { DeadLetterDecision, DeadLetterListQuery, DeadLetterState } from '../gql/graphql.ts';
import { act } from '../../shared/hooks.ts';
import { MoreButton, usePages } from '../../shared/pages.tsx';
import { linkTo } from '../route.ts';
import { decideDeadLetters, deadLetterList, discloseDeadLetter } from '../operations.ts';
import { State, Empty, Since } from '../parts.tsx';
import { Loading, Problem } from '../../shared/parts.tsx';
import { ChangeMany, ChangeOne } from './change-letters.tsx';
import { Payload } from './payload.tsx';

type Letter = DeadLetterListQuery['deadLetters']['nodes'][number];
const STATES: readonly DeadLetterState[] = ['OPEN', 'REPLAYED', 'DISCARDED'];
/** As many as the API takes. */
const DECIDED_AT_ONCE = 100;

export function DeadLettersView() {
  const [state, setState] = useState<DeadLetterState>('OPEN');
  return (
    <>
      <h1>Dead letters</h1>
      <Letters key={state} state={state} onState={setState} />
    </>
  );
}

function Letters({ state, onState }: { state: DeadLetterState; onState: (state: DeadLetterState) => void }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [told, setTold] = useState<string | null>(null);
  const [isChanging, setChanging] = useState(false);
  const { tick } = useFigures();
  const pages = usePages(deadLetterList, ({ deadLetters }) => deadLetters, { state }, tick);
  const open = pages.nodes.filter((letter) => letter.state === 'OPEN');
  const picked = open.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  const done = (words: string) => {
    setTold(words);
    setChosen(new Set());
    setChanging(false);
    pages.again();
  };
  const decide = async (ids: string[], decision: DeadLetterDecision) => done(await decideAll(ids, decision));
  const toggle = (id: string) =>
    setChosen((before) => new Set(before.has(id) ? [...before].filter((one) => one !== id) : [...before, id]));
  return (
    <>
      <div className="filters" role="group" aria-label="Which dead letters">
        <label>
          State
          <select
            value={state}
            onChange={({ target }) => onState(STATES.find((one) => one === target.value) ?? 'OPEN')}
          >
            {STATES.map((one) => (
              <option key={one} value={one}>
                {one.toLowerCase()}
              </option>
            ))}
          </select>
        </label>
        {open.length > 0 && (
          <>
            <button type="button" onClick={() => setChosen(new Set(open.map(({ id }) => id)))}>
              Choose all
            </button>
            <button
              type="button"
              className="primary"
              disabled={picked.length === 0}
              onClick={() => void decide(picked, 'REPLAY')}
            >
              Replay {picked.length || ''}
            </button>
            <button
              type="button"
              className="danger"
              disabled={picked.length === 0}
              onClick={() => void decide(picked, 'DISCARD')}
            >
              Discard {picked.length || ''}
            </button>
            <button type="button" disabled={picked.length === 0} onClick={() => setChanging(true)}>
              Change and replay {picked.length || ''}
            </button>
          </>
        )}
      </div>
      <p role="status" className="told">
        {told}
      </p>
      {isChanging && picked.length > 0 && <ChangeMany ids={picked} onDone={done} onCancel={() => setChanging(false)} />}
      <Problem words={pages.error} />
      {!pages.isThere && pages.error === null && <Loading />}
      {pages.isThere && pages.nodes.length === 0 && (
        <Empty>None. What fails is retried, undone or told to its author.</Empty>
      )}
      <ul className="letters">
        {pages.nodes.map((letter) => (
          <LetterItem
            key={letter.id}
            letter={letter}
            isChosen={chosen.has(letter.id)}
            onToggle={() => toggle(letter.id)}
            onDecide={(decision) => void decide([letter.id], decision)}
            onDone={done}
          />
        ))}
      </ul>
      <MoreButton pages={pages} />
    </>
  );
}

/** @returns what was done, in words */
async function decideAll(ids: readonly string[], decision: DeadLetterDecision): Promise<string> {
  let count = 0;
  for (let from = 0; from < ids.length; from += DECIDED_AT_ONCE) {
    const some = ids.slice(from, from + DECIDED_AT_ONCE);
    const { data, refusal } = await act(decideDeadLetters, { ids: some, decision });
    if (refusal !== null) return refusal;
    if (data?.decideDeadLetters.__typename === 'DecideDeadLettersPayload') {
      count += data.decideDeadLetters.deadLetters.length;
    }
  }
  return `${count} of ${ids.length} ${decision === 'REPLAY' ? 'sent again' : 'given up'}.`;
}

function LetterItem({
  letter,
  isChosen,
  onToggle,
  onDecide,
  onDone,
}: {
  letter: Letter;
  isChosen: boolean;
  onToggle: () => void;
  onDecide: (decision: DeadLetterDecision) => void;
  onDone: (words: string) => void;
}) {
  const [isEditing, setEditing] = useState(false);
  const isOpen = letter.state === 'OPEN';
  return (
    <li className="panel letter">
      <header>
        <h2>
          {isOpen && (
            <input
              type="checkbox"
              checked={isChosen}
              onChange={onToggle}
              aria-label={`Choose the letter of ${letter.stage}`}
            />
          )}
          {letter.stage} <State>{letter.state}</State>
        </h2>
        <div className="aside">
          {letter.reason.toLowerCase().replaceAll('_', ' ')} · {letter.attempts} tries · <Since at={letter.createdAt} />
        </div>
      </header>
      <p className="error">{letter.error}</p>
      {letter.run && (
        <p>
          Run <a href={linkTo('runs', letter.run.id)}>{letter.run.id}</a>
        </p>
      )}
      {letter.resolvedBy && letter.resolvedAt && (
        <p className="dim">
          {letter.state.toLowerCase()} by {letter.resolvedBy}, <Since at={letter.resolvedAt} />
        </p>
      )}
      {isEditing ? (
        <ChangeOne id={letter.id} onDone={onDone} onCancel={() => setEditing(false)} />
      ) : (
        <>
          <Payload
            payload={letter.payload}
            disclose={{
              document: discloseDeadLetter,
              variables: { id: letter.id },
              read: ({ discloseDeadLetter: told }) => ('payload' in told ? told.payload : null),
            }}
          />
          {isOpen && (
            <div className="actions">
              <button type="button" className="primary" onClick={() => onDecide('REPLAY')}>
                Replay
              </button>
              <button type="button" onClick={() => setEditing(true)}>
                Change and replay
              </button>
              {letter.isOwed ? (
                <span className="hint">There is no way back from here: it is owed, and cannot be given up.</span>
              ) : (
                <button type="button" className="danger" onClick={() => onDecide('DISCARD')}>
                  Discard
                </button>
              )}
            </div>
          )}
        </>
      )}
    </li>
  );
}
