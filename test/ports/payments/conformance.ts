/**
 * What every payment gateway adapter must do, as a suite to call with a factory.
 * A new adapter passes it unchanged; `tokens` names cards of the provider's test mode.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayIdempotencyConflictError, GatewayRejectedRequestError } from '../../../src/ports/payments/gateway.ts';
import type { AuthorizeRequest, PaymentGateway } from '../../../src/ports/payments/gateway.ts';

export interface GatewayUnderTest {
  readonly gateway: PaymentGateway;
  readonly tokens: { readonly succeeds: string; readonly declined: string; readonly requiresAction: string };
  stop(): Promise<void>;
}

export function describePaymentGateway(name: string, start: () => Promise<GatewayUnderTest>): void {
  describe(`payment gateway port: ${name}`, () => {
    let under: GatewayUnderTest;
    beforeAll(async () => {
      under = await start();
    });
    afterAll(() => under.stop());

    function order(more: Partial<AuthorizeRequest> = {}): AuthorizeRequest {
      const paymentToken = under.tokens.succeeds;
      const id = randomUUID();
      return { idempotencyKey: `a-${id}`, amountMinor: 999, currency: 'EUR', reference: id, paymentToken, ...more };
    }
    async function authorize(more: Partial<AuthorizeRequest> = {}): Promise<string> {
      const answer = await under.gateway.authorize(order(more));
      if (answer.kind !== 'AUTHORIZED') throw new Error(`expected AUTHORIZED, got ${answer.kind}`);
      return answer.authorizationRef;
    }
    async function capture(amountMinor = 999): Promise<{ authorizationRef: string; captureRef: string }> {
      const authorizationRef = await authorize();
      const answer = await under.gateway.capture({
        idempotencyKey: randomUUID(),
        authorizationRef,
        amountMinor,
        currency: 'EUR',
      });
      if (answer.kind !== 'CAPTURED') throw new Error(`expected CAPTURED, got ${answer.kind}`);
      return { authorizationRef, captureRef: answer.captureRef };
    }

    it('authorizes, captures and refunds, and lookup follows each step', async () => {
      const request = order();
      expect(await under.gateway.lookup({ idempotencyKey: request.idempotencyKey })).toEqual({ kind: 'NOT_FOUND' });
      const authorized = await under.gateway.authorize(request);
      if (authorized.kind !== 'AUTHORIZED') throw new Error(authorized.kind);
      const { authorizationRef } = authorized;
      expect(await under.gateway.lookup({ authorizationRef })).toMatchObject({
        kind: 'AUTHORIZED',
        amountMinor: 999,
        currency: 'EUR',
      });
      const money = { amountMinor: 999, currency: 'EUR' };
      const captureKey = randomUUID();
      const captured = await under.gateway.capture({ idempotencyKey: captureKey, authorizationRef, ...money });
      if (captured.kind !== 'CAPTURED') throw new Error(captured.kind);
      const { captureRef } = captured;
      expect(await under.gateway.lookup({ idempotencyKey: captureKey })).toMatchObject({
        kind: 'CAPTURED',
        captureRef,
      });
      const refundKey = randomUUID();
      const refund = { idempotencyKey: refundKey, captureRef, amountMinor: 400, currency: 'EUR' };
      expect(await under.gateway.refund(refund)).toMatchObject({ kind: 'REFUNDED' });
      expect(await under.gateway.lookup({ idempotencyKey: refundKey })).toMatchObject({
        kind: 'CAPTURED',
        capturedMinor: 999,
        refundedMinor: 400,
        refunds: [{ idempotencyKey: refundKey, amountMinor: 400 }],
      });
    });

    it('answers DECLINED with a reason, and says it again for the same key', async () => {
      const request = order({ paymentToken: under.tokens.declined });
      const first = await under.gateway.authorize(request);
      expect(first).toMatchObject({ kind: 'DECLINED', reasonCode: expect.any(String), message: expect.any(String) });
      expect(await under.gateway.authorize(request)).toEqual(first);
    });

    it('answers REQUIRES_ACTION with a page to send the buyer to', async () => {
      const answer = await under.gateway.authorize(order({ paymentToken: under.tokens.requiresAction }));
      if (answer.kind !== 'REQUIRES_ACTION') throw new Error(answer.kind);
      expect(answer.actionUrl).toMatch(/^https?:/);
      const { authorizationRef } = answer;
      expect(await under.gateway.lookup({ authorizationRef })).toMatchObject({ kind: 'REQUIRES_ACTION' });
    });

    it('gives the same answer to one key sent 20 times in parallel', async () => {
      const request = order();
      const answers = await Promise.all(Array.from({ length: 20 }, () => under.gateway.authorize(request)));
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    });

    it('throws a conflict for a key used before with other parameters', async () => {
      const request = order();
      await under.gateway.authorize(request);
      await expect(under.gateway.authorize({ ...request, amountMinor: 1 })).rejects.toThrow(
        GatewayIdempotencyConflictError,
      );
    });

    it('rejects for good what speaks of an unknown authorization', async () => {
      const request = { idempotencyKey: randomUUID(), authorizationRef: 'auth_none', amountMinor: 1, currency: 'EUR' };
      const error: unknown = await under.gateway.capture(request).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(GatewayRejectedRequestError);
      expect(error).toMatchObject({ code: 'GATEWAY_REJECTED_REQUEST', outcomeUnknown: false });
    });

    it('captures an authorization once, whatever the key', async () => {
      const { authorizationRef } = await capture();
      const again = { idempotencyKey: randomUUID(), authorizationRef, amountMinor: 999, currency: 'EUR' };
      expect(await under.gateway.capture(again)).toMatchObject({ kind: 'REFUSED' });
    });

    it('refuses to capture more than was authorized', async () => {
      const authorizationRef = await authorize();
      const request = { idempotencyKey: randomUUID(), authorizationRef, amountMinor: 1_000, currency: 'EUR' };
      expect(await under.gateway.capture(request)).toMatchObject({ kind: 'REFUSED' });
    });

    it('voids an authorization, after which it cannot be captured', async () => {
      const authorizationRef = await authorize();
      const request = { idempotencyKey: randomUUID(), authorizationRef };
      const answer = await under.gateway.void(request);
      expect(answer).toMatchObject({ kind: 'VOIDED' });
      expect(await under.gateway.void(request)).toEqual(answer);
      const capture = { idempotencyKey: randomUUID(), authorizationRef, amountMinor: 999, currency: 'EUR' };
      expect(await under.gateway.capture(capture)).toMatchObject({ kind: 'REFUSED' });
    });

    it('refuses to void what was captured', async () => {
      const { authorizationRef } = await capture();
      expect(await under.gateway.void({ idempotencyKey: randomUUID(), authorizationRef })).toMatchObject({
        kind: 'REFUSED',
      });
    });

    it('never refunds more than was captured, also when 20 refunds run at once', async () => {
      const { authorizationRef, captureRef } = await capture(999);
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          under.gateway.refund({ idempotencyKey: randomUUID(), captureRef, amountMinor: 100, currency: 'EUR' }),
        ),
      );
      expect(answers.filter((answer) => answer.kind === 'REFUNDED')).toHaveLength(9);
      expect(await under.gateway.lookup({ authorizationRef })).toMatchObject({ refundedMinor: 900 });
    });

    it('refuses another currency than the authorized one', async () => {
      const authorizationRef = await authorize();
      const request = { idempotencyKey: randomUUID(), authorizationRef, amountMinor: 1, currency: 'USD' };
      expect(await under.gateway.capture(request)).toMatchObject({ kind: 'REFUSED' });
    });

    it('rejects an amount that is not a positive integer', async () => {
      await expect(under.gateway.authorize(order({ amountMinor: 0 }))).rejects.toThrow(GatewayRejectedRequestError);
      await expect(under.gateway.authorize(order({ amountMinor: 9.5 }))).rejects.toThrow(GatewayRejectedRequestError);
    });

    it('reports its health', async () => {
      await expect(under.gateway.checkHealth()).resolves.toBeUndefined();
    });
  });
}
