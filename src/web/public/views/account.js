// @ts-check
/** Signing up, in and out. */
import { ask, wordsOf } from '../api.js';
import { el, link } from '../dom.js';
import { field, form, input, showFaults, showProblem, valueOf } from '../forms.js';
import { account, signIn, signOut, signUp } from '../operations/accounts.js';
import { begin, end, session } from '../session.js';
import { dateWords, statusWords } from '../words.js';

/** @typedef {import('../main.js').Visit} Visit */

/** @param {Visit} visit @returns {Promise<import('../main.js').View>} */
export async function showAccount({ query, signal, go }) {
  const answer = session() ? await ask(account, {}, { signal }).catch(forgetStale) : null;
  if (answer?.viewer) return { title: 'Account', content: present(answer, go) };
  const next = query.get('next') ?? '/app';
  // Only a place within this page: an address of elsewhere would make this a trap.
  const way = () => go(/^\/app(\/|\?|$)/.test(next) ? next : '/app');
  return {
    title: 'Sign in',
    content: el('section', {}, el('h1', {}, 'Welcome'), el('div', { class: 'two' }, signInForm(way), signUpForm(way))),
  };
}

/** @param {unknown} error */
function forgetStale(error) {
  if (session()) throw error;
  return null;
}

/** @param {import('../../gql/graphql.ts').AccountQuery} answer @param {Visit['go']} go */
function present({ viewer, localMails }, go) {
  const leave = async () => {
    // Signed out here in any case; the token is ended on the server if it can be told.
    await ask(signOut, {}).catch(() => {});
    end();
    go('/app');
  };
  return el(
    'section',
    {},
    el('h1', {}, viewer?.name ?? ''),
    el(
      'dl',
      { class: 'facts' },
      el('div', {}, el('dt', {}, 'E-mail'), el('dd', {}, viewer?.email ?? '')),
      el('div', {}, el('dt', {}, 'Role'), el('dd', {}, statusWords(viewer?.role ?? 'READER'))),
      viewer && el('div', {}, el('dt', {}, 'Since'), el('dd', {}, dateWords(viewer.createdAt))),
    ),
    el(
      'div',
      { class: 'actions' },
      link('/app/orders', 'Your orders', { class: 'button' }),
      localMails && link('/app/mails', `Kept mails (${localMails.length})`, { class: 'button' }),
      el('button', { type: 'button', onclick: leave }, 'Sign out'),
    ),
  );
}

/** @param {() => void} done */
function signInForm(done) {
  return el(
    'div',
    { class: 'panel' },
    el('h2', {}, 'Sign in'),
    form(
      {
        submit: 'Sign in',
        busy: 'Signing in …',
        label: 'Sign in',
        onSubmit: async (target) => {
          try {
            const { result } = await ask(signIn, {
              input: { email: valueOf(target, 'email'), password: passwordOf(target) },
            });
            if (result.__typename === 'SignInPayload') {
              begin(result.session.token, result.session.viewer);
              done();
            } else if (result.__typename === 'ValidationError') showFaults(target, result.fields);
            else showProblem(target, result.message);
          } catch (error) {
            showProblem(target, wordsOf(error));
          }
        },
      },
      field({
        label: 'E-mail',
        control: input({ type: 'email', name: 'email', autocomplete: 'username', required: true }),
      }),
      field({
        label: 'Password',
        control: input({ type: 'password', name: 'password', autocomplete: 'current-password', required: true }),
      }),
    ),
  );
}

/** @param {() => void} done */
function signUpForm(done) {
  return el(
    'div',
    { class: 'panel' },
    el('h2', {}, 'New here?'),
    form(
      {
        submit: 'Sign up',
        busy: 'Signing up …',
        label: 'Sign up',
        onSubmit: async (target) => {
          try {
            const { result } = await ask(signUp, {
              input: { name: valueOf(target, 'name'), email: valueOf(target, 'email'), password: passwordOf(target) },
            });
            if (result.__typename === 'SignUpPayload') {
              begin(result.session.token, result.session.viewer);
              done();
            } else if (result.__typename === 'ValidationError') showFaults(target, result.fields);
            else showProblem(target, result.message);
          } catch (error) {
            showProblem(target, wordsOf(error));
          }
        },
      },
      field({
        label: 'Name',
        hint: 'Shown with the books that you sell.',
        control: input({ name: 'name', autocomplete: 'name', required: true }),
      }),
      field({
        label: 'E-mail',
        control: input({ type: 'email', name: 'email', autocomplete: 'username', required: true }),
      }),
      field({
        label: 'Password',
        hint: 'At least 12 characters.',
        control: input({ type: 'password', name: 'password', autocomplete: 'new-password', required: true }),
      }),
    ),
  );
}

/** A password may begin or end with a space. @param {HTMLFormElement} target */
function passwordOf(target) {
  const password = new FormData(target).get('password');
  return typeof password === 'string' ? password : '';
}
