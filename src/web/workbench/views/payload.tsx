/** A payload: what may be personal is hidden until somebody asks, which is kept. */
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useState } from 'react';
import { act } from '../../shared/hooks.ts';
import { Problem } from '../../shared/parts.tsx';
import { prettyJson } from '../words.ts';

interface Disclosure<Data, Variables> {
  document: TypedDocumentNode<Data, Variables>;
  variables: Variables;
  read: (data: Data) => string | null;
}

export function Payload<Data, Variables extends Record<string, unknown>>({
  payload,
  disclose,
}: {
  payload: string;
  disclose: Disclosure<Data, Variables>;
}) {
  const [whole, setWhole] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const isHidden = whole === null && payload.includes('•••');
  const show = async () => {
    const { data, refusal: words } = await act(disclose.document, disclose.variables);
    setRefusal(words);
    if (data) setWhole(disclose.read(data));
  };
  return (
    <details className="payload">
      <summary>Payload</summary>
      <pre tabIndex={0}>{prettyJson(whole ?? payload)}</pre>
      {isHidden && (
        <button type="button" onClick={() => void show()}>
          Show what is hidden (your name is kept)
        </button>
      )}
      <Problem words={refusal} />
    </details>
  );
}
