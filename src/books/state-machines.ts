/**
 * What states money's things have, and how they move between them.
 *
 * Promise: the tables move in no other way, and in each of these: test/consumers/state-machines.test.ts drives every way
 * and compares what the database saw. docs/money.md draws them from here (`npm run flow`).
 * Not here: what moves them (the workflows), what is booked meanwhile (docs/money.md).
 */

interface Move<State extends string> {
  readonly from: State;
  readonly to: State;
  /** In a few words, for the drawing. */
  readonly when: string;
}

export interface StateMachine<State extends string = string> {
  readonly name: string;
  /** Whose column `status` it is. */
  readonly table: string;
  readonly states: readonly State[];
  /** What its rows are inserted with. */
  readonly begins: readonly State[];
  readonly moves: readonly Move<State>[];
}

function machine<const State extends string>(
  name: string,
  table: string,
  begins: readonly NoInfer<State>[],
  states: readonly State[],
  moves: readonly (readonly [from: NoInfer<State>, to: NoInfer<State>, when: string])[],
): StateMachine<State> {
  return { name, table, states, begins, moves: moves.map(([from, to, when]) => ({ from, to, when })) };
}

export const STATE_MACHINES: readonly StateMachine[] = [
  machine(
    'Order',
    'order',
    ['PENDING_PAYMENT'],
    [
      'PENDING_PAYMENT',
      'REQUIRES_ACTION',
      'AUTHORIZED',
      'CAPTURING',
      'PAID',
      'FULFILLING',
      'COMPLETED',
      'EXPIRED',
      'DECLINED',
      'CANCELLED',
    ],
    [
      ['PENDING_PAYMENT', 'CAPTURING', 'the amount is reserved and being taken'],
      ['PENDING_PAYMENT', 'AUTHORIZED', 'nothing is to be paid'],
      ['PENDING_PAYMENT', 'REQUIRES_ACTION', 'the bank asks the buyer'],
      ['PENDING_PAYMENT', 'DECLINED', 'the bank says no'],
      ['PENDING_PAYMENT', 'CANCELLED', 'not for sale, or the provider refuses'],
      ['REQUIRES_ACTION', 'CAPTURING', 'the buyer says yes, and the amount is being taken'],
      ['REQUIRES_ACTION', 'DECLINED', 'the buyer says no'],
      ['REQUIRES_ACTION', 'EXPIRED', 'the buyer says nothing'],
      ['REQUIRES_ACTION', 'CANCELLED', 'the provider refuses'],
      ['AUTHORIZED', 'PAID', 'nothing was to be taken'],
      ['AUTHORIZED', 'CAPTURING', 'an older release had reserved the amount, and it is being taken'],
      ['CAPTURING', 'PAID', 'it was taken and booked'],
      ['CAPTURING', 'CANCELLED', 'refused, and nothing was kept'],
      ['PAID', 'COMPLETED', 'the book is in the library'],
      ['PAID', 'FULFILLING', 'it could not be put there yet'],
      ['FULFILLING', 'COMPLETED', 'the book is in the library'],
    ],
  ),
  machine(
    'Refund',
    'refund',
    ['REQUESTED'],
    ['REQUESTED', 'SUBMITTED', 'SETTLED', 'FAILED'],
    [
      ['REQUESTED', 'SUBMITTED', 'the provider takes it on'],
      ['REQUESTED', 'FAILED', 'the provider refuses it'],
      ['SUBMITTED', 'SETTLED', 'the buyer has it'],
      ['SUBMITTED', 'FAILED', 'the bank sends it back'],
      ['SETTLED', 'FAILED', 'the bank sends it back later'],
    ],
  ),
  machine(
    'Dispute',
    'dispute',
    ['OPEN'],
    ['OPEN', 'WON', 'LOST'],
    [
      ['OPEN', 'WON', 'the bank gives the money back'],
      ['OPEN', 'LOST', 'the buyer keeps the money'],
    ],
  ),
  machine(
    'Right to read',
    'entitlement',
    ['ACTIVE'],
    ['ACTIVE', 'SUSPENDED', 'REVOKED', 'REFUNDED'],
    [
      ['ACTIVE', 'SUSPENDED', 'a dispute is opened'],
      ['ACTIVE', 'REFUNDED', 'all of the line goes back'],
      ['SUSPENDED', 'ACTIVE', 'the dispute is won'],
      ['SUSPENDED', 'REVOKED', 'the dispute is lost'],
      ['REFUNDED', 'ACTIVE', 'the refund fails, or it is bought again'],
      ['REFUNDED', 'SUSPENDED', 'the refund fails while a dispute is open'],
      ['REFUNDED', 'REVOKED', 'the refund fails after a dispute was lost'],
      ['REVOKED', 'ACTIVE', 'it is bought again'],
    ],
  ),
  machine(
    'Payee',
    'payee',
    ['OPENING'],
    ['OPENING', 'ONBOARDING', 'READY', 'REFUSED'],
    [
      ['OPENING', 'ONBOARDING', 'the provider wants to know more'],
      ['OPENING', 'REFUSED', 'the provider does not take the author on'],
      ['ONBOARDING', 'READY', 'the author has answered'],
      ['ONBOARDING', 'REFUSED', 'the provider turns the author down'],
      ['ONBOARDING', 'OPENING', 'the shop has changed its provider'],
      ['READY', 'ONBOARDING', 'the provider wants to know more again'],
      ['READY', 'OPENING', 'the shop has changed its provider'],
      ['REFUSED', 'OPENING', 'the author tries again'],
    ],
  ),
  machine(
    'Payout',
    'payout',
    ['REQUESTED'],
    ['REQUESTED', 'PROCESSING', 'PAID', 'FAILED'],
    [
      ['REQUESTED', 'PROCESSING', 'the provider takes it on'],
      ['REQUESTED', 'FAILED', 'the provider refuses it'],
      ['PROCESSING', 'PAID', 'the author has it'],
      ['PROCESSING', 'FAILED', 'the bank sends it back'],
      ['PAID', 'FAILED', 'the bank sends it back later'],
    ],
  ),
];
