CREATE TABLE "outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"shard" smallint NOT NULL,
	"stream" text NOT NULL,
	"again" "delivery_kind",
	"event_ids" bigint[] NOT NULL,
	"carrier" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"pub_seq" bigint
);
--> statement-breakpoint
-- What was stored event by event, each becomes a pack of one; deliveries that were repeated are packs only.
INSERT INTO "outbox" ("shard", "stream", "again", "event_ids", "created_at", "pub_seq")
SELECT "shard", "stream",
  CASE WHEN "type" = 'delivery.repeated' THEN ("payload" ->> 'kind')::"delivery_kind" END,
  ARRAY[CASE WHEN "type" = 'delivery.repeated' THEN ("payload" ->> 'eventId')::bigint ELSE "id" END],
  "created_at", "pub_seq"
FROM "event" ORDER BY "id";
--> statement-breakpoint
DELETE FROM "event" WHERE "subject" IS NULL;
--> statement-breakpoint
DROP INDEX "event_unstamped";--> statement-breakpoint
DROP INDEX "event_stream_pub_seq";--> statement-breakpoint
ALTER TABLE "event" DROP COLUMN "stream";--> statement-breakpoint
ALTER TABLE "event" DROP COLUMN "pub_seq";--> statement-breakpoint
ALTER TABLE "event" ALTER COLUMN "subject" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "event" ALTER COLUMN "seq" SET NOT NULL;--> statement-breakpoint
DROP INDEX "event_subject_seq";--> statement-breakpoint
CREATE UNIQUE INDEX "event_subject_seq" ON "event" ("subject","seq");--> statement-breakpoint
DROP INDEX "run_open";--> statement-breakpoint
CREATE INDEX "run_open" ON "run" ("started_at") WHERE state in ('RUNNING', 'COMPENSATING', 'PARKED');--> statement-breakpoint
CREATE INDEX "outbox_unstamped" ON "outbox" ("shard","id") WHERE pub_seq is null;--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_stream_pub_seq" ON "outbox" ("stream","shard","pub_seq") WHERE pub_seq is not null;--> statement-breakpoint
-- Rows that change at every stage: room in their page keeps the change out of the indexes.
ALTER TABLE "run" SET (fillfactor = 60);
--> statement-breakpoint
ALTER TABLE "order" SET (fillfactor = 60);
--> statement-breakpoint
ALTER TABLE "payment" SET (fillfactor = 70);
