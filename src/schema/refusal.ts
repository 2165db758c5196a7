/** Why a rule said no, in the words of the API: who are you, which scope is missing, or you may not. */
import { type AuthFailure, AuthScopeFailureType } from '@pothos/plugin-scope-auth';
import { KEY_SCOPES, type KeyRule, type KeyScope, keyMay } from '../accounts/key-scopes.ts';
import type { Viewer } from './context.ts';
import { ForbiddenError, type HubError, UnauthenticatedError } from './errors.ts';

export function refusalOf(viewer: Viewer | null, failure: AuthFailure): HubError {
  if (!viewer) return new UnauthenticatedError();
  const missing = asked(failure).find((rule) => !keyMay(viewer.scopes, rule));
  if (missing === undefined) return new ForbiddenError();
  if (missing === 'NO_KEY') return new ForbiddenError('No API key may do this. Sign in and do it yourself.');
  return new ForbiddenError(`This API key has not the scope ${missing}. Use a key that has it.`);
}

/** What the rules that failed ask of a key. */
function asked(failure: AuthFailure): KeyRule[] {
  if ('failures' in failure) return failure.failures.flatMap(asked);
  if (failure.kind !== AuthScopeFailureType.AuthScope) return [];
  const { parameter } = failure;
  const rule: unknown = Array.isArray(parameter) ? parameter.at(-1) : parameter;
  return isKeyRule(rule) ? [rule] : [];
}

const isKeyRule = (rule: unknown): rule is KeyRule =>
  rule === 'NO_KEY' || rule === 'ANY_KEY' || (typeof rule === 'string' && isKeyScope(rule));

const isKeyScope = (text: string): text is KeyScope => Object.hasOwn(KEY_SCOPES, text);
