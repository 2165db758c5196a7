/** Which of the gateway's errors no retry can mend. */
import { PaymentGatewayError } from '../../ports/payments/gateway.ts';
import { TerminalError } from '../../streams/index.ts';

/** Rethrows: a request that the gateway will never accept ends the stage; all else is tried again under the same key. */
export function finalIfRejected(error: unknown): never {
  if (error instanceof PaymentGatewayError && !error.outcomeUnknown) {
    throw new TerminalError(`${error.code}: ${error.message}`, { cause: error });
  }
  throw error;
}
