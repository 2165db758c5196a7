-- Numbers what waits in the outbox, in one statement from outside: the relay asks for it all the time.
CREATE FUNCTION "stamp_outbox"("of_shard" smallint, "packs_max" integer, "events_max" integer) RETURNS SETOF "outbox" LANGUAGE plpgsql AS $$
#variable_conflict use_column
begin
  -- Who stamps second must not see a snapshot from before the lock: each statement in here has one of its own.
  perform pg_advisory_xact_lock(29556, of_shard);
  return query
    with waiting as (
      select id, stream, cardinality(event_ids) as events from outbox
      where pub_seq is null and shard = of_shard order by id limit packs_max
    ), counted as (
      select *, sum(events) over (order by id) - events as before from waiting
    ), picked as (
      select id, stream, sum(events) over (partition by stream order by id) as up_to,
             sum(events) over (partition by stream) as total
      from counted where before < events_max
    ), head as (
      insert into stream_head as h (stream, shard, last_pub_seq)
      select distinct stream, of_shard, total from picked order by stream
      on conflict (stream, shard) do update set last_pub_seq = h.last_pub_seq + excluded.last_pub_seq
      returning stream, last_pub_seq
    )
    update outbox o set pub_seq = head.last_pub_seq - p.total + p.up_to
    from picked p join head using (stream)
    where o.id = p.id
    returning o.*;
end $$;
