/**
 * GraphiQL, from our own server, with the examples in its tabs.
 *
 *     GET /graphql                  the page, small, with a nonce of its own in each answer
 *     GET /graphql/graphiql.js      the editor, 9 MB: made and compressed once, when it is first asked for
 *     GET /graphql/graphiql.css     its styles
 *
 * Promise: a policy without 'unsafe-inline': only what carries the nonce runs or styles (strict-styles.js says how the
 * editor lives with that). Nothing comes from elsewhere.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { examples } from './examples.ts';
import { policy } from './headers.ts';
import { allowMethods, type Exchange, type Route } from './http.ts';

interface Asset {
  type: string;
  plain: Buffer;
  gzipped: Buffer;
  etag: string;
}

interface Parts {
  icon: string;
  assets: ReadonlyMap<string, Asset>;
}

const SCRIPT = '/graphql/graphiql.js';
const STYLES = '/graphql/graphiql.css';
const strictStylesPath = fileURLToPath(new URL('strict-styles.js', import.meta.url));

const compress = promisify(gzip);
const AUTHORIZATION = '{\n  "Authorization": "Bearer TOKEN"\n}';

export function serveGraphiql(): Route {
  let parts: Promise<Parts> | null = null;
  return async (exchange) => {
    allowMethods(exchange, 'GET', 'HEAD');
    // What fails now may work later: too many open files, say.
    parts ??= makeParts().catch((error: unknown) => {
      parts = null;
      throw error;
    });
    const { icon, assets } = await parts;
    const asset = assets.get(exchange.url.pathname);
    if (asset) sendAsset(exchange, asset);
    else sendPage(exchange, icon);
  };
}

/** A browser that asks for the page or its parts, not a program that asks for data. */
export const wantsPage = ({ request, url }: Exchange): boolean =>
  (request.method === 'GET' && (request.headers.accept ?? '').includes('text/html')) ||
  [SCRIPT, STYLES].includes(url.pathname);

function sendPage({ response }: Exchange, icon: string): void {
  const nonce = randomBytes(18).toString('base64');
  response.setHeader(
    'content-security-policy',
    policy({
      'default-src': "'none'",
      'script-src': `'nonce-${nonce}'`,
      'worker-src': 'blob:',
      'style-src': `'self' 'nonce-${nonce}'`,
      'img-src': "'self' data:",
      'font-src': "'self' data:",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    }),
  );
  response.setHeader('vary', 'Accept, Origin');
  // A nonce is good for one answer.
  response.setHeader('cache-control', 'no-store');
  const html = Buffer.from(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Booky Hub · GraphiQL</title>
    <link rel="icon" href="${icon}" />
    <link rel="stylesheet" href="${STYLES}" />
  </head>
  <body id="body" class="no-focus-outline">
    <noscript>GraphiQL needs JavaScript.</noscript>
    <div id="root"></div>
    <script nonce="${nonce}" src="${SCRIPT}"></script>
  </body>
</html>
`);
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': html.length });
  response.end(html);
}

function sendAsset({ request, response }: Exchange, { type, plain, gzipped, etag }: Asset): void {
  const takesGzip = (request.headers['accept-encoding'] ?? '').includes('gzip');
  const body = takesGzip ? gzipped : plain;
  response.setHeader('vary', 'Accept-Encoding, Origin');
  response.setHeader('cache-control', 'no-cache');
  response.setHeader('etag', etag);
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  if (takesGzip) response.setHeader('content-encoding', 'gzip');
  response.writeHead(200, { 'content-type': type, 'content-length': body.length });
  response.end(body);
}

async function makeParts(): Promise<Parts> {
  // As text and as module it takes 30 MB, which most servers never need.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    // Over WebSockets GraphiQL would leave out the headers of the tab, and with them the token.
    subscriptionsProtocol: 'SSE',
    shouldPersistHeaders: true,
    additionalHeaders: { 'x-booky-hub': 'graphiql' },
    defaultTabs: examples.map(({ document, variables, needsToken }) => ({
      query: document,
      ...(variables ? { variables: JSON.stringify(variables, null, 2) } : {}),
      ...(needsToken ? { headers: AUTHORIZATION } : {}),
    })),
  });
  const script = [await readFile(strictStylesPath, 'utf8'), firstVariables(), between(html, '<script>', '</script>')];
  // On a first load the tabs stay shifted by an animation that never ends, so that a click on one does not land.
  const styles = `${between(html, '<style>', '</style>')}\n.graphiql-tab { transform: none !important; }\n`;
  const [js, css] = await Promise.all([
    asset('text/javascript; charset=utf-8', script.join('\n')),
    asset('text/css; charset=utf-8', styles),
  ]);
  const icon = /<link rel="icon" href="([^"]*)"/.exec(html)?.[1] ?? '';
  return {
    icon,
    assets: new Map([
      [SCRIPT, js],
      [STYLES, css],
    ]),
  };
}

async function asset(type: string, text: string): Promise<Asset> {
  const plain = Buffer.from(text);
  const etag = `"${createHash('sha256').update(plain).digest('base64url')}"`;
  return { type, plain, gzipped: await compress(plain), etag };
}

/** GraphiQL 5 leaves the first tab's variables out when nothing is stored yet. */
function firstVariables(): string {
  const variables = JSON.stringify(JSON.stringify(examples[0]?.variables ?? {}, null, 2));
  return `if (!localStorage.getItem('graphiql:tabState')) localStorage.setItem('graphiql:variables', ${variables});`;
}

/** From the first `begin` to the last `end`. */
function between(html: string, begin: string, end: string): string {
  return html.slice(html.indexOf(begin) + begin.length, html.lastIndexOf(end));
}
