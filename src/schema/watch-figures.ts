/** Figures of the engine, live, for admins: what nobody stores has no history to resume, so each is told whole. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineView } from '../streams/inspect.ts';
import type { Context } from './context.ts';
import { OverloadedError } from './errors.ts';

const EVERY_MS = 1_000;
const SEATS_RETRY_AFTER_MS = 5_000;

type Read<Figures> = (engine: EngineView) => Promise<Figures>;

/** Ends when the caller is no admin any more, when they go, and when this process stops. */
async function* follow<Figures>(
  { engine, auth, token, stopping }: Pick<Context, 'engine' | 'auth' | 'token' | 'stopping'>,
  read: Read<Figures>,
  gone: AbortSignal,
): AsyncGenerator<Figures, void> {
  const ended = AbortSignal.any([stopping, gone]);
  let shown = '';
  while (!ended.aborted) {
    const viewer = token === null ? null : await auth.viewerOf(token);
    if (viewer?.role !== 'ADMIN') return;
    const figures = await read(engine);
    const text = JSON.stringify(figures);
    if (text !== shown) yield figures;
    shown = text;
    await delay(EVERY_MS, undefined, { signal: ended }).catch(() => {});
  }
}

/**
 * Figures whenever they have changed, the present ones first, at most once a second.
 * @throws OverloadedError when the caller has too many subscriptions open
 */
export function watchFigures<Figures>(context: Context, read: Read<Figures>): AsyncIterableIterator<Figures> {
  const leave = context.seats.take(context.viewer?.id ?? context.address);
  if (!leave) throw new OverloadedError(SEATS_RETRY_AFTER_MS, 'You have too many subscriptions open. Close one first.');
  const { engine, auth, token, stopping } = context;
  const gone = new AbortController();
  const figures = follow({ engine, auth, token, stopping }, read, gone.signal);
  // A generator that waits hears of `return` only afterwards: the signal ends its waiting.
  const end = () => {
    gone.abort();
    leave();
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: async () => {
      const result = await figures.next();
      if (result.done === true) end();
      return result;
    },
    return: async () => {
      end();
      return figures.return();
    },
  };
}
