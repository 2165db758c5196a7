/** The stand-in's endpoints: parameters in, an object of Stripe's API or a fault out. Unknown parameters are refused. */
import { z } from 'zod';
import { type Intent, type Json, type Refund, StripeFault, type StripeWorld, type Transaction } from './world.ts';

export interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** With the object's id as its only group, if it has one. */
  readonly path: RegExp;
  /** @throws z.ZodError for parameters that the endpoint does not take, StripeFault for what it refuses */
  readonly answer: (world: StripeWorld, params: unknown, id: string, place: Place) => Json;
}

export interface Place {
  readonly baseUrl: string;
  readonly searchLagSeconds: number;
}

function endpoint<Params>(
  method: 'GET' | 'POST',
  path: RegExp,
  params: z.ZodType<Params>,
  answer: (world: StripeWorld, params: Params, id: string, place: Place) => Json,
): Endpoint {
  return { method, path, answer: (world, given, id, place) => answer(world, params.parse(given), id, place) };
}

const whole = z
  .string()
  .regex(/^\d{1,12}$/, 'parameter_invalid_integer')
  .transform(Number);
const amount = whole.refine((value) => value > 0, 'parameter_invalid_integer');
const currency = z.string().regex(/^[a-z]{3}$/);
const metadata = z.record(z.string().max(40), z.string().max(500)).default({});
const expand = z.array(z.string()).optional();
const nothing = z.strictObject({ expand });
const paging = {
  limit: whole.refine((value) => value >= 1 && value <= 100).default(10),
  starting_after: z.string().optional(),
  ending_before: z.string().optional(),
  expand,
};

/** As in Stripe's list of test cards. */
const DECLINES: Readonly<Record<string, [decline: string, message: string]>> = {
  pm_card_visa_chargeDeclined: ['generic_decline', 'Your card was declined.'],
  pm_card_visa_chargeDeclinedInsufficientFunds: ['insufficient_funds', 'Your card has insufficient funds.'],
};
const CARDS_3DS = new Set(['pm_card_authenticationRequired', 'pm_card_threeDSecure2Required']);
const CARDS = new Set(['pm_card_visa', 'pm_card_mastercard', ...CARDS_3DS, ...Object.keys(DECLINES)]);

const createIntent = z.strictObject({
  amount,
  currency,
  allowed_payment_method_types: z.array(z.literal('card')),
  capture_method: z.literal('manual'),
  confirm: z.literal('true'),
  description: z.string().max(1_000).optional(),
  metadata,
  payment_method: z.string(),
  return_url: z.url(),
});

export const endpoints: readonly Endpoint[] = [
  endpoint('POST', /^\/v1\/payment_intents$/, createIntent, (world, params, _id, place) => {
    if (!CARDS.has(params.payment_method)) throw missing('PaymentMethod', params.payment_method, 'payment_method');
    if (params.amount < 50) {
      throw new StripeFault(400, {
        code: 'amount_too_small',
        message: 'Amount must be at least 50 cents.',
        param: 'amount',
      });
    }
    const { payment_method, return_url: returnUrl } = params;
    const intent: Intent = {
      id: world.id('pi'),
      object: 'payment_intent',
      amount: params.amount,
      amount_capturable: 0,
      amount_received: 0,
      cancellation_reason: null,
      capture_method: 'manual',
      created: world.seconds(),
      currency: params.currency,
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      metadata: params.metadata,
      next_action: null,
      payment_method,
      payment_method_types: ['card'],
      status: 'requires_confirmation',
    };
    world.intents.set(intent.id, intent);
    world.emit('payment_intent.created', intent);
    const [declineCode, message] = DECLINES[payment_method] ?? [];
    if (message !== undefined) {
      const error = { type: 'card_error', code: 'card_declined', decline_code: declineCode, message };
      world.decline(intent, error);
      throw new StripeFault(402, { ...error, payment_intent: structuredClone(intent) });
    }
    if (!CARDS_3DS.has(payment_method)) world.authorize(intent);
    else {
      const url = `${place.baseUrl}/3ds/${intent.id}`;
      const next = { type: 'redirect_to_url', redirect_to_url: { url, return_url: returnUrl } };
      Object.assign(intent, { status: 'requires_action', next_action: next });
      world.emit('payment_intent.requires_action', intent);
    }
    return intent;
  }),
  endpoint(
    'GET',
    /^\/v1\/payment_intents\/search$/,
    z.strictObject({ query: z.string(), limit: paging.limit, page: z.string().optional(), expand }),
    (world, { query, limit }, _id, { searchLagSeconds }) => {
      const [, key = '', quoted = ''] = /^metadata\['([^'[\]]+)'\]:'((?:[^'\\]|\\.)*)'$/.exec(query) ?? [];
      const value = quoted.replaceAll(/\\(.)/g, '$1');
      const data = [...world.intents.values()].filter(
        (one) => one.metadata[key] === value && one.created + searchLagSeconds <= world.seconds(),
      );
      return { object: 'search_result', data: data.slice(0, limit), has_more: data.length > limit, next_page: null };
    },
  ),
  endpoint('GET', /^\/v1\/payment_intents\/(pi_\w+|auth_\w+)$/, nothing, (world, _params, id) => intentOf(world, id)),
  endpoint(
    'POST',
    /^\/v1\/payment_intents\/(\w+)\/capture$/,
    z.strictObject({ amount_to_capture: amount.optional(), metadata, expand }),
    (world, params, id) => {
      const intent = intentOf(world, id);
      if (intent.status !== 'requires_capture') throw unexpected(intent, 'captured', 'requires_capture');
      const wanted = params.amount_to_capture ?? intent.amount;
      if (wanted > intent.amount) {
        throw new StripeFault(400, {
          code: 'amount_too_large',
          message: 'The amount to capture is greater than the amount that can be captured.',
          param: 'amount_to_capture',
        });
      }
      Object.assign(intent.metadata, params.metadata);
      world.capture(intent, wanted);
      return intent;
    },
  ),
  endpoint(
    'POST',
    /^\/v1\/payment_intents\/(\w+)\/cancel$/,
    z.strictObject({ cancellation_reason: z.string().optional(), expand }),
    (world, params, id) => {
      const intent = intentOf(world, id);
      if (intent.status === 'succeeded' || intent.status === 'canceled') {
        throw unexpected(intent, 'canceled', 'requires_payment_method, requires_capture or requires_action');
      }
      const reason = params.cancellation_reason ?? null;
      Object.assign(intent, {
        status: 'canceled',
        cancellation_reason: reason,
        amount_capturable: 0,
        next_action: null,
      });
      world.emit('payment_intent.canceled', intent);
      return intent;
    },
  ),
  endpoint('GET', /^\/v1\/charges\/(\w+)$/, nothing, (world, _params, id) => {
    const charge = world.charges.get(id);
    if (!charge) throw missing('charge', id, 'id');
    return charge;
  }),
  endpoint(
    'POST',
    /^\/v1\/refunds$/,
    z.strictObject({ charge: z.string(), amount, reason: z.string().optional(), metadata }),
    createRefund,
  ),
  endpoint('GET', /^\/v1\/refunds$/, z.strictObject({ charge: z.string(), ...paging }), (world, params) =>
    page([...world.refunds.values()].filter(({ charge }) => charge === params.charge).toReversed(), params),
  ),
  endpoint('GET', /^\/v1\/disputes\/(\w+)$/, nothing, (world, params, id) => {
    const dispute = world.disputes.get(id);
    if (!dispute) throw missing('dispute', id, 'id');
    return params.expand?.includes('charge') ? { ...dispute, charge: world.charge(dispute.charge) } : dispute;
  }),
  endpoint(
    'POST',
    /^\/v1\/accounts$/,
    z.strictObject({
      country: z.string().length(2),
      email: z.email(),
      controller: z.record(z.string(), z.unknown()),
      capabilities: z.record(z.string(), z.object({ requested: z.string() })),
      metadata,
    }),
    (world, params) => {
      const account = {
        id: world.id('acct'),
        object: 'account',
        ...params,
        capabilities: { transfers: 'inactive' as const },
        payouts_enabled: false,
        details_submitted: false,
      };
      world.accounts.set(account.id, account);
      return account;
    },
  ),
  endpoint('GET', /^\/v1\/accounts\/(\w+)$/, nothing, (world, _params, id) => {
    const account = world.accounts.get(id);
    if (account) return account;
    throw new StripeFault(403, {
      code: 'account_invalid',
      message: `The provided key does not have access to account '${id}' (or that account does not exist).`,
    });
  }),
  endpoint(
    'POST',
    /^\/v1\/account_links$/,
    z.strictObject({
      account: z.string(),
      type: z.literal('account_onboarding'),
      refresh_url: z.url(),
      return_url: z.url(),
    }),
    (world, params, _id, { baseUrl }) => {
      const expires = world.seconds() + 300;
      return {
        object: 'account_link',
        url: `${baseUrl}/setup/${params.account}/${world.id('s')}`,
        expires_at: expires,
      };
    },
  ),
  endpoint(
    'POST',
    /^\/v1\/transfers$/,
    z.strictObject({
      amount,
      currency,
      destination: z.string(),
      description: z.string().optional(),
      transfer_group: z.string().optional(),
      metadata,
    }),
    (world, params) => {
      const account = world.accounts.get(params.destination);
      if (!account) throw missing('destination', params.destination, 'destination');
      if (account.capabilities.transfers !== 'active') {
        throw new StripeFault(400, {
          code: 'insufficient_capabilities_for_transfer',
          message: 'Your destination account needs to have the transfers capability enabled.',
        });
      }
      if (world.available(params.currency) < params.amount) {
        throw new StripeFault(400, {
          code: 'balance_insufficient',
          message: 'You have insufficient available funds in your Stripe account.',
        });
      }
      const transfer = {
        id: world.id('tr'),
        object: 'transfer',
        ...params,
        amount_reversed: 0,
        created: world.seconds(),
        reversed: false,
        transfer_group: params.transfer_group ?? null,
      };
      world.transfers.set(transfer.id, transfer);
      world.move('transfer', transfer, { amount: -params.amount, currency: params.currency });
      world.emit('transfer.created', transfer);
      return transfer;
    },
  ),
  endpoint('GET', /^\/v1\/transfers$/, z.strictObject({ transfer_group: z.string(), ...paging }), (world, params) =>
    page(
      [...world.transfers.values()].filter((one) => one.transfer_group === params.transfer_group).toReversed(),
      params,
    ),
  ),
  endpoint('GET', /^\/v1\/balance_transactions$/, z.strictObject(paging), (world, params) => {
    const expands = params.expand?.includes('data.source') ?? false;
    const told = world.transactions.map((one) => (expands ? { ...one, source: sourceOf(world, one) } : one));
    return page(told.toReversed(), params);
  }),
  endpoint('GET', /^\/v1\/balance$/, nothing, (world) => ({
    object: 'balance',
    available: ['eur', 'usd'].map((one) => ({ amount: world.available(one), currency: one })),
    pending: [],
  })),
];

function createRefund(
  world: StripeWorld,
  params: { charge: string; amount: number; metadata: Record<string, string> },
): Json {
  const charge = world.charges.get(params.charge);
  if (!charge) throw missing('charge', params.charge, 'charge');
  const lost = [...world.disputes.values()].some((one) => one.charge === charge.id && one.status !== 'won');
  if (lost) throw new StripeFault(400, { code: 'charge_disputed', message: 'The charge is disputed.' });
  const left = charge.amount_captured - charge.amount_refunded;
  if (left === 0) {
    throw new StripeFault(400, { code: 'charge_already_refunded', message: `Charge ${charge.id} has been refunded.` });
  }
  if (params.amount > left) {
    const message = `Refund amount (${params.amount}) is greater than unrefunded amount on charge (${left})`;
    throw new StripeFault(400, { message, param: 'amount' });
  }
  const refund: Refund = {
    id: world.id('re'),
    object: 'refund',
    ...params,
    created: world.seconds(),
    currency: charge.currency,
    payment_intent: charge.payment_intent,
    status: 'succeeded',
  };
  charge.amount_refunded += params.amount;
  world.refunds.set(refund.id, refund);
  world.move('refund', refund, { amount: -params.amount, currency: charge.currency });
  world.emit('refund.created', refund);
  world.emit('charge.refunded', charge);
  return refund;
}

function sourceOf(world: StripeWorld, { source }: Transaction): Json | string {
  return (
    world.charges.get(source) ??
    world.refunds.get(source) ??
    world.disputes.get(source) ??
    world.transfers.get(source) ??
    world.reversals.get(source) ??
    source
  );
}

interface Paging {
  limit: number;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
}

/** @param newestFirst all there are */
function page(newestFirst: readonly { id: string }[], paging: Paging): Json {
  const { limit, starting_after: after, ending_before: before } = paging;
  const indexOf = (id: string) => {
    const index = newestFirst.findIndex((one) => one.id === id);
    if (index < 0) throw missing('object', id, after === undefined ? 'ending_before' : 'starting_after');
    return index;
  };
  if (before !== undefined) {
    const end = indexOf(before);
    const start = Math.max(0, end - limit);
    return { object: 'list', data: newestFirst.slice(start, end), has_more: start > 0 };
  }
  const start = after === undefined ? 0 : indexOf(after) + 1;
  const data = newestFirst.slice(start, start + limit);
  return { object: 'list', data, has_more: start + data.length < newestFirst.length };
}

function intentOf(world: StripeWorld, id: string): Intent {
  const intent = world.intents.get(id);
  if (!intent) throw missing('payment_intent', id, 'intent');
  return intent;
}

const missing = (noun: string, id: string, param: string): StripeFault =>
  new StripeFault(param === 'payment_method' || param === 'destination' ? 400 : 404, {
    code: 'resource_missing',
    message: `No such ${noun}: '${id}'`,
    param,
  });

function unexpected(intent: Intent, verb: string, wanted: string): StripeFault {
  const message = `This PaymentIntent could not be ${verb} because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be ${verb}: ${wanted}.`;
  const payment_intent = structuredClone(intent);
  return new StripeFault(400, { code: 'payment_intent_unexpected_state', message, payment_intent });
}
