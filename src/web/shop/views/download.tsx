/** Getting the file: a link that is good for minutes is asked for only when it is wanted. */
import { useState } from 'react';
import { send, wordsIn } from '../../shared/ask.ts';
import { createDownload } from '../operations/shop.ts';

export function DownloadButton({ editionId }: { editionId: string }) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const download = async () => {
    setBusy(true);
    const { done, refused } = await send(createDownload, { input: { editionId } }, 'CreateDownloadPayload');
    setBusy(false);
    setProblem(refused ? wordsIn(refused) : '');
    if (done) location.assign(done.url);
  };
  return (
    <span className="download">
      <button type="button" className="primary" disabled={isBusy} onClick={() => void download()}>
        Download
      </button>
      <span className="hint" role="alert">
        {problem}
      </span>
    </span>
  );
}
