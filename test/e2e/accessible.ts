/** What axe finds serious in a page, in words; nothing when it is sound for a screen reader. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { z } from 'zod';

const axeResult = z.object({
  violations: z.array(
    z.object({ id: z.string(), impact: z.string().nullish(), nodes: z.array(z.object({ html: z.string() })) }),
  ),
});

export async function faultsForReaders(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = axeResult.parse(await page.evaluate('axe.run(document, { resultTypes: ["violations"] })'));
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
}
