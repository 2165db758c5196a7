/**
 * The engine broken on purpose: each mutation is a small change of one source file that some row must catch.
 *
 * A mutation whose `before` is no longer found, or is found twice, fails the run: it must be mended with the code.
 */

export interface Mutation {
  /** kebab-case */
  readonly name: string;
  readonly breaks: string;
  readonly file: string;
  readonly before: string;
  readonly after: string;
  /** Rows that should catch it, tried in this order until one does. */
  readonly rows: readonly number[];
}

const DECIDE = 'src/streams/decide.ts';

export const mutations: readonly Mutation[] = [
  {
    name: 'drop-inbox-check',
    breaks: 'every delivery of an event is worked on, the tenth like the first',
    file: DECIDE,
    before: 'if (!claimed || taken.has(delivery.runId) || !admits(claimed, delivery, stage)) return [];',
    after: 'if (!claimed) return [];',
    rows: [10, 9],
  },
  {
    name: 'work-in-any-state',
    breaks: 'a run that has ended or is being undone is carried on',
    file: DECIDE,
    before: "run.state === (delivery.kind === 'RUN' ? 'RUNNING' : 'COMPENSATING') &&",
    after: '',
    rows: [10],
  },
  {
    name: 'come-before-the-timer',
    breaks: 'a delivery is worked on although a later try is planned',
    file: DECIDE,
    before: '!run.isWaiting',
    after: 'true',
    rows: [10],
  },
  {
    name: 'take-a-run-twice-in-a-batch',
    breaks: 'a batch that holds an event twice works on it twice',
    file: DECIDE,
    before: 'if (!claimed || taken.has(delivery.runId) || !admits(',
    after: 'if (!claimed || !admits(',
    rows: [10],
  },
  {
    name: 'undo-after-the-pivot',
    breaks: 'a stage after the point of no return is undone when it fails',
    file: DECIDE,
    before: 'seat.workflow.failsWith && !seat.isAfterPivot)',
    after: 'seat.workflow.failsWith)',
    rows: [16],
  },
  {
    name: 'undo-oldest-first',
    breaks: 'compensations run in the order of their stages',
    file: DECIDE,
    before: '.toSorted((a, b) => b.id - a.id)',
    after: '.toSorted((a, b) => a.id - b.id)',
    rows: [10],
  },
  {
    name: 'forget-the-failed-stage',
    breaks: 'the stage that failed is not undone, although its call may have landed',
    file: DECIDE,
    before: '[seat.stage, ...stagesBefore(seat.stage, seat.workflow.stages)]',
    after: '[...stagesBefore(seat.stage, seat.workflow.stages)]',
    rows: [10],
  },
  {
    name: 'give-up-undoing',
    breaks: 'a compensation is tried once and then given up',
    file: DECIDE,
    before: 'untilDone({ delayMs: 1_000, delayMsMax: 60_000 })',
    after: '{ attemptsMax: 1, delayMs: 1, delayMsMax: 1, factor: 1 }',
    rows: [10],
  },
  {
    name: 'refill-from-the-fastest',
    breaks: 'a lost stream is filled again after what the fastest stage has finished',
    file: DECIDE,
    before: 'return Math.min(...waitedFor',
    after: 'return Math.max(...waitedFor',
    rows: [10],
  },
  {
    name: 'refill-past-silent-stages',
    breaks: 'a stage that has not told its progress yet is passed over when a stream is filled again',
    file: DECIDE,
    before: 'done.get(stage) ?? 0)',
    after: 'done.get(stage) ?? Number.MAX_SAFE_INTEGER)',
    rows: [10],
  },
  {
    name: 'finish-what-is-pending',
    breaks: 'what was handed out counts as finished, acknowledged or not',
    file: DECIDE,
    before: 'group.oldestPending === null ? group.lastDelivered : group.oldestPending - 1',
    after: 'group.lastDelivered',
    rows: [10],
  },
  {
    name: 'never-repair',
    breaks: 'a stream that lost its end counts as whole',
    file: DECIDE,
    before: "return lastInRedis < lastStamped ? 'BEHIND' : 'AHEAD';",
    after: "return lastInRedis < lastStamped ? 'WHOLE' : 'AHEAD';",
    rows: [10, 4],
  },
  {
    name: 'keep-the-money-of-a-late-capture',
    breaks: 'a void that the gateway refused counts as done',
    file: 'src/consumers/purchase/authorize-payment.ts',
    before: 'throw new Error(`void refused: ${answer.reasonCode}, ${answer.message}`);',
    after: 'return;',
    rows: [10],
  },
  {
    name: 'forget-the-gateway-key',
    breaks: 'the key of a call is made up when it is made, not stored before it',
    file: 'src/consumers/purchase/authorize-payment.ts',
    before: '`${order.idempotencyKey}:${verb}`;',
    after: '`${order.idempotencyKey}:${verb}:${Math.random()}`;',
    rows: [10, 9, 11],
  },
  {
    name: 'step-without-check',
    breaks: 'a stage is committed for runs that have moved on meanwhile',
    file: 'drizzle/20261130192541_refuse_strays/migration.sql',
    before: '  if stepped <> wanted then\n',
    after: '  if stepped > wanted then\n',
    rows: [9, 17],
  },
  {
    name: 'ack-before-commit',
    breaks: 'an entry is acknowledged when it is read, before its effect is stored',
    file: 'src/streams/consumer.ts',
    before: '    const mine: Opened[] = [];\n',
    after:
      '    for (const { streamKey, entryId } of entries) await this.#options.redis.xack(streamKey, this.seat.id, entryId);\n' +
      '    const mine: Opened[] = [];\n',
    rows: [9, 1],
  },
  {
    name: 'groups-from-now-on',
    breaks: 'a group that Redis lost is made again at the end of its stream',
    file: 'src/streams/consumer.ts',
    before: "this.seat.id, '0', 'MKSTREAM'",
    after: "this.seat.id, '$', 'MKSTREAM'",
    rows: [9, 4, 5],
  },
  {
    name: 'stamp-without-the-leader',
    breaks: 'two relays number the same events at once',
    file: 'drizzle/20261129212849_stamp_outbox/migration.sql',
    before: '  perform pg_advisory_xact_lock(29556, of_shard);\n',
    after: '',
    rows: [3],
  },
  {
    name: 'look-then-append',
    breaks: 'the relay looks where a stream ends and appends whatever it has (XINFO, then XADD)',
    file: 'src/streams/redis.ts',
    before: 'if last ~= tonumber(ARGV[1]) then return -last - 1 end\n',
    after: '\n',
    rows: [3, 4],
  },
  {
    name: 'hold-no-slot',
    breaks: 'two nodes both run a slot of the schedule',
    file: 'src/consumers/schedule.ts',
    before: 'if (claimed.length === 0) return false;',
    after: '',
    rows: [18],
  },
];
