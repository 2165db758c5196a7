ALTER TABLE "event" ADD COLUMN "trail" jsonb;--> statement-breakpoint
ALTER TABLE "run" ADD COLUMN "trail" jsonb;