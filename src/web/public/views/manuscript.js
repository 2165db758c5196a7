// @ts-check
/** One book at the author desk: write, give it a file, publish it and watch, read the report. */
import { ask, wordsOf } from '../api.js';
import { draftFields, readDraft } from '../draft-form.js';
import { el, link, listen, pathOf } from '../dom.js';
import { form, showFaults, showProblem } from '../forms.js';
import {
  createDraft,
  createRevision,
  manuscript,
  relistEdition,
  submitEdition,
  unpublishEdition,
  updateDraft,
  withdrawEdition,
} from '../operations/desk.js';
import { statusWords } from '../words.js';
import { freshKey } from './buy.js';
import { badgeOf } from './desk.js';
import { filePanel } from './file-panel.js';
import { publishSteps, report, suggestionPanel } from './publishing.js';

const EDITABLE = ['DRAFT', 'NEEDS_CHANGES', 'FAILED', 'WITHDRAWN'];
const AT_REST = [...EDITABLE, 'PUBLISHED', 'UNPUBLISHED', 'TAKEN_DOWN', 'REJECTED', 'SUPERSEDED'];

/** @typedef {NonNullable<import('../../gql/graphql.ts').ManuscriptQuery['edition']>} Manuscript */
/** @typedef {import('../main.js').Visit} Visit */

/** @param {Visit} visit */
export function showNewDraft({ go }) {
  return {
    title: 'New book',
    content: el(
      'section',
      { class: 'manuscript' },
      el('h1', {}, 'New book'),
      el('p', { class: 'hint' }, 'Only the title is needed to begin. The file comes next.'),
      form(
        {
          submit: 'Save the draft',
          busy: 'Saving …',
          label: 'New book',
          onSubmit: async (target) => {
            const { draft, faults } = readDraft(target);
            if (faults.length > 0) return showFaults(target, faults);
            await settle(target, async () => {
              const { result } = await ask(createDraft, { input: draft });
              if (result.__typename === 'CreateDraftPayload') go(pathOf.manuscript(result.edition.id));
              return result;
            });
          },
        },
        draftFields({}, { isbn13: null, prices: [] }),
      ),
    ),
  };
}

/** @param {Visit} visit @returns {Promise<import('../main.js').View>} */
export async function showManuscript({ id, signal, reload }) {
  const { edition } = await ask(manuscript, { id }, { signal });
  const revision = edition?.workingRevision;
  if (!edition || !revision) {
    return {
      title: 'No such book',
      content: el('section', { class: 'notice-page' }, el('h1', {}, 'There is no such book of yours')),
    };
  }
  const { status } = edition;
  const isEditable = EDITABLE.includes(status);
  const hasStory = !AT_REST.includes(status) || status === 'PUBLISHED' || revision.report !== null;
  return {
    title: edition.title,
    content: el(
      'section',
      { class: 'manuscript' },
      el(
        'div',
        { class: 'head-row' },
        el('h1', {}, edition.title),
        el('span', { class: `badge ${badgeOf(status)}`, 'data-edition-status': status }, statusWords(status)),
      ),
      situation(edition),
      actions(edition, reload),
      el(
        'div',
        { class: 'desk' },
        el(
          'div',
          {},
          isEditable && filePanel(edition, { signal }),
          hasStory && publishSteps(edition, { signal, reload }),
          revision.report !== null && report(revision.report, status),
        ),
        isEditable ? editor(edition, reload) : suggestionPanel(revision, { signal }),
      ),
    ),
  };
}

/** What the author should know of where the book stands. @param {Manuscript} edition */
function situation({ id, status, onSale, liveRevision, workingRevision }) {
  const words = SITUATIONS[status];
  const isBeside = onSale && liveRevision && workingRevision && liveRevision.id !== workingRevision.id;
  return [
    words !== undefined && el('p', {}, words),
    isBeside &&
      el(
        'p',
        { class: 'hint' },
        `Revision ${liveRevision.number} stays on sale meanwhile; this is revision ${workingRevision.number}.`,
      ),
    onSale && el('p', {}, link(pathOf.book(id), 'See it in the shop')),
  ];
}

/** @type {Readonly<Record<string, string>>} */
const SITUATIONS = {
  DRAFT: 'Only you see this. Add the EPUB, then publish it.',
  NEEDS_CHANGES: 'It cannot be sold as it is. Mend what the report below says, then publish it again.',
  REJECTED:
    'This file was refused and is kept from everyone. The report says why; begin a new revision with another file.',
  FAILED: 'It failed on our side, not on yours. Publish it again.',
  WITHDRAWN: 'You took it back. Publish it again whenever you like.',
  UNPUBLISHED: 'You took it off sale. Readers keep what they bought.',
  TAKEN_DOWN: 'It was taken off sale by an admin.',
};

/** What can be done beside editing. @param {Manuscript} edition @param {() => void} reload */
function actions({ id, status, onSale }, reload) {
  const problem = el('p', { class: 'problem', role: 'alert', hidden: true });
  const input = { editionId: id };
  /** @param {string} words @param {() => Promise<{ result: { __typename: string, message?: string } }>} act */
  const button = (words, act) =>
    el(
      'button',
      {
        type: 'button',
        onclick: async () => {
          try {
            const { result } = await act();
            if (result.message === undefined) return reload();
            problem.textContent = result.message;
          } catch (error) {
            problem.textContent = wordsOf(error);
          }
          problem.hidden = false;
        },
      },
      words,
    );
  const buttons = [
    !AT_REST.includes(status) && button('Take it back', () => ask(withdrawEdition, { input })),
    ['PUBLISHED', 'UNPUBLISHED', 'REJECTED'].includes(status) &&
      button('New revision', () => ask(createRevision, { input })),
    onSale && button('Take off sale', () => ask(unpublishEdition, { input })),
    status === 'UNPUBLISHED' && button('Put back on sale', () => ask(relistEdition, { input })),
  ].filter((one) => one !== false);
  return buttons.length > 0 && [el('div', { class: 'actions' }, buttons), problem];
}

/** @param {Manuscript} edition @param {() => void} reload */
function editor(edition, reload) {
  const { id, workingRevision } = edition;
  let idempotencyKey = freshKey();
  /** @param {HTMLFormElement} target @returns {Promise<boolean>} whether it is saved */
  const save = async (target) => {
    const { draft, faults } = readDraft(target);
    if (faults.length > 0) {
      showFaults(target, faults);
      return false;
    }
    return settle(target, async () => (await ask(updateDraft, { input: { editionId: id, ...draft } })).result);
  };
  const publish = el('button', { type: 'button', class: 'primary' }, 'Save and publish');
  const saved = el('span', { class: 'hint', role: 'status' });
  const element = form(
    {
      submit: 'Save',
      busy: 'Saving …',
      label: 'The book',
      extra: [publish, saved],
      onSubmit: async (target) => {
        saved.textContent = (await save(target)) ? 'Saved.' : '';
      },
    },
    el('h2', {}, 'About the book'),
    draftFields(workingRevision ?? {}, edition),
  );
  element.querySelector('button[type=submit]')?.classList.remove('primary');
  element.addEventListener('input', () => (saved.textContent = ''));
  listen(publish, 'click', async () => {
    publish.disabled = true;
    const isSubmitted =
      (await save(element)) &&
      (await settle(element, async () => {
        const { result } = await ask(submitEdition, { input: { editionId: id, idempotencyKey } });
        idempotencyKey = freshKey();
        return result;
      }));
    publish.disabled = false;
    if (isSubmitted) {
      scrollTo({ top: 0 });
      reload();
    }
  });
  return element;
}

/**
 * Sends something and shows in the form why it was not done.
 * @param {HTMLFormElement} target
 * @param {() => Promise<{ __typename: string, message?: string, fields?: { path: string, message: string }[] }>} send
 * @returns {Promise<boolean>} whether it was done
 */
async function settle(target, send) {
  try {
    const result = await send();
    if (result.fields !== undefined) showFaults(target, result.fields);
    else if (result.message !== undefined) showProblem(target, result.message);
    else return true;
  } catch (error) {
    showProblem(target, wordsOf(error));
  }
  return false;
}
