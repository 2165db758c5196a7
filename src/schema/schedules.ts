/** The schedules: what ran last, what comes next, and running one now. For admins. */
import { desc, eq } from 'drizzle-orm';
import { cronSlots } from '../db/tables/index.ts';
import { searchSchema } from '../books/text.ts';
import { builder } from './builder.ts';
import { type ScheduleView, signedIn } from './context.ts';
import { InvalidStateError, NotFoundError } from './errors.ts';

const SLOTS_SHOWN = 10;
const NAME_CHARS_MAX = 100;

const Slot = builder.objectRef<typeof cronSlots.$inferSelect>('ScheduleSlot').implement({
  description: 'A time at which a schedule was due, and was run once.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    at: t.expose('slot', { type: 'DateTime', description: 'When it was due.' }),
    claimedBy: t.exposeString('claimedBy', { description: 'The process that took it, or who ran it by hand.' }),
    claimedAt: t.expose('createdAt', { type: 'DateTime', description: 'When.' }),
  }),
});

const Schedule = builder.objectRef<ScheduleView>('Schedule').implement({
  description: 'What is done by the clock.',
  authScopes: { admin: 'operations:read' },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Such as `health`.' }),
    cron: t.exposeString('cron', { description: 'When, as a cron expression in UTC.' }),
    nextAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'The next time it is due.',
      resolve: (schedule) => schedule.next(),
    }),
    lastSlots: t.field({
      type: [Slot],
      description: `The last ${SLOTS_SHOWN} times it was due, the newest first.`,
      resolve: ({ name }, _args, { db }) =>
        db.select().from(cronSlots).where(eq(cronSlots.name, name)).orderBy(desc(cronSlots.slot)).limit(SLOTS_SHOWN),
    }),
  }),
});

builder.queryField('schedules', (t) =>
  t.field({
    type: [Schedule],
    description: 'Everything that is done by the clock. For admins.',
    authScopes: { admin: 'operations:read' },
    resolve: (_root, _args, { schedules }) => [...schedules],
  }),
);

builder.relayMutationField(
  'runSchedule',
  {
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'Its name.', validate: searchSchema(NAME_CHARS_MAX) }),
    }),
  },
  {
    description: 'Runs a schedule now, beside its own times. For admins.',
    authScopes: { admin: 'operations:write' },
    errors: { types: [NotFoundError, InvalidStateError] },
    resolve: async (_root, { input }, context) => {
      const schedule = context.schedules.find(({ name }) => name === input.name);
      if (!schedule) throw new NotFoundError('schedule');
      const by = signedIn(context).email;
      const ran = await context.commit((tx) => schedule.runNow(tx, { by, now: context.clock.now() }));
      if (!ran) throw new InvalidStateError('It has been run in this very second already.', 'CLAIMED');
      return { schedule };
    },
  },
  {
    outputFields: (t) => ({
      schedule: t.field({ type: Schedule, description: 'As it is now.', resolve: ({ schedule }) => schedule }),
    }),
  },
);
