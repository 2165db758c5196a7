/**
 * Price windows: another price for a while, so that a campaign is data and needs nobody at midnight.
 *
 * Promise: two windows of one edition and currency never overlap, so that at any instant one price holds.
 */
import { eq } from 'drizzle-orm';
import { lockEdition } from './books.ts';
import type { Tx } from './client.ts';
import { FieldRefused } from './errors.ts';
import { newId } from './tables/columns.ts';
import { editions, prices, priceWindows } from './tables/index.ts';

export const PRICE_WINDOWS_MAX = 100;

export interface PriceWindow {
  currency: string;
  amountMinor: number;
  name: string | null;
  validFrom: Date;
  /** Behind `validFrom`; the window holds until just before. */
  validUntil: Date;
}

/**
 * Replaces all windows of an edition.
 * @throws NotThere, FieldRefused (`windows.N`) for one that overlaps another, or is in a currency without a price
 */
export async function setPriceWindows(
  tx: Tx,
  request: { editionId: string; ownerId: string; now: Date; windows: readonly PriceWindow[] },
): Promise<{ editionId: string }> {
  const { editionId, ownerId, now, windows } = request;
  await lockEdition(tx, editionId, ownerId);
  const priced = await tx.select({ currency: prices.currency }).from(prices).where(eq(prices.editionId, editionId));
  for (const [at, { currency }] of windows.entries()) {
    if (!priced.some((price) => price.currency === currency)) {
      throw new FieldRefused(`windows.${at}.price.currency`, `The edition has no price in ${currency}. Set one first.`);
    }
  }
  refuseOverlaps(windows);
  await tx.delete(priceWindows).where(eq(priceWindows.editionId, editionId));
  if (windows.length > 0) {
    await tx.insert(priceWindows).values(windows.map((window) => ({ id: newId(), editionId, ...window })));
  }
  await tx.update(editions).set({ updatedAt: now }).where(eq(editions.id, editionId));
  return { editionId };
}

function refuseOverlaps(windows: readonly PriceWindow[]): void {
  const byStart = windows
    .map((window, at) => ({ ...window, at }))
    .toSorted((a, b) => a.validFrom.getTime() - b.validFrom.getTime());
  for (const [currency, list] of Map.groupBy(byStart, (window) => window.currency)) {
    for (const [index, window] of list.entries()) {
      const before = list[index - 1];
      if (before && window.validFrom < before.validUntil) {
        throw new FieldRefused(
          `windows.${window.at}.validFrom`,
          `Another window in ${currency} holds until ${before.validUntil.toISOString()}. Windows cannot overlap.`,
        );
      }
    }
  }
}
