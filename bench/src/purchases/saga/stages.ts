/**
 * The saga's stages as SQL. Each is one statement, hence one commit and one round trip; the status is the checkpoint:
 * a stage that comes twice finds no row in the status before it and changes nothing.
 *
 * The same text serves one order and many: `$1` is an array of ids.
 */
/** By name; `moved` are the orders that change their status, and all others hang off it. */
type SagaParts = Readonly<Record<string, string>>;

const move = (from: string, to: string) => `
    update purchase_order o set status = '${to}', updated_at = now()
    from unnest($1::uuid[]) as given (id)
    where o.id = given.id and o.status = '${from}'`;

const moving = (from: string, to: string, writes: SagaParts): SagaParts => ({
  moved: `${move(from, to)}
    returning o.id, o.buyer_id, o.edition_id, o.amount_minor`,
  ...writes,
});

const PAY: SagaParts = {
  paid: `
    insert into purchase_payment (order_id, idempotency_key, amount_minor)
    select id, 'order:' || id, amount_minor from moved
    on conflict (idempotency_key) do nothing`,
  booked: `
    insert into purchase_ledger_line (order_id, account, amount_minor)
    select id, side.account, side.sign * amount_minor
    from moved cross join (values ('provider-clearing', 1), ('author-payable', -1)) as side (account, sign)
    on conflict (order_id, account) do nothing`,
};

const GRANT: SagaParts = {
  granted: `
    insert into purchase_licence (reader_id, edition_id, order_id)
    select buyer_id, edition_id, id from moved
    on conflict (reader_id, edition_id) do nothing`,
};

const oneStatement = (parts: SagaParts): string => `
  with ${Object.entries(parts)
    .map(([name, part]) => `${name} as (${part})`)
    .join(', ')}
  select count(*) from moved`;

export type Stage = 'validate' | 'charge' | 'fulfil';

/** For whoever sends more in the same statement. */
export const STAGE_PARTS: Readonly<Record<Stage, SagaParts>> = {
  validate: { moved: move('PLACED', 'VALIDATED') },
  charge: moving('VALIDATED', 'CHARGED', PAY),
  fulfil: moving('CHARGED', 'FULFILLED', GRANT),
};

/** The three stages, a commit each. */
export const STAGES: Readonly<Record<Stage, string>> = {
  validate: move('PLACED', 'VALIDATED'),
  charge: oneStatement(STAGE_PARTS.charge),
  fulfil: oneStatement(STAGE_PARTS.fulfil),
};

/** The same rows in fewer commits, which nobody sees in between: for the floor only. */
export const IN_THREE_COMMITS = [STAGES.validate, STAGES.charge, STAGES.fulfil];
export const IN_TWO_COMMITS = [oneStatement(moving('PLACED', 'CHARGED', PAY)), STAGES.fulfil];
export const IN_ONE_COMMIT = [oneStatement(moving('PLACED', 'FULFILLED', { ...PAY, ...GRANT }))];
