/** Dead letters: why each was parked; replayed, discarded, or changed and replayed, one or many at a time. */
import { useState } from 'react';
import { useFigures } from '../figures.tsx';
import type { DeadLetterDecision, DeadLetterListQuery, DeadLetterState } from '../gql/graphql.ts';
import { act, useQuery } from '../../shared/hooks.ts';
import { linkTo } from '../route.ts';
import { decideDeadLetters, deadLetterList, discloseDeadLetter, replayEdited } from '../operations.ts';
import { State, Empty, Since } from '../parts.tsx';
import { Loading, Problem } from '../../shared/parts.tsx';
import { prettyJson } from '../words.ts';
import { Payload } from './payload.tsx';

type Letter = DeadLetterListQuery['deadLetters']['nodes'][number];
const STATES: readonly DeadLetterState[] = ['OPEN', 'REPLAYED', 'DISCARDED'];

export function DeadLettersView() {
  const [state, setState] = useState<DeadLetterState>('OPEN');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [told, setTold] = useState<string | null>(null);
  const { tick } = useFigures();
  const { data, error, again } = useQuery(deadLetterList, { state, after: null }, tick);
  const letters = data?.deadLetters.nodes ?? [];
  const open = letters.filter((letter) => letter.state === 'OPEN');
  const picked = open.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  const decide = async (ids: string[], decision: DeadLetterDecision) => {
    const { data: done, refusal } = await act(decideDeadLetters, { ids, decision });
    const decided =
      done?.decideDeadLetters.__typename === 'DecideDeadLettersPayload' ? done.decideDeadLetters.deadLetters.length : 0;
    setTold(refusal ?? `${decided} of ${ids.length} ${decision === 'REPLAY' ? 'sent again' : 'given up'}.`);
    setChosen(new Set());
    again();
  };
  const toggle = (id: string) =>
    setChosen((before) => new Set(before.has(id) ? [...before].filter((one) => one !== id) : [...before, id]));
  return (
    <>
      <h1>Dead letters</h1>
      <div className="filters" role="group" aria-label="Which dead letters">
        <label>
          State
          <select
            value={state}
            onChange={({ target }) => setState(STATES.find((one) => one === target.value) ?? 'OPEN')}
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
          </>
        )}
      </div>
      <p role="status" className="told">
        {told}
      </p>
      <Problem words={error} />
      {!data && error === null && <Loading />}
      {data && letters.length === 0 && <Empty>None. What fails is retried, undone or told to its author.</Empty>}
      <ul className="letters">
        {letters.map((letter) => (
          <LetterItem
            key={letter.id}
            letter={letter}
            isChosen={chosen.has(letter.id)}
            onToggle={() => toggle(letter.id)}
            onDecide={(decision) => void decide([letter.id], decision)}
            onDone={(words) => {
              setTold(words);
              again();
            }}
          />
        ))}
      </ul>
    </>
  );
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
        <Edit letter={letter} onDone={onDone} onCancel={() => setEditing(false)} />
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

function Edit({ letter, onDone, onCancel }: { letter: Letter; onDone: (words: string) => void; onCancel: () => void }) {
  const [text, setText] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const load = async () => {
    const { data, refusal: words } = await act(discloseDeadLetter, { id: letter.id });
    setRefusal(words);
    if (data && 'payload' in data.discloseDeadLetter) setText(prettyJson(data.discloseDeadLetter.payload));
  };
  const send = async () => {
    const { refusal: words } = await act(replayEdited, { id: letter.id, payload: text ?? '' });
    setRefusal(words);
    if (words === null) onDone('Changed and sent again.');
  };
  return (
    <div className="edit">
      {text === null ? (
        <p>
          <button type="button" className="primary" onClick={() => void load()}>
            Show the whole payload (your name is kept)
          </button>{' '}
          <button type="button" onClick={onCancel}>
            Leave it
          </button>
        </p>
      ) : (
        <>
          <label>
            Payload
            <textarea rows={8} value={text} onChange={({ target }) => setText(target.value)} spellCheck={false} />
          </label>
          <div className="actions">
            <button type="button" className="primary" onClick={() => void send()}>
              Replay it so
            </button>
            <button type="button" onClick={onCancel}>
              Leave it
            </button>
          </div>
        </>
      )}
      <Problem words={refusal} />
    </div>
  );
}
