/** Health: the latest report, its history, and live. The status is public; the checks' details are for admins. */
import { desc, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import { healthReports, healthStatus } from '../db/tables/operations.ts';
import { HEALTH_SUBJECT, healthReported } from '../events/index.ts';
import type { Db } from '../db/client.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { afterKey, decodeCursor, instantMs, pageArgs, pageOf } from './pages.ts';
import { openLive, shown } from './live.ts';

const status = z.enum(healthStatus.enumValues);
const checksSchema = z.array(
  z.object({ name: z.string(), status, detail: z.string().nullish(), durationMs: z.number().nullish() }),
);
type Check = z.infer<typeof checksSchema>[number];
type ReportRow = typeof healthReports.$inferSelect;

const HealthStatus = builder.enumType('HealthStatus', {
  description: 'How the house is.',
  values: {
    UP: { description: 'All is well.' },
    DEGRADED: { description: 'It works, but something needs a look.' },
    DOWN: { description: 'Something does not work.' },
  } as const,
});

const HealthCheck = builder.objectRef<Check>('HealthCheck').implement({
  carried: true,
  description: 'What one check found.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Such as `redis` or `outbox-age`.' }),
    status: t.expose('status', { type: HealthStatus, description: 'What it found.' }),
    detail: t.exposeString('detail', {
      nullable: true,
      description: 'In plain words. For admins; null for others.',
      authScopes: { admin: 'operations:read' },
      unauthorizedResolver: () => null,
    }),
    durationMs: t.float({
      nullable: true,
      description: 'How long it took.',
      resolve: ({ durationMs }) => durationMs ?? null,
    }),
  }),
});

const HealthReport = builder.objectRef<ReportRow>('HealthReport').implement({
  carried: true,
  description: 'What all checks found at one time.',
  fields: (t) => ({
    slot: t.expose('slot', { type: 'DateTime', description: 'The time it answers for.' }),
    status: t.expose('status', { type: HealthStatus, description: 'The worst of its checks.' }),
    checks: t.field({
      type: [HealthCheck],
      description: 'One entry a check.',
      resolve: ({ checks }) => checksSchema.parse(checks),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

const HealthReportConnection = builder.connectionObject(
  { type: HealthReport, name: 'HealthReportConnection' },
  { name: 'HealthReportEdge' },
);

builder.queryField('health', (t) =>
  t.field({
    type: HealthReport,
    nullable: true,
    description: 'The latest report; null before the first.',
    authScopes: { anyone: 'ANY_KEY' },
    resolve: (_root, _args, context) => latestReport(context),
  }),
);

builder.queryField('healthHistory', (t) =>
  t.field({
    type: HealthReportConnection,
    description: 'Reports, newest first.',
    authScopes: { anyone: 'ANY_KEY' },
    args: pageArgs(t),
    resolve: async (_root, { first, after }, { db }) => {
      const from = decodeCursor(after, z.tuple([instantMs, z.uuid()]));
      const rows = await db.query.healthReports.findMany({
        where: {
          RAW: (report) =>
            afterKey(
              [
                [report.slot, 'desc'],
                [report.id, 'desc'],
              ],
              from && [new Date(from[0]), from[1]],
            ),
        },
        orderBy: { slot: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (report) => [report.slot.getTime(), report.id]);
    },
  }),
);

interface HealthUpdate {
  seq: number;
  at: Date;
  status: z.infer<typeof status> | null;
  /** Null while there is no report. */
  reportId: string | null;
}

const HealthUpdateRef = builder.objectRef<HealthUpdate>('HealthUpdate').implement({
  carried: true,
  description: 'A new report, or the latest when it is the first.',
  fields: (t) => ({
    seq: t.exposeInt('seq', { description: '1, 2, 3 … without gaps; resume with `after: seq`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was reported.' }),
    status: t.expose('status', { type: HealthStatus, nullable: true, description: 'Null before the first report.' }),
    report: t.field({
      type: HealthReport,
      nullable: true,
      description: 'The report; null before the first.',
      resolve: async ({ reportId }, _args, { db }) => {
        if (reportId === null) return null;
        const [report] = await db.select().from(healthReports).where(eq(healthReports.id, reportId));
        return report ?? null;
      },
    }),
  }),
});

builder.subscriptionField('health', (t) =>
  t.field({
    type: HealthUpdateRef,
    description: 'Each new report. For everyone; details for admins.',
    authScopes: { anyone: 'ANY_KEY' },
    args: {
      after: t.arg.int({
        required: false,
        description: 'Resume behind this seq instead of beginning with the latest report.',
        validate: z.number().min(0, 'A seq is 0 or more.'),
      }),
    },
    subscribe: (_root, { after }, context) =>
      openLive<HealthUpdate>(context, {
        subject: HEALTH_SUBJECT,
        noun: 'report',
        after: after ?? context.resumeAfter,
        owned: null,
        snapshot: watchHealth(context),
        show: (event) => {
          const report = healthReported.schema.safeParse(event.payload).data;
          return {
            seq: event.seq,
            at: event.createdAt,
            status: report?.status ?? null,
            reportId: report?.reportId ?? null,
          };
        },
      }),
    resolve: shown,
  }),
);

/** How much longer than the time between the last two reports the next one may take, before the house counts as DOWN. */
const OVERDUE_FACTOR = 2;
const OVERDUE_MS_MIN = 90_000;

/** A report tells of its own time only: when no other has followed, what makes them does not work. */
async function latestReport({ db, clock }: Context): Promise<ReportRow | null> {
  const [report, before] = await db.select().from(healthReports).orderBy(desc(healthReports.slot)).limit(2);
  if (!report) return null;
  const betweenMs = before ? report.slot.getTime() - before.slot.getTime() : 0;
  const ageMs = clock.now().getTime() - report.createdAt.getTime();
  if (ageMs <= Math.max(OVERDUE_MS_MIN, OVERDUE_FACTOR * betweenMs)) return report;
  const detail =
    `The last report is ${Math.round(ageMs / 1_000)} s old, and no other has followed. ` +
    'Look whether a worker runs, and whether Redis and PostgreSQL answer: /readyz tells.';
  const overdue: Check = { name: 'report-age', status: 'DOWN', detail };
  return { ...report, status: 'DOWN', checks: [overdue, ...checksSchema.parse(report.checks)] };
}

const snapshotRow = z.object({
  seq: z.number(),
  at: z.coerce.date(),
  status: status.nullable(),
  reportId: z.string().nullable(),
});

/** A function of its own, so that a subscription keeps no more of the context than the database. */
const watchHealth =
  ({ db }: Context) =>
  () =>
    readSnapshot(db);

async function readSnapshot(db: Db): Promise<HealthUpdate> {
  const rows = await db.execute(sql`
    select coalesce(e.seq, 0) as seq, coalesce(e.created_at, now()) as at,
           e.payload->>'status' as status, e.payload->>'reportId' as "reportId"
    from (values (1)) as one(row)
    left join lateral (
      select seq, created_at, payload from event where subject = ${HEALTH_SUBJECT} order by seq desc limit 1
    ) e on true`);
  const [row] = z.array(snapshotRow).parse([...rows]);
  if (!row) throw new TypeError('a select over one row gave none');
  return row;
}
