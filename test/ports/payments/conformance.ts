/**
 * What every payment gateway adapter must do, as a suite to call with a factory.
 * A new adapter passes it unchanged; `tokens` names cards of the provider's test mode.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayIdempotencyConflictError, GatewayRejectedRequestError } from '../../../src/ports/payments/gateway.ts';
import type { AuthorizeRequest } from '../../../src/ports/payments/gateway.ts';
import type { Movement, PaymentProvider } from '../../../src/ports/payments/provider.ts';

export interface GatewayUnderTest {
  readonly gateway: PaymentProvider;
  readonly tokens: { readonly succeeds: string; readonly declined: string; readonly requiresAction: string };
  /** What people do at the provider, outside of its API. */
  readonly people: {
    answerBank(authorizationRef: string, approves: boolean): Promise<void>;
    completePayee(payeeRef: string): Promise<void>;
    dispute(captureRef: string): Promise<{ disputeRef: string }>;
    endDispute(disputeRef: string, isWon: boolean): Promise<void>;
    sendPayoutBack(payoutRef: string): Promise<void>;
    failRefund(refundRef: string): Promise<void>;
  };
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
      expect(await under.gateway.lookup({ idempotencyKey: request.idempotencyKey })).toMatchObject({
        kind: 'CAPTURED',
        captureRef,
      });
      const refundKey = randomUUID();
      const refund = { idempotencyKey: refundKey, captureRef, amountMinor: 400, currency: 'EUR' };
      expect(await under.gateway.refund(refund)).toMatchObject({ kind: 'REFUNDED' });
      expect(await under.gateway.lookup({ authorizationRef })).toMatchObject({
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

    it.each([
      [true, 'AUTHORIZED', 'CAPTURED'],
      [false, 'DECLINED', 'REFUSED'],
    ])('follows the buyer’s answer to the bank: yes is %s', async (approves, kind, captured) => {
      const request = order({ paymentToken: under.tokens.requiresAction });
      const first = await under.gateway.authorize(request);
      if (first.kind !== 'REQUIRES_ACTION') throw new Error(first.kind);
      const { authorizationRef } = first;
      const capture = { idempotencyKey: randomUUID(), authorizationRef, amountMinor: 999, currency: 'EUR' };
      expect(await under.gateway.capture(capture)).toMatchObject({ kind: 'REFUSED' });
      await under.people.answerBank(authorizationRef, approves);
      expect(await under.gateway.lookup({ authorizationRef })).toMatchObject({ kind, reference: request.reference });
      const again = { ...capture, idempotencyKey: randomUUID() };
      expect(await under.gateway.capture(again)).toMatchObject({ kind: captured });
    });

    it('voids a payment that waits for the buyer', async () => {
      const first = await under.gateway.authorize(order({ paymentToken: under.tokens.requiresAction }));
      if (first.kind !== 'REQUIRES_ACTION') throw new Error(first.kind);
      const { authorizationRef } = first;
      expect(await under.gateway.void({ idempotencyKey: randomUUID(), authorizationRef })).toMatchObject({
        kind: 'VOIDED',
      });
      expect(await under.gateway.lookup({ authorizationRef })).toMatchObject({ kind: 'VOIDED' });
    });

    it('does a refund once per key, and leaves what was not refunded to later ones', async () => {
      const { authorizationRef, captureRef } = await capture();
      const first = { idempotencyKey: randomUUID(), captureRef, amountMinor: 400, currency: 'EUR' };
      const answers = await Promise.all(Array.from({ length: 5 }, () => under.gateway.refund(first)));
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      const rest = { ...first, idempotencyKey: randomUUID(), amountMinor: 599 };
      expect(await under.gateway.refund(rest)).toMatchObject({ kind: 'REFUNDED' });
      expect(await under.gateway.refund({ ...rest, idempotencyKey: randomUUID(), amountMinor: 1 })).toMatchObject({
        kind: 'REFUSED',
      });
      expect(await under.gateway.lookup({ authorizationRef })).toMatchObject({ refundedMinor: 999 });
    });

    it('tells of a refund that came back, which no longer counts as refunded', async () => {
      const { authorizationRef, captureRef } = await capture();
      const refund = { idempotencyKey: randomUUID(), captureRef, amountMinor: 999, currency: 'EUR' };
      const answer = await under.gateway.refund(refund);
      if (answer.kind !== 'REFUNDED') throw new Error(answer.kind);
      await under.people.failRefund(answer.refundRef);
      expect(await under.gateway.lookup({ authorizationRef })).toMatchObject({
        refundedMinor: 0,
        refunds: [{ refundRef: answer.refundRef, state: 'FAILED' }],
      });
    });

    async function openPayee(): Promise<string> {
      const id = randomUUID();
      const asked = { idempotencyKey: `payee-${id}`, reference: id, email: `${id}@example.org`, country: 'DE' };
      const { payeeRef, onboardingUrl } = await under.gateway.openPayee(asked);
      expect(onboardingUrl).toMatch(/^https?:/);
      expect((await under.gateway.openPayee(asked)).payeeRef).toBe(payeeRef);
      return payeeRef;
    }
    const payment = (payeeRef: string) => {
      const id = randomUUID();
      return { idempotencyKey: `pay-${id}`, payeeRef, amountMinor: 700, currency: 'EUR', reference: id };
    };

    it('pays a payee that has completed its account, and no other', async () => {
      const payeeRef = await openPayee();
      expect(await under.gateway.lookupPayee({ payeeRef })).toMatchObject({
        isReady: false,
        onboardingUrl: expect.stringMatching(/^https?:/),
      });
      expect(await under.gateway.pay(payment(payeeRef))).toMatchObject({ kind: 'REFUSED' });
      await under.people.completePayee(payeeRef);
      expect(await under.gateway.lookupPayee({ payeeRef })).toEqual({ isReady: true, onboardingUrl: null });
      // The provider pays out of what it has taken.
      await capture();
      const request = payment(payeeRef);
      expect(await under.gateway.lookupPayout({ idempotencyKey: request.idempotencyKey })).toEqual({
        kind: 'NOT_FOUND',
      });
      const answers = await Promise.all(Array.from({ length: 5 }, () => under.gateway.pay(request)));
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(answers[0]).toMatchObject({ kind: expect.stringMatching(/^(PAID|PROCESSING)$/) });
      expect(await under.gateway.lookupPayout({ idempotencyKey: request.idempotencyKey })).toMatchObject({
        kind: answers[0]?.kind,
        reference: request.reference,
        amountMinor: 700,
        currency: 'EUR',
      });
      await expect(under.gateway.pay({ ...request, amountMinor: 1 })).rejects.toThrow(GatewayIdempotencyConflictError);
    });

    it('tells of a payout that came back', async () => {
      const payeeRef = await openPayee();
      await under.people.completePayee(payeeRef);
      await capture();
      const request = payment(payeeRef);
      const answer = await under.gateway.pay(request);
      if (answer.kind === 'REFUSED') throw new Error(answer.reasonCode);
      await under.people.sendPayoutBack(answer.payoutRef);
      expect(await under.gateway.lookupPayout({ idempotencyKey: request.idempotencyKey })).toMatchObject({
        kind: 'FAILED',
        payoutRef: answer.payoutRef,
        reasonCode: expect.any(String),
      });
    });

    it.each([
      [true, 'WON'],
      [false, 'LOST'],
    ])('follows a dispute to its end: won is %s', async (isWon, state) => {
      const { captureRef } = await capture();
      const { disputeRef } = await under.people.dispute(captureRef);
      const open = { state: 'OPEN', captureRef, amountMinor: 999, feeMinor: expect.any(Number), currency: 'EUR' };
      expect(await under.gateway.lookupDispute({ disputeRef })).toMatchObject(open);
      const refund = { idempotencyKey: randomUUID(), captureRef, amountMinor: 1, currency: 'EUR' };
      expect(await under.gateway.refund(refund)).toMatchObject({ kind: 'REFUSED' });
      await under.people.endDispute(disputeRef, isWon);
      expect(await under.gateway.lookupDispute({ disputeRef })).toMatchObject({ ...open, state });
    });

    it('rejects for good what speaks of an unknown payee or dispute', async () => {
      await expect(under.gateway.lookupPayee({ payeeRef: 'acct_none' })).rejects.toThrow(GatewayRejectedRequestError);
      await expect(under.gateway.lookupDispute({ disputeRef: 'dp_none' })).rejects.toThrow(GatewayRejectedRequestError);
      await expect(under.gateway.pay(payment('acct_none'))).rejects.toThrow(GatewayRejectedRequestError);
    });

    async function booksAfter(after: string | null): Promise<Movement[]> {
      const items: Movement[] = [];
      for (let next = after, pages = 0; pages < 1_000; pages += 1) {
        const page = await under.gateway.movements({ after: next, limit: 3 });
        items.push(...page.items);
        if (page.next === null) return items;
        next = page.next;
      }
      throw new Error('the books never end');
    }

    it('tells every movement of money once, oldest first, from wherever it is asked', async () => {
      const before = (await booksAfter(null)).at(-1)?.id ?? null;
      const [sold, disputed] = [await capture(), await capture()];
      const money = { amountMinor: 300, currency: 'EUR' };
      const refund = { idempotencyKey: randomUUID(), captureRef: sold.captureRef, ...money };
      const refunded = await under.gateway.refund(refund);
      if (refunded.kind !== 'REFUNDED') throw new Error(refunded.kind);
      const { disputeRef } = await under.people.dispute(disputed.captureRef);
      await under.people.endDispute(disputeRef, true);
      const payeeRef = await openPayee();
      await under.people.completePayee(payeeRef);
      const paid = await under.gateway.pay(payment(payeeRef));
      if (paid.kind === 'REFUSED') throw new Error(paid.reasonCode);
      const seen = (await booksAfter(before)).map(({ kind, ref, amountMinor }) => [kind, ref, amountMinor]);
      expect(seen).toEqual([
        ['CAPTURE', sold.captureRef, 999],
        ['CAPTURE', disputed.captureRef, 999],
        ['REFUND', refunded.refundRef, 300],
        ['DISPUTE', disputeRef, 999],
        ['DISPUTE_REVERSED', disputeRef, 999],
        ['PAYOUT', paid.payoutRef, 700],
      ]);
      expect((await booksAfter(null)).map(({ id }) => id)).toHaveLength(new Set(await booksAfter(null)).size);
    });

    it('reports its health', async () => {
      await expect(under.gateway.checkHealth()).resolves.toBeUndefined();
    });
  });
}
