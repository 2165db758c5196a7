CREATE TYPE "disclosure_kind" AS ENUM('EVENT', 'DEAD_LETTER');--> statement-breakpoint
CREATE TABLE "disclosure" (
	"id" uuid PRIMARY KEY,
	"admin_id" uuid NOT NULL,
	"kind" "disclosure_kind" NOT NULL,
	"target" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "run_failed" ON "run" ("workflow","started_at") WHERE state in ('FAILED', 'CANCELLED');--> statement-breakpoint
CREATE INDEX "disclosure_created" ON "disclosure" ("created_at");--> statement-breakpoint
ALTER TABLE "disclosure" ADD CONSTRAINT "disclosure_admin_id_user_id_fkey" FOREIGN KEY ("admin_id") REFERENCES "user"("id");