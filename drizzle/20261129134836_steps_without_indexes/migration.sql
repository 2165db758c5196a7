-- Every release has set it at the end of a run; should a hand have not, the run is not to be taken for an open one.
UPDATE "run" SET "ended_at" = "updated_at" WHERE "ended_at" IS NULL AND "state" IN ('COMPLETED', 'FAILED', 'CANCELLED');--> statement-breakpoint
UPDATE "run" SET "ended_at" = NULL WHERE "ended_at" IS NOT NULL AND "state" IN ('RUNNING', 'COMPENSATING', 'PARKED');--> statement-breakpoint
DROP INDEX "run_failed";--> statement-breakpoint
ALTER TABLE "run" ADD COLUMN "is_troubled" boolean GENERATED ALWAYS AS (state in ('COMPENSATING', 'FAILED', 'PARKED', 'CANCELLED') or retry_at is not null) STORED;--> statement-breakpoint
DROP INDEX "run_open";--> statement-breakpoint
CREATE INDEX "run_open" ON "run" USING brin ("ended_at") WITH (pages_per_range=32);--> statement-breakpoint
CREATE INDEX "run_troubled" ON "run" ("workflow","started_at") WHERE is_troubled;--> statement-breakpoint
ALTER TABLE "run" ADD CONSTRAINT "run_ended" CHECK ((ended_at is null) = (state in ('RUNNING', 'COMPENSATING', 'PARKED')));--> statement-breakpoint
-- Three versions of a row, of which the first is cleared away for the third, have to find room in its page.
ALTER TABLE "run" SET (fillfactor = 45);--> statement-breakpoint
-- Blocks of runs are passed over when they have been vacuumed after these ended: every 100,000 runs, however many there are.
ALTER TABLE "run" SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000);
