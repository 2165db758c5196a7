/** Asking the API to do something: what was done, or why not, in the shape that forms show. */
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { act } from './hooks.ts';
import type { Fault } from './forms.tsx';

/** Why something was not done. */
export interface Refusal {
  faults?: readonly Fault[];
  problem?: string;
}

/** As one text, where there are no fields for the faults. */
export const wordsIn = ({ faults, problem }: Refusal): string =>
  faults?.map(({ message }) => message).join(' ') ?? problem ?? 'That did not work. Try again.';

interface Answered {
  __typename: string;
}

type Payload<Result extends Answered, Name extends string> = Extract<Result, { __typename: Name }>;

/**
 * Sends a mutation whose field is named `result`.
 * @returns the payload of that name, or what to show in its place
 */
export async function send<
  Result extends Answered,
  Variables extends Record<string, unknown>,
  Name extends Result['__typename'],
>(
  document: TypedDocumentNode<{ result: Result }, Variables>,
  variables: Variables,
  payload: Name,
): Promise<{ done: Payload<Result, Name>; refused: null } | { done: null; refused: Refusal; result: Result | null }> {
  const { data, refusal } = await act(document, variables);
  const result = data?.result ?? null;
  if (result && isPayload<Result, Name>(result, payload)) return { done: result, refused: null };
  const faults = result ? faultsIn(result) : null;
  const refused = faults ? { faults } : { problem: refusal ?? 'That did not work. Try again.' };
  return { done: null, refused, result };
}

const isPayload = <Result extends Answered, Name extends string>(
  result: Result,
  name: Name,
): result is Payload<Result, Name> => result.__typename === name;

function faultsIn(result: object): Fault[] | null {
  if (!('fields' in result) || !Array.isArray(result.fields)) return null;
  return result.fields.flatMap((field: unknown) =>
    typeof field === 'object' && field !== null && 'path' in field && 'message' in field
      ? [{ path: String(field.path), message: String(field.message) }]
      : [],
  );
}
