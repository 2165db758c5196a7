import { describe, expect, test } from 'vitest';
import { securityHeaders } from '../../src/server/headers.ts';
import { useApi } from '../schema/support/api.ts';

const api = useApi();

describe('every answer tells a browser to run, frame, sniff and lend nothing:', () => {
  const places: [string, RequestInit][] = [
    ['/', { redirect: 'manual' }],
    ['/app', {}],
    ['/app/nowhere.js', {}],
    ['/workbench', {}],
    ['/workbench/nowhere.js', {}],
    ['/graphql', { headers: { accept: 'text/html' } }],
    ['/graphql/graphiql.js', {}],
    ['/graphql/graphiql.css', {}],
    ['/graphql?query={__typename}', {}],
    ['/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{__typename}"}' }],
    ['/graphql', { method: 'POST', body: 'x' }],
    ['/graphql?query=subscription{nothing}', { headers: { accept: 'text/event-stream' } }],
    ['/uploads/x', { method: 'PUT', body: 'x' }],
    ['/downloads/0199aaaa-0000-7000-8000-000000000000', {}],
    ['/covers/0199aaaa-0000-7000-8000-000000000000/600.jpg', {}],
    ['/receipts/0199aaaa-0000-7000-8000-000000000000', {}],
    ['/statements/0199aaaa-0000-7000-8000-000000000000', {}],
    ['/webhooks/payments/sandbox', { method: 'POST', body: '{}' }],
    ['/healthz', {}],
    ['/readyz', {}],
    ['/auth/session', { method: 'POST' }],
    ['/auth/nobody/start', {}],
    ['/nowhere', {}],
    ['/graphql', { method: 'OPTIONS' }],
  ];
  test.each(places)('%s', async (path, init) => {
    const response = await fetch(`${api.url}${path}`, init);
    await response.body?.cancel();
    const { headers } = response;
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(policy).not.toMatch(/unsafe-inline|unsafe-eval|\*/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('permissions-policy')).toContain('camera=()');
    expect(headers.get('vary')).toContain('Origin');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('server') ?? headers.get('x-powered-by')).toBeNull();
  });
});

test('browsers are told to insist on https where it is spoken', () => {
  expect(securityHeaders('https://books.example.org').get('strict-transport-security')).toMatch(/^max-age=\d{8}/);
});
