/**
 * Which fault the sandbox gateway plays for a call: by the payment's token, or at random by the script in force.
 *
 * Token faults hit the first attempt only (tok_error_500: the first two), counted in the books so that a restart of the
 * gateway does not begin anew. Random faults depend on (seed, operation, key, attempt) alone.
 */
import { createHash } from 'node:crypto';
import type { FaultScript } from './wire.ts';

/**
 * timeout: the connection hangs; cut: it is closed. Before: nothing is booked. After: it is booked, the answer is lost.
 */
export type Fault = 'timeoutBefore' | 'timeoutAfter' | 'cutBefore' | 'cutAfter' | 'error500' | 'decline' | 'slow';

export type FaultyOperation = 'authorize' | 'capture' | 'void' | 'refund' | 'lookup' | 'pay' | 'payee';

const ERROR_500_ATTEMPTS = 2;

/** @param faults those that calls with this key have met so far, oldest first */
export function faultOf(call: {
  readonly operation: FaultyOperation;
  readonly idempotencyKey: string;
  readonly paymentToken: string | undefined;
  readonly faults: readonly string[];
  readonly script: FaultScript | null;
}): Fault | null {
  return (
    tokenFault(call.paymentToken, call.operation, call.faults) ??
    scriptedFault(call.script, call.operation, call.idempotencyKey, call.faults.length)
  );
}

function tokenFault(token: string | undefined, operation: FaultyOperation, faults: readonly string[]): Fault | null {
  if (token === 'tok_slow' && operation !== 'lookup') return 'slow';
  if (token === 'tok_error_500' && operation === 'authorize') {
    return faults.length < ERROR_500_ATTEMPTS ? 'error500' : null;
  }
  if (faults.length > 0) return null;
  if (operation === 'authorize' || operation === 'capture') {
    if (token === `tok_timeout_before_${operation}`) return 'timeoutBefore';
    if (token === `tok_timeout_after_${operation}`) return 'timeoutAfter';
  }
  return null;
}

function scriptedFault(
  script: FaultScript | null,
  operation: FaultyOperation,
  idempotencyKey: string,
  attempt: number,
): Fault | null {
  if (script === null || attempt >= script.faultsPerKeyMax) return null;
  if (script.operations !== undefined && !script.operations.includes(operation)) return null;
  let draw = drawOf(`${script.seed}\n${operation}\n${idempotencyKey}\n${attempt}`);
  for (const [fault, rate] of faultRates(script)) {
    if (draw < rate) return fault === 'decline' && operation !== 'authorize' ? null : fault;
    draw -= rate;
  }
  return null;
}

function faultRates(script: FaultScript): [Fault, number][] {
  const { timeoutBefore, timeoutAfter, cutBefore, cutAfter, error500, decline, slow } = script.rates;
  return [
    ['timeoutBefore', timeoutBefore],
    ['timeoutAfter', timeoutAfter],
    ['cutBefore', cutBefore],
    ['cutAfter', cutAfter],
    ['error500', error500],
    ['decline', decline],
    ['slow', slow],
  ];
}

/** A number from 0 up to 1, the same for the same text. */
function drawOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
