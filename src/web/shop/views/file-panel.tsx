/** The file of a draft: which it is, and sending another, with its progress. */
import { useRef, useState } from 'react';
import { send, wordsIn } from '../../shared/ask.ts';
import { Field } from '../../shared/forms.tsx';
import { attachFile } from '../operations/desk.ts';
import { Problem } from '../../shared/parts.tsx';
import { upload, UploadError } from '../upload.ts';
import { sizeWords } from '../words.ts';
import type { Manuscript } from './manuscript.tsx';

export function FilePanel({ edition: { id, workingRevision } }: { edition: Manuscript }) {
  const [file, setFile] = useState<{ name: string; sizeBytes: number } | null>(workingRevision?.file ?? null);
  const [progress, setProgress] = useState<{ words: string; share: number } | null>(null);
  const [told, setTold] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const control = useRef<HTMLInputElement | null>(null);
  const take = async (chosen: File) => {
    setProblem(null);
    setTold('');
    try {
      const fileId = await upload(chosen, (words, share) => setProgress({ words, share }));
      const { refused } = await send(attachFile, { input: { editionId: id, fileId } }, 'AttachFilePayload');
      if (refused) throw new UploadError(wordsIn(refused));
      setFile({ name: chosen.name, sizeBytes: chosen.size });
      setTold('The file is here.');
    } catch (error) {
      setProblem(error instanceof UploadError ? error.message : 'The file could not be sent. Try again.');
    }
    setProgress(null);
    if (control.current) control.current.value = '';
  };
  return (
    <section className="panel file" aria-label="The file">
      <h2>The file</h2>
      <p className="file-name">{file ? `${file.name}, ${sizeWords(file.sizeBytes)}` : 'No file yet.'}</p>
      <Field label={file ? 'Choose another EPUB' : 'Choose an EPUB'} name="file">
        {(props) => (
          <input
            {...props}
            ref={control}
            type="file"
            accept=".epub,application/epub+zip"
            disabled={progress !== null}
            onChange={({ currentTarget }) => {
              const [chosen] = currentTarget.files ?? [];
              if (chosen) void take(chosen);
            }}
          />
        )}
      </Field>
      <div className="progress">
        <progress max={1} value={progress?.share ?? 0} aria-label="Upload" className={progress ? undefined : 'idle'} />
        <span className="hint" role="status">
          {progress?.words ?? told}
        </span>
      </div>
      <Problem words={problem} />
    </section>
  );
}
