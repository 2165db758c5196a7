/** Reading a book here: chapter by chapter, in a frame that runs nothing and asks for nothing. */
import { useState } from 'react';
import { safeUrl } from '../parts.tsx';

interface Chapter {
  title: string | null;
  url: string;
  isCut: boolean;
}

export function Chapters({ chapters, title }: { chapters: readonly Chapter[]; title: string }) {
  const [at, setAt] = useState(0);
  const chapter = chapters[at];
  if (!chapter) return null;
  const nameOf = (one: Chapter, place: number) => one.title ?? `Chapter ${place + 1}`;
  return (
    <div className="chapters">
      <div className="chapter-ways">
        <button type="button" disabled={at === 0} onClick={() => setAt(at - 1)}>
          Back
        </button>
        <label>
          <span className="unseen">Chapter</span>
          <select value={at} onChange={(event) => setAt(Number(event.currentTarget.value))}>
            {chapters.map((one, place) => (
              <option key={one.url} value={place}>
                {nameOf(one, place)}
              </option>
            ))}
          </select>
        </label>
        <button type="button" disabled={at === chapters.length - 1} onClick={() => setAt(at + 1)}>
          Next
        </button>
      </div>
      <iframe
        key={chapter.url}
        sandbox=""
        src={safeUrl(chapter.url)}
        title={`${title}: ${nameOf(chapter, at)}`}
        referrerPolicy="no-referrer"
      />
      {chapter.isCut && <p className="hint">The sample ends here.</p>}
    </div>
  );
}
