/** Publishing: what an author tells an edition to do. The publish workflow does the rest. */
import type { EditionChange } from '../db/books.ts';
import {
  type AuthorRequest,
  createRevision,
  relistEdition,
  submitEdition,
  unpublishEdition,
  withdrawEdition,
} from '../db/edition-states.ts';
import type { Tx } from '../db/client.ts';
import { once } from '../db/idempotency.ts';
import {
  editionDrafted,
  editionRelisted,
  editionSubject,
  editionSubmitted,
  editionUnpublished,
  editionWithdrawn,
} from '../events/index.ts';
import type { appendEvents } from '../streams/outbox.ts';
import { append } from './append.ts';
import { cancelRun } from '../streams/runs.ts';
import { builder } from './builder.ts';
import { type Context, refuseWhenOverloaded, signedIn } from './context.ts';
import { editionErrors, retell } from './domain-errors.ts';
import { editionOutput } from './draft.ts';
import { IdempotencyConflict } from './errors.ts';
import { idempotencyKeySchema } from './idempotency-key.ts';
import { idOf } from './ids.ts';

builder.relayMutationField(
  'submitEdition',
  {
    inputFields: (t) => ({
      editionId: t.id({ required: true, description: 'The edition.' }).validate(idOf('Edition')),
      idempotencyKey: t.string({
        required: true,
        description: 'Yours, new for each submission: the same key does it once, however often it is sent.',
        validate: idempotencyKeySchema,
      }),
    }),
  },
  {
    description: 'Hands the revision in work to be published. Watch it by Subscription.editionStatus. For its author.',
    authScopes: { signedIn: 'publish:write' },
    errors: { types: [...editionErrors, IdempotencyConflict] },
    resolve: (_root, { input: { editionId, idempotencyKey } }, context) => {
      const request = requestOf(context, editionId);
      const { now, ownerId: userId } = request;
      const body = { editionId };
      const idempotent = { userId, operation: 'submitEdition', key: idempotencyKey, body, resultId: editionId, now };
      return context
        .commit(async (tx) => {
          await once(tx, idempotent, async () => {
            await refuseWhenOverloaded(context, tx);
            await append(context, tx, [editionSubmitted.of(await submitEdition(tx, request))], now);
          });
          return { editionId };
        })
        .catch(retell);
    },
  },
  editionOutput('The edition, on its way.'),
);

addMove('withdrawEdition', 'Takes a revision back while it is prepared for sale. For its author.', {
  move: async (tx, request) => {
    const change = await withdrawEdition(tx, request);
    await cancelRun(tx, {
      workflow: 'publish',
      startedBy: editionSubmitted.type,
      subject: editionSubject(request.editionId),
      now: request.now,
    });
    return change;
  },
  tell: editionWithdrawn,
});

addMove('unpublishEdition', 'Takes an edition off sale. Who bought it keeps it. For its author.', {
  move: unpublishEdition,
  tell: editionUnpublished,
});

addMove('relistEdition', 'Puts an edition back on sale as it was. For its author.', {
  move: relistEdition,
  tell: editionRelisted,
});

addMove('createRevision', 'Begins a new revision from the live one, which stays on sale meanwhile. For its author.', {
  move: createRevision,
  tell: editionDrafted,
});

interface Move {
  move: (tx: Tx, request: AuthorRequest) => Promise<EditionChange>;
  tell: { of(change: EditionChange): Draft };
}
type Draft = Parameters<typeof appendEvents>[1][number];

function addMove(name: string, description: string, { move, tell }: Move): void {
  builder.relayMutationField(
    name,
    {
      inputFields: (t) => ({
        editionId: t.id({ required: true, description: 'The edition.' }).validate(idOf('Edition')),
      }),
    },
    {
      description,
      authScopes: { signedIn: 'publish:write' },
      errors: { types: editionErrors },
      resolve: (_root, { input: { editionId } }, context) => {
        const request = requestOf(context, editionId);
        return context
          .commit(async (tx) => {
            const change = await move(tx, request);
            await append(context, tx, [tell.of(change)], request.now);
            return { editionId };
          })
          .catch(retell);
      },
    },
    editionOutput('The edition.'),
  );
}

const requestOf = (context: Context, editionId: string): AuthorRequest => ({
  editionId,
  ownerId: signedIn(context).id,
  now: context.clock.now(),
});
