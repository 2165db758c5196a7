-- No index is chosen by these values, and documents and lists are dear to sample: two thirds of the time that ANALYZE takes
-- for events, half for the outbox, each time these have grown by a tenth, beside purchases.
ALTER TABLE "event" ALTER COLUMN "payload" SET STATISTICS 0, ALTER COLUMN "trail" SET STATISTICS 0;--> statement-breakpoint
ALTER TABLE "run" ALTER COLUMN "trail" SET STATISTICS 0;--> statement-breakpoint
ALTER TABLE "outbox" ALTER COLUMN "event_ids" SET STATISTICS 0;
