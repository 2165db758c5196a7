-- Takes locks in order, and undoes the statement that calls it when somebody bought the same meanwhile. Each statement of
-- such a function sees what was committed before that statement began, and so what the lock was waited for.
CREATE FUNCTION "refuse_rivals"("locks" jsonb, "purchases" jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
begin
  perform pg_advisory_xact_lock(named.id) from (
    select distinct hashtextextended(name, 0) as id from jsonb_array_elements_text(locks) as names(name) order by 1) named;
  perform from jsonb_to_recordset(purchases) as w(buyer uuid, edition uuid)
    where (select n.id from entitlement n where n.reader_id = w.buyer and n.edition_id = w.edition limit 1) is not null
       or (select o.id from "order" o
           where o.buyer_id = w.buyer and o.status not in ('COMPLETED', 'EXPIRED', 'DECLINED', 'CANCELLED')
             and w.edition = any (array(select l.edition_id from order_line l where l.order_id = o.id))
           limit 1) is not null;
  if found then
    raise exception 'somebody bought the same meanwhile' using errcode = 'BH002';
  end if;
  return true;
end $$;
