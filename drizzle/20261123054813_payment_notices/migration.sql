CREATE TYPE "payment_notice_kind" AS ENUM('PAYMENT', 'REFUND', 'DISPUTE', 'PAYOUT');--> statement-breakpoint
CREATE TABLE "payment_notice" (
	"id" text PRIMARY KEY,
	"gateway" text NOT NULL,
	"kind" "payment_notice_kind" NOT NULL,
	"ref" text NOT NULL,
	"reference" text,
	"received_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "timer_run" ON "timer" ("run_id");--> statement-breakpoint
CREATE INDEX "payment_notice_received" ON "payment_notice" ("received_at");