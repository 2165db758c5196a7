/**
 * A real headless Chromium, where this machine has one.
 *
 * CHROMIUM_PATH says where; else the usual places are looked at. Nothing is downloaded.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** These pages are on this machine: whatever takes longer is a fault. */
const ANSWER_TIMEOUT_MS = 15_000;

export const chromiumPath: string | undefined = [process.env['CHROMIUM_PATH'] ?? '', ...USUAL_PLACES].find(
  (path) => path !== '' && existsSync(path),
);

export interface Visitor {
  page: Page;
  context: BrowserContext;
  /** What the page asked of other machines than this one, and what went wrong in it. */
  complaints: string[];
  leave(): Promise<void>;
}

/** Somebody with a browser of their own: nothing kept from before, nothing shared with others. */
export async function openVisitor(
  options: Pick<BrowserContextOptions, 'viewport' | 'colorScheme'> = {},
): Promise<Visitor> {
  if (chromiumPath === undefined) throw new Error('There is no Chromium here. Set CHROMIUM_PATH, or install it.');
  const profile = await mkdtemp(join(tmpdir(), 'booky-hub-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    headless: true,
    args: FLAGS,
    locale: 'en-GB',
    acceptDownloads: true,
    ...options,
  });
  context.setDefaultTimeout(ANSWER_TIMEOUT_MS);
  const complaints: string[] = [];
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    const isHere = ['localhost', '127.0.0.1'].includes(hostname) || ['data:', 'blob:'].includes(protocol);
    if (!isHere) complaints.push(`asked ${request.url()}`);
  });
  context.on('weberror', (error) => complaints.push(`threw ${error.error().message}`));
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`said ${message.text()}`);
  });
  const page = context.pages()[0] ?? (await context.newPage());
  return {
    page,
    context,
    complaints,
    leave: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
