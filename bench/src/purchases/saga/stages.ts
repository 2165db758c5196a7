/**
 * The saga's stages as SQL. Each is one statement, hence one commit and one round trip; the status is the checkpoint:
 * a stage that comes twice finds no row in the status before it and changes nothing.
 *
 * The same text serves one order and many: `$1` is an array of ids.
 */
const VALIDATE = (from: string, to: string) => `
  update purchase_order o set status = '${to}', updated_at = now()
  from unnest($1::uuid[]) as given (id)
  where o.id = given.id and o.status = '${from}'`;

/** Statements that hang off `moved`, the orders that change their status. */
const PAY = `
  paid as (
    insert into purchase_payment (order_id, idempotency_key, amount_minor)
    select id, 'order:' || id, amount_minor from moved
    on conflict (idempotency_key) do nothing
  ),
  booked as (
    insert into purchase_ledger_line (order_id, account, amount_minor)
    select id, side.account, side.sign * amount_minor
    from moved cross join (values ('provider-clearing', 1), ('author-payable', -1)) as side (account, sign)
    on conflict (order_id, account) do nothing
  )`;

const GRANT = `
  granted as (
    insert into purchase_licence (reader_id, edition_id, order_id)
    select buyer_id, edition_id, id from moved
    on conflict (reader_id, edition_id) do nothing
  )`;

const moving = (from: string, to: string, writes: string) => `
  with moved as (
    update purchase_order o set status = '${to}', updated_at = now()
    from unnest($1::uuid[]) as given (id)
    where o.id = given.id and o.status = '${from}'
    returning o.id, o.buyer_id, o.edition_id, o.amount_minor
  ), ${writes}
  select count(*) from moved`;

export type Stage = 'validate' | 'charge' | 'fulfil';

/** The three stages, a commit each. */
export const STAGES: Readonly<Record<Stage, string>> = {
  validate: VALIDATE('PLACED', 'VALIDATED'),
  charge: moving('VALIDATED', 'CHARGED', PAY),
  fulfil: moving('CHARGED', 'FULFILLED', GRANT),
};

/** The same rows in fewer commits, which nobody sees in between: for the floor only. */
export const IN_THREE_COMMITS = [STAGES.validate, STAGES.charge, STAGES.fulfil];
export const IN_TWO_COMMITS = [moving('PLACED', 'CHARGED', PAY), STAGES.fulfil];
export const IN_ONE_COMMIT = [moving('PLACED', 'FULFILLED', `${PAY}, ${GRANT}`)];
