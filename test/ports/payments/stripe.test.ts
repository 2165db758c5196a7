/** The Stripe adapter against the port's suite, and what is peculiar to Stripe: keys that are forgotten, kept 500s, search. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuthorizeRequest } from '../../../src/ports/payments/gateway.ts';
import type { PaymentProvider } from '../../../src/ports/payments/provider.ts';
import { createStripeGateway } from '../../../src/ports/payments/stripe/stripe.ts';
import { describePaymentGateway } from './conformance.ts';
import { startStripeStandIn, STRIPE_TEST_KEY, type StripeMishap, type StripeStandIn } from './stripe/server.ts';

const RETURN_URL = 'http://localhost:4000/app';
const DAY_MS = 24 * 3_600_000;

describePaymentGateway('Stripe, over HTTP to a stand-in', async () => {
  const standIn = await startStripeStandIn();
  const { world } = standIn;
  return {
    gateway: createStripeGateway({ secretKey: STRIPE_TEST_KEY, apiBase: standIn.url, returnUrl: RETURN_URL }),
    tokens: {
      succeeds: 'pm_card_visa',
      declined: 'pm_card_visa_chargeDeclined',
      requiresAction: 'pm_card_authenticationRequired',
    },
    people: {
      answerBank: async (ref, approves) => world.answerBank(ref, approves),
      completePayee: async (ref) => world.completePayee(ref),
      dispute: async (ref) => ({ disputeRef: world.dispute(ref).id }),
      endDispute: async (ref, isWon) => world.endDispute(ref, isWon),
      sendPayoutBack: async (ref) => world.reverseTransfer(ref),
      failRefund: async (ref) => world.failRefund(ref),
    },
    stop: () => standIn.stop(),
  };
});

describe('Stripe', () => {
  let standIn: StripeStandIn;
  let gateway: PaymentProvider;
  beforeEach(async () => {
    standIn = await startStripeStandIn();
    gateway = open();
  });
  afterEach(() => standIn.stop());

  const open = (more: object = {}): PaymentProvider =>
    createStripeGateway({
      secretKey: STRIPE_TEST_KEY,
      apiBase: standIn.url,
      returnUrl: RETURN_URL,
      timeoutMs: 400,
      ...more,
    });
  function order(more: Partial<AuthorizeRequest> = {}): AuthorizeRequest {
    const id = randomUUID();
    const money = { amountMinor: 999, currency: 'EUR' };
    return { idempotencyKey: `a-${id}`, ...money, reference: id, paymentToken: 'pm_card_visa', ...more };
  }
  async function authorized(more: Partial<AuthorizeRequest> = {}): Promise<string> {
    const answer = await gateway.authorize(order(more));
    if (answer.kind !== 'AUTHORIZED') throw new Error(answer.kind);
    return answer.authorizationRef;
  }
  async function captured() {
    const authorizationRef = await authorized();
    const request = { idempotencyKey: randomUUID(), authorizationRef, amountMinor: 999, currency: 'EUR' };
    const answer = await gateway.capture(request);
    if (answer.kind !== 'CAPTURED') throw new Error(answer.kind);
    return { authorizationRef, captureRef: answer.captureRef, request };
  }

  it('begins its books behind the transaction that is named, and goes on from where it was asked', async () => {
    for (let times = 0; times < 3; times++) await captured();
    const { items } = await gateway.movements({ after: null, limit: 100 });
    const [first, second, third] = items.map(({ id }) => id);
    const late = open({ booksAfter: first });
    const ids = async (after: string | null) => (await late.movements({ after, limit: 100 })).items.map(({ id }) => id);
    expect(await ids(null)).toEqual([second, third]);
    expect(await ids(second ?? '')).toEqual([third]);
  });

  describe('whose answer does not come', () => {
    it.each<[StripeMishap, string]>([
      ['cutBefore', 'GATEWAY_UNAVAILABLE'],
      ['cutAfter', 'GATEWAY_UNAVAILABLE'],
      ['hangBefore', 'GATEWAY_TIMEOUT'],
      ['hangAfter', 'GATEWAY_TIMEOUT'],
      ['rateLimit', 'GATEWAY_UNAVAILABLE'],
      ['error503', 'GATEWAY_UNAVAILABLE'],
      ['error500After', 'GATEWAY_UNAVAILABLE'],
    ])('leaves the outcome open (%s), and the repeat reserves the money once', async (mishap, code) => {
      const request = order();
      standIn.befall(/^POST \/v1\/payment_intents$/, mishap);
      await expect(gateway.authorize(request)).rejects.toMatchObject({ code, outcomeUnknown: true });
      expect(await gateway.authorize(request)).toMatchObject({ kind: 'AUTHORIZED' });
      expect(standIn.world.intents.size).toBe(1);
    });

    it('says for a day that it failed, when it did: the outcome stays open and nothing is reserved', async () => {
      const request = order();
      standIn.befall(/^POST \/v1\/payment_intents$/, 'error500');
      await expect(gateway.authorize(request)).rejects.toMatchObject({ outcomeUnknown: true });
      await expect(gateway.authorize(request)).rejects.toMatchObject({ outcomeUnknown: true });
      expect(standIn.world.intents.size).toBe(0);
      standIn.forgetKeys();
      expect(await gateway.authorize(request)).toMatchObject({ kind: 'AUTHORIZED' });
    });

    it.each(['cutAfter', 'hangAfter', 'error503'] as const)('captures once, whatever was heard: %s', async (mishap) => {
      const authorizationRef = await authorized();
      const request = { idempotencyKey: 'c', authorizationRef, amountMinor: 999, currency: 'EUR' };
      standIn.befall(/capture$/, mishap);
      await expect(gateway.capture(request)).rejects.toMatchObject({ outcomeUnknown: true });
      expect(await gateway.capture(request)).toMatchObject({ kind: 'CAPTURED' });
      expect(await gateway.lookup({ authorizationRef })).toMatchObject({ kind: 'CAPTURED', capturedMinor: 999 });
    });

    it('is not waited for when the caller gives up', async () => {
      standIn.befall(/payment_intents/, 'hangBefore');
      const patient = open({ timeoutMs: 60_000 });
      const request = { ...order(), signal: AbortSignal.timeout(20) };
      await expect(patient.authorize(request)).rejects.toMatchObject({ code: 'GATEWAY_TIMEOUT' });
    });

    it('is unavailable when nothing listens', async () => {
      const nowhere = open({ apiBase: 'http://127.0.0.1:1' });
      await expect(nowhere.checkHealth()).rejects.toMatchObject({ code: 'GATEWAY_UNAVAILABLE', outcomeUnknown: true });
    });
  });

  describe('that has forgotten a key after a day', () => {
    const dayLater = () => open({ now: () => new Date(Date.now() + DAY_MS) });

    it('is asked for the payment before the key is sent again', async () => {
      const request = order({ keyStoredAt: new Date() });
      const first = await gateway.authorize(request);
      standIn.forgetKeys();
      expect(await dayLater().authorize(request)).toEqual(first);
      expect(standIn.world.intents.size).toBe(1);
    });

    it('knows from the payment itself by which key it was captured', async () => {
      const { captureRef, request } = await captured();
      standIn.forgetKeys();
      expect(await gateway.capture(request)).toEqual({ kind: 'CAPTURED', captureRef });
      expect(await gateway.capture({ ...request, idempotencyKey: 'another' })).toMatchObject({ kind: 'REFUSED' });
    });

    it('neither refunds nor pays twice', async () => {
      const { captureRef, authorizationRef } = await captured();
      const refund = { idempotencyKey: 'r', captureRef, amountMinor: 100, currency: 'EUR' };
      const first = await gateway.refund(refund);
      const { payeeRef } = await gateway.openPayee({
        idempotencyKey: 'p',
        reference: 'ada',
        email: 'ada@example.org',
        country: 'DE',
      });
      standIn.world.completePayee(payeeRef);
      const payout = { idempotencyKey: 'pay', payeeRef, amountMinor: 100, currency: 'EUR', reference: 'x' };
      const paid = await gateway.pay(payout);
      standIn.forgetKeys();
      expect(await gateway.refund(refund)).toEqual(first);
      expect(await gateway.pay(payout)).toEqual(paid);
      expect(await gateway.lookup({ authorizationRef })).toMatchObject({ refundedMinor: 100 });
      expect(standIn.world.transfers.size).toBe(1);
      await expect(gateway.refund({ ...refund, amountMinor: 1 })).rejects.toMatchObject({
        code: 'GATEWAY_IDEMPOTENCY_CONFLICT',
      });
    });
  });

  it('finds a payment by its key only when its search knows of it, and by its ref at once', async () => {
    await standIn.stop();
    standIn = await startStripeStandIn({ searchLagSeconds: 60 });
    gateway = open();
    const request = order();
    const answer = await gateway.authorize(request);
    if (answer.kind !== 'AUTHORIZED') throw new Error(answer.kind);
    const { authorizationRef } = answer;
    expect(await gateway.lookup({ idempotencyKey: request.idempotencyKey })).toEqual({ kind: 'NOT_FOUND' });
    expect(await gateway.lookup({ authorizationRef })).toMatchObject({ kind: 'AUTHORIZED' });
    expect(await gateway.authorize(request)).toEqual(answer);
  });

  it('finds a payment by a key with quotes in it, and no other', async () => {
    const request = order({ idempotencyKey: "it's \\ 'odd'" });
    await gateway.authorize(order());
    await gateway.authorize(request);
    expect(await gateway.lookup({ idempotencyKey: request.idempotencyKey })).toMatchObject({
      reference: request.reference,
    });
  });

  it.each([
    ['pm_card_visa_chargeDeclined', 'generic_decline'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_made_up', 'resource_missing'],
  ])('declines %s with its reason: %s', async (paymentToken, reasonCode) => {
    expect(await gateway.authorize(order({ paymentToken }))).toMatchObject({ kind: 'DECLINED', reasonCode });
  });

  it('declines an amount that no card can pay', async () => {
    const answer = await gateway.authorize(order({ amountMinor: 10 }));
    expect(answer).toMatchObject({ kind: 'DECLINED', reasonCode: 'amount_too_small' });
  });

  it('is told apart from a void when it has given up an authorization by itself', async () => {
    const authorizationRef = await authorized();
    Object.assign(standIn.world.intents.get(authorizationRef) ?? {}, {
      status: 'canceled',
      cancellation_reason: 'automatic',
    });
    expect(await gateway.lookup({ authorizationRef })).toMatchObject({ kind: 'EXPIRED' });
    const capture = { idempotencyKey: 'c', authorizationRef, amountMinor: 999, currency: 'EUR' };
    expect(await gateway.capture(capture)).toMatchObject({ kind: 'REFUSED', reasonCode: 'authorization_expired' });
    expect(await gateway.void({ idempotencyKey: 'v', authorizationRef })).toMatchObject({ kind: 'REFUSED' });
  });

  it('refuses a payout that our balance does not cover, in words that let it be tried later', async () => {
    const asked = { idempotencyKey: 'p', reference: 'ada', email: 'ada@example.org', country: 'DE' };
    const { payeeRef } = await gateway.openPayee(asked);
    standIn.world.completePayee(payeeRef);
    const payout = { idempotencyKey: 'pay', payeeRef, amountMinor: 9_000_000, currency: 'EUR', reference: 'x' };
    expect(await gateway.pay(payout)).toMatchObject({ kind: 'REFUSED', reasonCode: 'balance_insufficient' });
    expect(await gateway.lookupPayout({ idempotencyKey: 'pay' })).toEqual({ kind: 'NOT_FOUND' });
  });

  it('that refuses our key is an outage to be mended, and the key is not told', async () => {
    const wrong = open({ secretKey: 'sk_test_wrong_key_123' });
    const error: unknown = await wrong.authorize(order()).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', outcomeUnknown: true });
    expect(String(error)).not.toMatch(/sk_test/);
  });

  it('counts krónur in hundredths, and we do not', async () => {
    const request = order({ amountMinor: 1_200, currency: 'ISK' });
    const authorizationRef = await authorized(request);
    expect(standIn.world.intents.get(authorizationRef)).toMatchObject({ amount: 120_000, currency: 'isk' });
    expect(await gateway.lookup({ authorizationRef })).toMatchObject({ amountMinor: 1_200, currency: 'ISK' });
  });
});
