/** Dead letters that are changed before they are replayed: one as a whole, or the same change in many. */
import { useState } from 'react';
import { act } from '../../shared/hooks.ts';
import { discloseDeadLetter, replayEdited } from '../operations.ts';
import { Problem } from '../../shared/parts.tsx';
import { Panel } from '../parts.tsx';
import { prettyJson } from '../words.ts';

interface ChangeProps {
  onDone: (words: string) => void;
  onCancel: () => void;
}

export function ChangeOne({ id, onDone, onCancel }: ChangeProps & { id: string }) {
  const [text, setText] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const load = async () => {
    const { data, refusal: words } = await act(discloseDeadLetter, { id });
    setRefusal(words);
    if (data && 'payload' in data.discloseDeadLetter) setText(prettyJson(data.discloseDeadLetter.payload));
  };
  const send = async () => {
    const { refusal: words } = await act(replayEdited, { id, payload: text ?? '' });
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

export function ChangeMany({ ids, onDone, onCancel }: ChangeProps & { ids: readonly string[] }) {
  const [text, setText] = useState('');
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const send = async () => {
    const change = objectIn(text);
    if (!change) return setRefusal('Write a JSON object, such as {"currency": "EUR"}.');
    setBusy(true);
    const refusals: string[] = [];
    // One after another: each is a decision of its own, and what is refused keeps none of the others back.
    for (const id of ids) {
      const words = await changeAndReplay(id, change);
      if (words !== null) refusals.push(words);
    }
    const told = `${ids.length - refusals.length} of ${ids.length} changed and sent again.`;
    onDone([told, ...new Set(refusals)].join(' '));
  };
  return (
    <Panel title="The same change in each of them">
      <label>
        What takes the place of what is there, as JSON
        <textarea rows={4} value={text} onChange={({ target }) => setText(target.value)} spellCheck={false} />
      </label>
      <p className="hint">Each payload is read whole for this, and your name is kept.</p>
      <div className="actions">
        <button type="button" className="primary" disabled={isBusy} onClick={() => void send()}>
          {isBusy ? 'Sending …' : 'Replay them so'}
        </button>
        <button type="button" onClick={onCancel}>
          Leave them
        </button>
      </div>
      <Problem words={refusal} />
    </Panel>
  );
}

/** @returns why it was not done; null when it was */
async function changeAndReplay(id: string, change: object): Promise<string | null> {
  const { data, refusal } = await act(discloseDeadLetter, { id });
  if (!data || !('payload' in data.discloseDeadLetter)) return refusal;
  const payload = objectIn(data.discloseDeadLetter.payload);
  if (!payload) return 'A payload that is no object was left as it is.';
  const sent = await act(replayEdited, { id, payload: JSON.stringify({ ...payload, ...change }) });
  return sent.refusal;
}

function objectIn(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
