/** Enrichments: what a machine suggests for a book, and the author's answer. */
import { decideSuggestion, provenanceSchema } from '../db/enrichments.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { retell } from './domain-errors.ts';
import { InvalidStateError, NotFoundError } from './errors.ts';
import { idOf } from './ids.ts';

const EnrichmentStatus = builder.enumType('EnrichmentStatus', {
  description: 'Where the suggestions stand.',
  values: {
    QUEUED: { description: 'Not begun.' },
    RUNNING: { description: 'Being made.' },
    READY: { description: 'Here.' },
    FAILED: { description: 'They could not be made; the book is not touched by that.' },
  } as const,
});

const SuggestionDecision = builder.enumType('SuggestionDecision', {
  description: 'What the author says to the suggestions.',
  values: {
    OPEN: { description: 'Nothing yet.' },
    ACCEPTED: { description: 'They may be shown beside the author’s own words.' },
    DISMISSED: { description: 'They are not wanted.' },
  } as const,
});

const Provenance = builder.objectRef<{ provider: string; model?: string | null | undefined }>('Provenance').implement({
  carried: true,
  description: 'Who or what made a suggestion.',
  fields: (t) => ({
    provider: t.exposeString('provider', { description: 'The maker of the suggestion.' }),
    model: t.exposeString('model', { nullable: true, description: 'The model, where there is one.' }),
  }),
});

export const Enrichment = builder.drizzleObject('enrichments', {
  name: 'Enrichment',
  carried: true,
  description: 'Suggestions by a machine. They never change what the author wrote.',
  select: { columns: { revisionId: true, decision: true } },
  fields: (t) => ({
    status: t.expose('status', { type: EnrichmentStatus, description: 'Where they stand.' }),
    decision: t.expose('decision', { type: SuggestionDecision, description: 'What the author says to them.' }),
    summary: t.exposeString('summary', { nullable: true, description: 'What the book is about.' }),
    tags: t.exposeStringList('tags', { description: 'Subjects that may fit.' }),
    readingLevel: t.exposeString('readingLevel', { nullable: true, description: 'How hard it is to read.' }),
    provenance: t.field({
      type: Provenance,
      nullable: true,
      description: 'Who or what made them.',
      select: { columns: { provenance: true } },
      resolve: ({ provenance }) => provenanceSchema.nullable().catch(null).parse(provenance),
    }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When they last changed.' }),
  }),
});

addDecision(
  'acceptSuggestion',
  'ACCEPTED',
  'Lets the suggestions be shown beside your own words. Changes none of those.',
);
addDecision('dismissSuggestion', 'DISMISSED', 'Keeps the suggestions to yourself.');

function addDecision(name: string, decision: 'ACCEPTED' | 'DISMISSED', description: string): void {
  builder.relayMutationField(
    name,
    {
      inputFields: (t) => ({
        revisionId: t
          .id({ required: true, description: 'The revision that the suggestions are for.' })
          .validate(idOf('Revision')),
      }),
    },
    {
      description,
      authScopes: { signedIn: 'publish:write' },
      errors: { types: [NotFoundError, InvalidStateError] },
      resolve: async (_root, { input }, context) => decide(context, input.revisionId, decision),
    },
    {
      outputFields: (t) => ({
        enrichment: t.drizzleField({
          type: Enrichment,
          description: 'The suggestions.',
          resolve: async (query, { revisionId }, _args, { db }) => {
            const row = await db.query.enrichments.findFirst(query({ where: { revisionId } }));
            if (!row) throw new TypeError('a decided suggestion is gone');
            return row;
          },
        }),
      }),
    },
  );
}

async function decide(context: Context, revisionId: string, decision: 'ACCEPTED' | 'DISMISSED') {
  const ownerId = signedIn(context).id;
  const now = context.clock.now();
  return context.commit((tx) => decideSuggestion(tx, { revisionId, ownerId, decision, now })).catch(retell);
}
