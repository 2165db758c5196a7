// @ts-check
/**
 * Forms whose faults stand at their fields.
 *
 * A control is named as the API names its field: `contributors.0.name` for `input.contributors.0.name`. A fault of
 * what has no control of its own is shown at the nearest part that has one, else on top of the form.
 *
 * @typedef {import('./dom.js').Child} Child
 * @typedef {import('./dom.js').Attributes} Attributes
 */
import { el, fill } from './dom.js';

let count = 0;
/** @param {string} prefix */
const freshId = (prefix) => `${prefix}-${(count += 1)}`;

/**
 * A label, a control, a hint and room for a fault.
 * @param {{ label: string, hint?: string | undefined, control: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement }} options
 */
export function field({ label, hint, control }) {
  control.id = freshId('field');
  const hintId = hint === undefined ? null : `${control.id}-hint`;
  const faultId = `${control.id}-fault`;
  control.setAttribute('aria-describedby', [hintId, faultId].filter(Boolean).join(' '));
  return el(
    'div',
    { class: 'field' },
    el(
      'label',
      { for: control.id },
      label,
      control.required && el('span', { class: 'needed', title: 'required' }, ' *'),
    ),
    control,
    hintId !== null && el('p', { class: 'hint', id: hintId }, hint),
    el('p', { class: 'fault', id: faultId, hidden: true }),
  );
}

/** @param {Attributes} attributes */
export const input = (attributes) => el('input', { type: 'text', autocomplete: 'off', ...attributes });

/**
 * @param {Attributes} attributes
 * @param {readonly (readonly [value: string, words: string])[]} options
 * @param {string} [chosen]
 */
export function select(attributes, options, chosen) {
  return el(
    'select',
    attributes,
    options.map(([value, words]) => el('option', { value, selected: value === chosen }, words)),
  );
}

/**
 * A form with a place for what is wrong as a whole.
 * @param {{ submit: string, busy: string, onSubmit: (form: HTMLFormElement) => Promise<void>, label?: string, extra?: Child }} options
 * @param {Child[]} children
 */
export function form({ submit, busy, onSubmit, label, extra }, ...children) {
  const button = el('button', { class: 'primary', type: 'submit' }, submit);
  const problem = el('p', { class: 'problem', role: 'alert', hidden: true });
  return el(
    'form',
    {
      novalidate: true,
      'aria-label': label,
      onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        const target = event.currentTarget;
        if (!(target instanceof HTMLFormElement) || button.disabled) return;
        button.disabled = true;
        button.textContent = busy;
        clearFaults(target);
        void onSubmit(target).finally(() => {
          button.disabled = false;
          button.textContent = submit;
        });
      },
    },
    children,
    problem,
    el('div', { class: 'actions' }, button, extra),
  );
}

/** @param {HTMLFormElement} target */
export function clearFaults(target) {
  for (const fault of target.querySelectorAll('.fault, .problem')) {
    fault.textContent = '';
    if (fault instanceof HTMLElement) fault.hidden = true;
  }
  for (const control of target.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
}

/** @param {HTMLFormElement} target @param {Child} words */
export function showProblem(target, words) {
  const problem = target.querySelector('.problem');
  if (!(problem instanceof HTMLElement)) return;
  problem.hidden = false;
  fill(problem, words);
}

/**
 * Shows each fault at its field, says how many there are, and goes to the first.
 * @param {HTMLFormElement} target
 * @param {readonly { path: string, message: string }[]} faults
 */
export function showFaults(target, faults) {
  /** @type {string[]} */
  const homeless = [];
  for (const { path, message } of faults) {
    const control = controlAt(target, path.replace(/^input\./, ''));
    const place = control && document.getElementById(`${control.id}-fault`);
    if (!control || !place) {
      homeless.push(message);
      continue;
    }
    control.setAttribute('aria-invalid', 'true');
    place.hidden = false;
    place.textContent = [place.textContent, message].filter(Boolean).join(' ');
  }
  const more = faults.length === 1 ? 'One thing needs your attention.' : `${faults.length} things need your attention.`;
  showProblem(target, [more, ...homeless].join(' '));
  const first = target.querySelector('[aria-invalid]');
  if (first instanceof HTMLElement) first.focus();
}

/** @param {HTMLFormElement} target @param {string} path */
function controlAt(target, path) {
  for (let wanted = path; wanted !== ''; wanted = wanted.split('.').slice(0, -1).join('.')) {
    const controls = [...target.querySelectorAll('input, select, textarea')];
    const found = controls.find((one) => {
      const name = one.getAttribute('name') ?? '';
      return name === wanted || name.startsWith(`${wanted}.`);
    });
    if (found) return found;
  }
  return null;
}

/** @param {HTMLFormElement} target @param {string} name @returns {string} trimmed */
export function valueOf(target, name) {
  const value = new FormData(target).get(name);
  return typeof value === 'string' ? value.trim() : '';
}
