import { expect, test } from 'vitest';
import type { StoredEvent } from '../../src/streams/event.ts';
import { DeliveryCounts } from '../../src/streams/delivery-counts.ts';
import { Subscriber } from '../../src/streams/live-subscriber.ts';

const event = (seq: number): StoredEvent => ({
  id: seq,
  type: 'a.happened',
  subject: 'a:1',
  seq,
  runId: null,
  stage: null,
  attempts: null,
  durationMs: null,
  payload: {},
  createdAt: new Date(0),
});

/** A feed that stores `count` events, and remembers what was read of them. */
function feedOf(count: number) {
  const pages: number[] = [];
  const left: Subscriber[] = [];
  const told: number[] = [];
  return {
    pages,
    left,
    told,
    handed: ({ seq }: StoredEvent) => void told.push(seq),
    leave: (subscriber: Subscriber) => void left.push(subscriber),
    readPage: async (_subject: string, after: number) => {
      pages.push(after);
      return Array.from({ length: Math.min(32, Math.max(0, count - after)) }, (_, index) => event(after + 1 + index));
    },
  };
}

async function pull(subscriber: Subscriber, count: number): Promise<number[]> {
  const seqs: number[] = [];
  while (seqs.length < count) seqs.push((await subscriber.next()).value?.seq);
  return seqs;
}
const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('what comes while the present state is read is kept, and what that state holds already is left out', async () => {
  const feed = feedOf(5);
  const subscriber = new Subscriber(feed, 'a:1', null);
  for (const seq of upTo(3, 5)) subscriber.offer(event(seq));
  subscriber.startAfter(4);
  expect(await pull(subscriber, 1)).toEqual([5]);
  expect(feed.pages).toEqual([]);
});

test('one that falls behind keeps nothing and reads on page by page, without a gap or a repeat', async () => {
  const feed = feedOf(100);
  const subscriber = new Subscriber(feed, 'a:1', null);
  subscriber.startAfter(0);
  for (const seq of upTo(1, 100)) subscriber.offer(event(seq));
  expect(await pull(subscriber, 100)).toEqual(upTo(1, 100));
  expect(feed.pages).toEqual([0, 32, 64, 96]);
});

test('a number that is missing is read from the database', async () => {
  const feed = feedOf(4);
  const subscriber = new Subscriber(feed, 'a:1', null);
  subscriber.startAfter(1);
  subscriber.offer(event(2));
  subscriber.offer(event(4));
  expect(await pull(subscriber, 3)).toEqual([2, 3, 4]);
  expect(feed.pages).toEqual([2]);
});

test('an end wakes who waits, and is told to the feed once', async () => {
  const feed = feedOf(0);
  const subscriber = new Subscriber(feed, 'a:1', null);
  subscriber.startAfter(0);
  const waiting = subscriber.next();
  await subscriber.return();
  subscriber.end();
  expect(await waiting).toEqual({ value: undefined, done: true });
  expect(feed.left).toEqual([subscriber]);
});

test('what was handed over is told to the feed, each event once', async () => {
  const feed = feedOf(3);
  const subscriber = new Subscriber(feed, 'a:1', 0);
  await pull(subscriber, 3);
  expect(feed.told).toEqual([1, 2, 3]);
});

test('deliveries are counted by event, and those of long ago forgotten', () => {
  const counts = new DeliveryCounts(2);
  for (const eventId of [1, 1, 2, 3]) counts.note(eventId);
  expect([1, 2, 3].map((eventId) => counts.of(eventId)?.count ?? null)).toEqual([null, 1, 1]);
});

test('who waits is called back once, when there is something: at once, when an event comes, and at the end', async () => {
  const subscriber = new Subscriber(feedOf(0), 'a:1', null);
  subscriber.startAfter(0);
  const called: string[] = [];
  const wait = (what: string) => subscriber.whenReady(() => void called.push(what));
  wait('first event');
  expect(called).toEqual([]);
  subscriber.offer(event(1));
  subscriber.offer(event(2));
  expect(called).toEqual(['first event']);
  wait('second event');
  expect(called).toEqual(['first event', 'second event']);
  expect(await pull(subscriber, 2)).toEqual([1, 2]);
  wait('lost stream');
  subscriber.resync();
  wait('page');
  expect(called.slice(2)).toEqual(['lost stream', 'page']);
  const waiting = subscriber.next();
  subscriber.end();
  expect((await waiting).done).toBe(true);
  wait('end');
  expect(called.slice(4)).toEqual(['end']);
});

test('what comes again wakes nobody, whether it was pulled, waits, or was read', async () => {
  const feed = feedOf(3);
  const subscriber = new Subscriber(feed, 'a:1', 0);
  expect(await pull(subscriber, 1)).toEqual([1]);
  // Two are left of the page.
  for (const seq of upTo(1, 5)) subscriber.offer(event(seq));
  for (const seq of upTo(1, 5)) subscriber.offer(event(seq));
  expect(await pull(subscriber, 4)).toEqual(upTo(2, 5));
  let woken = 0;
  subscriber.whenReady(() => woken++);
  for (const seq of upTo(1, 5)) subscriber.offer(event(seq));
  expect(woken).toBe(0);
  subscriber.offer(event(6));
  expect(woken).toBe(1);
  expect(await pull(subscriber, 1)).toEqual([6]);
  expect(feed.pages).toEqual([0]);
});

test('what comes again to a full buffer does not make it fall behind', async () => {
  const feed = feedOf(40);
  const subscriber = new Subscriber(feed, 'a:1', null);
  subscriber.startAfter(0);
  for (const seq of upTo(1, 32)) subscriber.offer(event(seq));
  for (const seq of upTo(1, 32)) subscriber.offer(event(seq));
  expect(await pull(subscriber, 32)).toEqual(upTo(1, 32));
  expect(feed.pages).toEqual([]);
});

test('a hint of what is later than the stream has brought loses nothing of what that brings, before it is known where to begin', async () => {
  const feed = feedOf(3);
  const subscriber = new Subscriber(feed, 'a:1', null);
  for (const seq of [3, 2, 3]) subscriber.offer(event(seq));
  subscriber.startAfter(1);
  expect(await pull(subscriber, 2)).toEqual([2, 3]);
  expect(feed.pages).toEqual([1]);
});

test('what comes again while a page is read wakes nobody once that is pulled', async () => {
  const feed = feedOf(2);
  const subscriber = new Subscriber(feed, 'a:1', 0);
  const first = subscriber.next();
  for (const seq of upTo(1, 2)) subscriber.offer(event(seq));
  expect((await first).value?.seq).toBe(1);
  expect(await pull(subscriber, 1)).toEqual([2]);
  let woken = 0;
  subscriber.whenReady(() => woken++);
  expect(woken).toBe(0);
  subscriber.offer(event(3));
  expect(woken).toBe(1);
});
