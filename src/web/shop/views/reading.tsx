/** A book that one owns, read here. */
import { useState } from 'react';
import { useQuery } from '../../shared/hooks.ts';
import { reading } from '../operations/shop.ts';
import { Missing, View, Waiting } from '../parts.tsx';
import { Chapters } from './chapters.tsx';

export default function ReadingView({ id }: { id: string }) {
  const [isAgreed, setAgreed] = useState(false);
  if (isAgreed) return <Reader id={id} />;
  return (
    <View title="Read it here" className="notice-page">
      <p>Reading a book counts as downloading it: it cannot be given back for its money afterwards.</p>
      <div className="actions">
        <button type="button" className="primary" onClick={() => setAgreed(true)}>
          Begin to read
        </button>
        <a className="button" href="/app/library">
          Back to your library
        </a>
      </div>
    </View>
  );
}

function Reader({ id }: { id: string }) {
  const { data, error, code, again } = useQuery(reading, { id });
  if (!data) return <Waiting error={error} code={code} again={again} />;
  const right = data.node?.__typename === 'Entitlement' ? data.node : null;
  if (!right) return <Missing title="There is no such book in your library" />;
  const { title } = right.edition;
  return (
    <View title={title}>
      {right.reading ? (
        <Chapters chapters={right.reading.chapters} title={title} />
      ) : (
        <p className="panel">This book can be downloaded, but not read here.</p>
      )}
    </View>
  );
}
