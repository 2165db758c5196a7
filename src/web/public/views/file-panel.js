// @ts-check
/** The file of a draft: which it is, and sending another, with its progress. */
import { ask, wordsOf } from '../api.js';
import { el, listen } from '../dom.js';
import { field, input } from '../forms.js';
import { attachFile } from '../operations/desk.js';
import { upload } from '../upload.js';
import { sizeWords } from '../words.js';

/**
 * @param {import('./manuscript.js').Manuscript} edition
 * @param {{ signal: AbortSignal }} visit
 */
export function filePanel({ id, workingRevision }, { signal }) {
  const file = workingRevision?.file ?? null;
  const present = el('p', { class: 'file-name' }, file ? fileWords(file.name, file.sizeBytes) : 'No file yet.');
  const bar = el('progress', { max: 1, value: 0, 'aria-label': 'Upload' });
  const words = el('span', { class: 'hint', role: 'status' });
  const problem = el('p', { class: 'problem', role: 'alert', hidden: true });
  const control = input({ type: 'file', accept: '.epub,application/epub+zip' });
  bar.classList.add('idle');
  listen(control, 'change', async () => {
    const [chosen] = control.files ?? [];
    if (!chosen) return;
    control.disabled = true;
    problem.hidden = true;
    bar.classList.remove('idle');
    try {
      const onProgress = (/** @type {string} */ text, /** @type {number} */ share) => {
        bar.value = share;
        if (words.textContent !== text) words.textContent = text;
      };
      const fileId = await upload(chosen, { signal, onProgress });
      const { result } = await ask(attachFile, { input: { editionId: id, fileId } });
      if (result.__typename !== 'AttachFilePayload') throw new RangeError(result.message);
      present.textContent = fileWords(chosen.name, chosen.size);
      words.textContent = 'The file is here.';
    } catch (error) {
      if (signal.aborted) return;
      problem.hidden = false;
      problem.textContent = error instanceof RangeError ? error.message : wordsOf(error);
      words.textContent = '';
    }
    bar.classList.add('idle');
    control.disabled = false;
    control.value = '';
  });
  return el(
    'section',
    { class: 'panel file', 'aria-label': 'The file' },
    el('h2', {}, 'The file'),
    present,
    field({ label: file ? 'Choose another EPUB' : 'Choose an EPUB', control }),
    el('div', { class: 'progress' }, bar, words),
    problem,
  );
}

/** @param {string} name @param {number} sizeBytes */
const fileWords = (name, sizeBytes) => `${name}, ${sizeWords(sizeBytes)}`;
