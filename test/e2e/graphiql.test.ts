/** GraphiQL in a real browser, under a policy without 'unsafe-inline'. */
import { expect, test } from 'vitest';
import { useApi } from '../schema/support/api.ts';
import { chromiumPath, openVisitor } from './browser.ts';

const api = useApi();

test.skipIf(chromiumPath === undefined)(
  'runs a query and breaks no policy: nothing inline, nothing from elsewhere',
  async () => {
    const visitor = await openVisitor();
    const { page } = visitor;
    const refused: string[] = [];
    page.on('console', (message) => {
      if (/Content.Security.Policy|Refused to/i.test(message.text())) refused.push(message.text());
    });
    try {
      const [response] = await Promise.all([
        page.waitForResponse((one) => one.url().endsWith('/graphql')),
        page.goto(`${api.url}/graphql`),
      ]);
      const policy = (await response.allHeaders())['content-security-policy'] ?? '';
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      const editor = page.locator('.graphiql-query-editor .view-lines').first();
      await editor.waitFor();
      await expect.poll(() => editor.innerText()).toContain('SignUpAuthor');
      // Lines that lie beneath each other are placed by a style attribute; tabs and menus by rules of the editor's own.
      const lines = page.locator('.graphiql-query-editor .view-line');
      const tops = await lines.evaluateAll((all) => all.map((line) => line.getBoundingClientRect().top));
      expect(new Set(tops).size).toBe(tops.length);
      await editor.click();
      await page.keyboard.press('Control+A');
      // The editor closes the brace.
      await page.keyboard.insertText('query SignUpAuthor { __typename');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+Enter');
      const answer = page.locator('.result-window .view-lines');
      await expect.poll(() => answer.innerText(), { timeout: 15_000 }).toContain('Query');
      await page.keyboard.press('Control+Space');
      expect(refused).toEqual([]);
      expect(visitor.complaints).toEqual([]);
    } finally {
      await visitor.leave();
    }
  },
);
