// @ts-check
/**
 * Live steps: what is to come, what is under way and what is done, each with its time.
 *
 * Promise: the usual way is laid out from the start, so that nothing jumps when a step arrives; each arrival is spoken
 * once; a lost connection is said and made good.
 *
 * @typedef {{ status: string, words: string, doing?: string | undefined }} Stop
 * @typedef {{ seq: number, at: string, status: string, retryAt: string | null, note?: string | null }} Step
 */
import { el, fill } from './dom.js';
import { durationWords, statusWords, timeWords } from './words.js';

/**
 * @param {{ label: string, way: readonly Stop[], good: string, bad: readonly string[] }} options
 *   `way` is the usual way in order; `good` where it ends well; `bad` where it ends otherwise
 */
export function stepList({ label, way, good, bad }) {
  /** @type {Map<string, { at: string, note: string | null, retryAt: string | null }>} */
  let seen = new Map();
  /** @type {string | null} */
  let current = null;
  const list = el('ol', { class: 'steps', 'aria-label': label });
  const spoken = el('p', { class: 'spoken', 'aria-live': 'polite', role: 'status' }, 'Waiting for the first step …');
  const link = el('p', { class: 'connection', role: 'status' });
  const usual = new Set(way.map(({ status }) => status));

  function draw() {
    const order = [...seen.keys()];
    const unusual = order.filter((status) => !usual.has(status));
    const stops = withUnusual(way, unusual, order).filter(
      // What was passed over is not shown as if it were still to come.
      ({ status }) => seen.has(status) || !isOver() || current === null,
    );
    fill(
      list,
      stops.map((stop) => row(stop, order)),
    );
  }

  /** @param {Stop} stop @param {string[]} order */
  function row({ status, words }, order) {
    const fact = seen.get(status);
    const isCurrent = status === current;
    const isBad = bad.includes(status);
    const state = !fact ? 'to-come' : isBad ? 'bad' : isCurrent && status !== good ? 'under-way' : 'done';
    const next = seen.get(order[order.indexOf(status) + 1] ?? '');
    const took = fact && next ? durationWords(Date.parse(next.at) - Date.parse(fact.at)) : '';
    return el(
      'li',
      { class: state, 'aria-current': isCurrent ? 'step' : null, 'data-status': status },
      el('span', { class: 'mark', 'aria-hidden': 'true' }),
      el('span', { class: 'words' }, words),
      el('span', { class: 'took' }, took),
      fact ? el('time', { datetime: fact.at }, timeWords(fact.at)) : el('span', {}),
      el('span', { class: 'note' }, noteOf(fact, isCurrent)),
    );
  }

  /** @param {{ note: string | null, retryAt: string | null } | undefined} fact @param {boolean} isCurrent */
  function noteOf(fact, isCurrent) {
    if (fact?.retryAt && isCurrent)
      return `It did not work yet; next try at ${timeWords(fact.retryAt)}. Nothing is lost.`;
    return isCurrent ? (fact?.note ?? '') : '';
  }

  const isOver = () => current === good || bad.includes(current ?? '');
  draw();
  return {
    element: el('div', { class: 'live' }, list, spoken, link),
    take: (/** @type {Step} */ { at, status, note = null, retryAt }) => {
      const before = seen.get(status);
      seen.set(status, { at: before?.at ?? at, note, retryAt });
      current = status;
      const words = way.find((stop) => stop.status === status)?.words ?? statusWords(status);
      spoken.textContent = [`${words}.`, retryAt ? 'It is being tried again.' : (note ?? '')].join(' ').trim();
      draw();
    },
    /** Begins anew: what was before is another story. */
    clear: () => {
      seen = new Map();
      current = null;
      draw();
    },
    connection: (/** @type {boolean} */ isConnected) => {
      link.textContent = isConnected ? '' : 'The connection was lost. Connecting again; nothing is missed meanwhile.';
    },
    isOver,
  };
}

/**
 * The usual way, with what else happened set in where it happened.
 * @param {readonly Stop[]} way @param {string[]} unusual @param {string[]} order
 */
function withUnusual(way, unusual, order) {
  const stops = [...way];
  for (const status of unusual) {
    const before = order[order.indexOf(status) - 1];
    const place = stops.findIndex((stop) => stop.status === before);
    stops.splice(place + 1, 0, { status, words: UNUSUAL[status] ?? statusWords(status) });
  }
  return stops;
}

/** @type {Readonly<Record<string, string>>} */
const UNUSUAL = {
  REQUIRES_ACTION: 'Your bank wants to ask you',
  DECLINED: 'Your bank declined',
  CANCELLED: 'The order was cancelled',
  EXPIRED: 'The time to answer your bank is over',
  FULFILLING: 'Putting it into your library',
  NEEDS_CHANGES: 'Something needs to be mended',
  REJECTED: 'Refused',
  FAILED: 'It failed on our side',
  WITHDRAWN: 'Taken back',
};
