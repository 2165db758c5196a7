// @ts-check
/** A book on its way to the readers: live steps, what the check found, what a machine suggests. */
import { ask, wordsOf } from '../api.js';
import { el, fill } from '../dom.js';
import { follow } from '../live.js';
import {
  acceptSuggestion,
  dismissSuggestion,
  manuscript,
  publishSteps as publishStepsOperation,
} from '../operations/desk.js';
import { stepList } from '../steps.js';
import { statusWords } from '../words.js';

const WAY = [
  { status: 'SUBMITTED', words: 'Handed in' },
  { status: 'CHECKING_METADATA', words: 'Looking through what you wrote' },
  { status: 'SCANNING_FILE', words: 'Scanning the file' },
  { status: 'VALIDATING', words: 'Checking that readers can open it' },
  { status: 'EXTRACTING', words: 'Reading cover, contents and sample' },
  { status: 'DEDUPING', words: 'Comparing it with the books on sale' },
  { status: 'PUBLISHED', words: 'On sale' },
];
const BAD = ['NEEDS_CHANGES', 'REJECTED', 'FAILED', 'WITHDRAWN'];
/** Suggestions are made after the book is on sale; nobody is told when, so the page looks again for a while. */
const LOOK_EVERY_MS = 1_500;
const LOOKS_MAX = 20;

/** @typedef {import('./manuscript.js').Manuscript} Manuscript */
/** @typedef {NonNullable<Manuscript['workingRevision']>} Revision */

/** @param {Manuscript} edition @param {{ signal: AbortSignal, reload: () => void }} visit */
export function publishSteps(edition, { signal, reload }) {
  const steps = stepList({ label: 'Steps of publishing', way: WAY, good: 'PUBLISHED', bad: BAD });
  const problem = el('p', { class: 'problem', role: 'alert', hidden: true });
  void watch(edition, steps, { signal, reload }).catch((error) => {
    problem.hidden = false;
    problem.textContent = wordsOf(error);
  });
  return el(
    'section',
    { class: 'panel', 'aria-label': 'Publishing' },
    el('h2', {}, 'Publishing'),
    steps.element,
    problem,
  );
}

/** @param {Manuscript} edition @param {ReturnType<typeof stepList>} steps @param {{ signal: AbortSignal, reload: () => void }} visit */
async function watch({ id, status, workingRevision }, steps, { signal, reload }) {
  const { connection: onConnection } = steps;
  for await (const step of follow(publishStepsOperation, { id }, { after: 0, signal, onConnection })) {
    // The story of earlier revisions and earlier tries is over.
    if (step.revisionNumber !== workingRevision?.number || step.status === 'DRAFT') continue;
    if (step.status === 'SUBMITTED') steps.clear();
    if (steps.isOver()) continue;
    steps.take(step);
    // An end that the page does not show yet. Told from the past it may be that of an earlier try: then it goes on.
    if (steps.isOver() && step.status !== status) {
      const { edition: now } = await ask(manuscript, { id }, { signal });
      if (now?.status === step.status) return reload();
    }
  }
}

/** @param {readonly NonNullable<Revision['report']>[number][]} findings @param {string} status */
export function report(findings, status) {
  const isBlocked = status === 'NEEDS_CHANGES' || status === 'REJECTED';
  const sorted = [...findings].sort((a, b) => rank(a.severity) - rank(b.severity));
  return el(
    'section',
    { class: 'panel report', 'aria-label': 'Report' },
    el('h2', {}, 'What the check found'),
    findings.length === 0 && el('p', {}, 'Nothing to mend.'),
    findings.length > 0 &&
      el(
        'p',
        { class: 'hint' },
        isBlocked ? 'Errors must be mended before it can be sold.' : 'None of this keeps the book from being sold.',
      ),
    findings.length > 0 &&
      el(
        'ul',
        { class: 'findings' },
        sorted.map(({ severity, code, message, file, line, column }) => {
          const place = [file, line, column].filter((part) => part !== null).join(':');
          return el(
            'li',
            {},
            el(
              'span',
              { class: `badge ${severity === 'ERROR' && isBlocked ? 'bad' : severity === 'INFO' ? '' : 'under-way'}` },
              severity.toLowerCase(),
            ),
            el(
              'div',
              {},
              el('p', {}, message),
              el('p', { class: 'hint' }, el('code', {}, code), place !== '' && [' in ', el('code', {}, place)]),
            ),
          );
        }),
      ),
  );
}

/** @param {string} severity */
const rank = (severity) => ['ERROR', 'WARNING', 'INFO'].indexOf(severity);

/** @param {Revision} revision @param {{ signal: AbortSignal }} visit */
export function suggestionPanel(revision, { signal }) {
  if (!revision.enrichment && revision.status !== 'PUBLISHED') return null;
  const element = el('section', { class: 'panel machine', 'aria-label': 'Suggestions', 'aria-live': 'polite' });
  void showSuggestions(element, revision, signal);
  return element;
}

/** @param {HTMLElement} element @param {Revision} revision @param {AbortSignal} signal */
async function showSuggestions(element, { id, enrichment }, signal) {
  if (!enrichment || enrichment.status === 'QUEUED' || enrichment.status === 'RUNNING') {
    fill(
      element,
      el('h2', {}, 'Suggestions'),
      el('p', { class: 'hint' }, 'A machine is reading the book. What it suggests changes nothing until you say so.'),
    );
    enrichment = await lookForSuggestions(id, signal);
    if (!enrichment || signal.aborted) return;
  }
  if (enrichment.status === 'FAILED') {
    fill(
      element,
      el('h2', {}, 'Suggestions'),
      el('p', { class: 'hint' }, 'None could be made. The book is not touched by that.'),
    );
    return;
  }
  const { summary, tags, readingLevel, provenance, decision } = enrichment;
  fill(
    element,
    el('h2', {}, 'Suggestions'),
    summary !== null && el('p', { dir: 'auto' }, summary),
    tags.length > 0 &&
      el(
        'p',
        { class: 'tags' },
        tags.map((tag) => el('span', {}, tag)),
      ),
    readingLevel !== null && el('p', {}, `Reading level: ${statusWords(readingLevel).toLowerCase()}`),
    el(
      'p',
      { class: 'hint' },
      `Written by a machine (${provenance?.model ?? provenance?.provider ?? 'unknown'}). Shown beside your own words if you accept; those never change.`,
    ),
    decisionButtons(id, decision),
  );
}

/** @param {string} revisionId @param {string} decision */
function decisionButtons(revisionId, decision) {
  const told = el('span', { class: 'hint', role: 'status' }, DECISIONS[decision] ?? '');
  /** @param {string} words @param {() => Promise<{ result: { enrichment?: { decision: string }, message?: string } }>} act */
  const button = (words, act) =>
    el(
      'button',
      {
        type: 'button',
        onclick: async () => {
          try {
            const { result } = await act();
            told.textContent = result.enrichment
              ? (DECISIONS[result.enrichment.decision] ?? '')
              : (result.message ?? '');
          } catch (error) {
            told.textContent = wordsOf(error);
          }
        },
      },
      words,
    );
  const input = { revisionId };
  return el(
    'div',
    { class: 'actions' },
    button('Accept', () => ask(acceptSuggestion, { input })),
    button('Dismiss', () => ask(dismissSuggestion, { input })),
    told,
  );
}

/** @type {Readonly<Record<string, string>>} */
const DECISIONS = { OPEN: '', ACCEPTED: 'Accepted: readers see it.', DISMISSED: 'Dismissed: nobody sees it.' };

/** @param {string} revisionId @param {AbortSignal} signal @returns {Promise<Revision['enrichment']>} */
async function lookForSuggestions(revisionId, signal) {
  const id = decodeURIComponent(location.pathname.split('/').at(-1) ?? '');
  for (let looks = 0; looks < LOOKS_MAX && !signal.aborted; looks++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const found = await ask(manuscript, { id }, { signal }).catch(() => null);
    const revision = found?.edition?.workingRevision;
    if (revision?.id !== revisionId) continue;
    const { enrichment } = revision;
    if (enrichment?.status === 'READY' || enrichment?.status === 'FAILED') return enrichment;
  }
  return null;
}
