/**
 * Alive: each process tells every second that it lives, so that others know whether what it carries will be finished.
 *
 * The telling is worth 3 s. When Redis has lost it, a process is taken for dead that is not: its work is then done by
 * two at once, of which the inbox check lets one count.
 */
import type { Redis } from 'ioredis';

export const TELL_EVERY_MS = 1_000;
const WORTH_MS = 3_000;

const keyOf = (prefix: string, node: string): string => `${prefix}alive:${node}`;

export async function tellAlive(redis: Redis, prefix: string, node: string): Promise<void> {
  await redis.set(keyOf(prefix, node), '1', 'PX', WORTH_MS);
}

/** What it carried is everybody's from now on. */
export async function tellGone(redis: Redis, prefix: string, node: string): Promise<void> {
  await redis.del(keyOf(prefix, node));
}

export async function isAlive(redis: Redis, prefix: string, node: string): Promise<boolean> {
  return (await redis.exists(keyOf(prefix, node))) === 1;
}
