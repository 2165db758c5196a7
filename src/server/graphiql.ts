/**
 * GraphiQL, from our own server, with the examples in its tabs.
 *
 * The page is 9 MB: it is made and compressed once, when it is first asked for.
 */
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { examples } from './examples.ts';
import { allowMethods, type Exchange, type Route } from './http.ts';

interface Page {
  html: Buffer;
  gzipped: Buffer;
  policy: string;
  etag: string;
}

const compress = promisify(gzip);
const AUTHORIZATION = '{\n  "Authorization": "Bearer TOKEN"\n}';

export function serveGraphiql(): Route {
  let page: Promise<Page> | null = null;
  return async (exchange) => {
    allowMethods(exchange, 'GET', 'HEAD');
    page ??= makePage();
    send(exchange, await page);
  };
}

/** A browser that asks for a page, not a program that asks for data. */
export const wantsPage = ({ request }: Exchange): boolean =>
  request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');

function send({ request, response }: Exchange, { html, gzipped, policy, etag }: Page): void {
  const takesGzip = (request.headers['accept-encoding'] ?? '').includes('gzip');
  const body = takesGzip ? gzipped : html;
  response.setHeader('content-security-policy', policy);
  response.setHeader('vary', 'Accept, Accept-Encoding, Origin');
  response.setHeader('cache-control', 'no-cache');
  response.setHeader('etag', etag);
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  if (takesGzip) response.setHeader('content-encoding', 'gzip');
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length });
  response.end(body);
}

async function makePage(): Promise<Page> {
  const rendered = renderGraphiQL({
    title: 'Booky Hub · GraphiQL',
    // Over WebSockets GraphiQL would leave out the headers of the tab, and with them the token.
    subscriptionsProtocol: 'SSE',
    shouldPersistHeaders: true,
    defaultTabs: examples.map(({ document, variables, needsToken }) => ({
      query: document,
      ...(variables ? { variables: JSON.stringify(variables, null, 2) } : {}),
      ...(needsToken ? { headers: AUTHORIZATION } : {}),
    })),
  });
  const text = mend(rendered);
  const html = Buffer.from(text);
  const hash = createHash('sha256').update(inlineScript(text)).digest('base64');
  return {
    html,
    gzipped: await compress(html),
    etag: `"${createHash('sha256').update(html).digest('base64url')}"`,
    // The editor puts its styles inline and its workers into blobs; nothing comes from elsewhere.
    policy: [
      "default-src 'none'",
      `script-src 'sha256-${hash}' blob:`,
      'worker-src blob:',
      "style-src 'unsafe-inline'",
      "img-src 'self' data:",
      'font-src data:',
      "connect-src 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
}

/**
 * GraphiQL 5 leaves the first tab's variables out when nothing is stored yet, and on a first load its tabs stay shifted
 * by an animation that never ends, so that a click on one does not land.
 */
function mend(html: string): string {
  const variables = JSON.stringify(JSON.stringify(examples[0]?.variables ?? {}, null, 2)).replaceAll('<', '\\u003c');
  const seed = `if (!localStorage.getItem('graphiql:tabState')) localStorage.setItem('graphiql:variables', ${variables});`;
  return html
    .replace('</style>', () => '.graphiql-tab { transform: none !important; }</style>')
    .replace('<script>', () => `<script>${seed}`);
}

/** The one script of the page, as a browser reads it for its hash. */
function inlineScript(html: string): string {
  const begin = html.indexOf('<script>') + '<script>'.length;
  return html.slice(begin, html.lastIndexOf('</script>')).replaceAll('\r\n', '\n');
}
