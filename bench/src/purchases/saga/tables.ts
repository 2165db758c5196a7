/**
 * The saga's tables, the same for every contestant: an order with a status, a payment under a unique key, a licence and
 * two ledger entries. A purchase writes four rows with eight index entries, and its order's row three times.
 */
export const SAGA_TABLES = `
  create table purchase_order (
    id uuid primary key,
    buyer_id uuid not null,
    edition_id uuid not null,
    amount_minor bigint not null,
    status text not null,
    updated_at timestamptz not null default now()
  );
  create table purchase_payment (
    id uuid primary key default uuidv7(),
    order_id uuid not null,
    idempotency_key text not null unique,
    amount_minor bigint not null,
    created_at timestamptz not null default now()
  );
  create table purchase_licence (
    id uuid primary key default uuidv7(),
    reader_id uuid not null,
    edition_id uuid not null,
    order_id uuid not null,
    created_at timestamptz not null default now(),
    unique (reader_id, edition_id)
  );
  create table purchase_ledger_line (
    id uuid primary key default uuidv7(),
    order_id uuid not null,
    account text not null,
    amount_minor bigint not null,
    created_at timestamptz not null default now(),
    unique (order_id, account)
  );
`;
