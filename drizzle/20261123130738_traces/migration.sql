ALTER TABLE "event" ADD COLUMN "trace_id" uuid;--> statement-breakpoint
CREATE INDEX "event_trace" ON "event" ("trace_id") WHERE trace_id is not null;