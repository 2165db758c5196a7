/** What openid-client throws, as this port says it. */
import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import { IdentityInvalidError, IdentityRefusedError, IdentityUnavailableError } from './provider.ts';

/** Codes of ClientError that say nothing of what was answered, only that nothing was. */
const SILENT = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM']);

export function retold(error: unknown): Error {
  if (error instanceof AuthorizationResponseError) {
    return new IdentityRefusedError(`the provider answered ${error.error}`, { cause: error });
  }
  if (error instanceof ResponseBodyError && error.status < 500) {
    return new IdentityInvalidError(`the provider refused: ${error.error}`, { cause: error });
  }
  if (error instanceof ClientError && !SILENT.has(error.code ?? '')) {
    return new IdentityInvalidError(`what came back does not fit: ${error.code ?? error.message}`, { cause: error });
  }
  return new IdentityUnavailableError('the provider does not answer', { cause: error });
}
