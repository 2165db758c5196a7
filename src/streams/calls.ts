/**
 * Calls: what a stage asks of the outside while it runs, noted as it happens.
 *
 * The ports that stages are given are watched (`watchCalls`); the engine gives each try a list (`notingCalls`) and stores
 * it with what came of the try (trail.ts). Outside of a try nothing is noted.
 * Promise: a call is not changed, delayed or repeated by being watched; of what is sent only the idempotency key is kept,
 * of an answer its kind, of an error its code.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { OutsideCall } from './trail.ts';

const NOTED_MAX = 100;
const KEY_CHARS_MAX = 255;
const CODE = /^[\w.:-]{1,80}$/;
const NO_ANSWER = 'NO_ANSWER';

const noting = new AsyncLocalStorage<OutsideCall[]>();

/** Runs `work`, and notes the calls it makes in `calls`; one that has no answer yet when it ends stays NO_ANSWER. */
export const notingCalls = <T>(calls: OutsideCall[], work: () => Promise<T>): Promise<T> => noting.run(calls, work);

/**
 * The same port, whose calls are noted.
 * @param name of the port, such as `gateway`
 */
export function watchCalls<Port extends object>(name: string, port: Port): Port {
  const watched = new Map<PropertyKey, unknown>();
  return new Proxy(port, {
    get(target, property) {
      const known = watched.get(property);
      if (known !== undefined) return known;
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member !== 'function') return member;
      const what = `${name}.${String(property)}`;
      const call = (...given: unknown[]): unknown => {
        const calls = noting.getStore();
        const begin = (): unknown => Reflect.apply(member, target, given);
        return calls && calls.length < NOTED_MAX ? note(calls, what, given[0], begin) : begin();
      };
      watched.set(property, call);
      return call;
    },
  });
}

function note(calls: OutsideCall[], what: string, request: unknown, begin: () => unknown): unknown {
  const startedAt = performance.now();
  const call = { what, key: keyOf(request), at: new Date().toISOString(), ms: null, outcome: NO_ANSWER };
  const at = calls.push(call) - 1;
  const ended = (outcome: string) => {
    calls[at] = { ...call, ms: Math.round(performance.now() - startedAt), outcome };
  };
  const answer = begin();
  if (!(answer instanceof Promise)) {
    // A list that is read bit by bit is no call by itself.
    calls.splice(at, 1);
    return answer;
  }
  return answer.then(
    (value: unknown) => {
      ended(outcomeOf(value));
      return value;
    },
    (error: unknown) => {
      ended(codeOf(error));
      throw error;
    },
  );
}

/** Ours, made from ids: an order, a mail, a delivery of a webhook. */
function keyOf(request: unknown): string | null {
  if (typeof request !== 'object' || request === null) return null;
  const key = textOf(request, 'idempotencyKey') ?? textOf(request, 'id');
  return key === null ? null : key.slice(0, KEY_CHARS_MAX);
}

function outcomeOf(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return 'OK';
  const status = 'statusCode' in answer && typeof answer.statusCode === 'number' ? `${answer.statusCode}` : null;
  const parts = [textOf(answer, 'kind'), textOf(answer, 'reasonCode') ?? textOf(answer, 'code') ?? status];
  return parts.filter((part) => part !== null && CODE.test(part)).join(' ') || 'OK';
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'ERROR';
  const code = textOf(error, 'code') ?? error.name;
  return CODE.test(code) ? code : 'ERROR';
}

function textOf(value: object, name: string): string | null {
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'string' ? found : null;
}
