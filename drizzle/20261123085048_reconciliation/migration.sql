CREATE TYPE "difference_kind" AS ENUM('MISSING_HERE', 'MISSING_THERE', 'DUPLICATE', 'CURRENCY', 'AMOUNT', 'FEE', 'STATE');--> statement-breakpoint
CREATE TYPE "difference_status" AS ENUM('OPEN', 'EXPLAINED', 'CLEARED');--> statement-breakpoint
CREATE TYPE "movement_kind" AS ENUM('CAPTURE', 'REFUND', 'REFUND_FAILED', 'DISPUTE', 'DISPUTE_REVERSED', 'PAYOUT', 'PAYOUT_FAILED');--> statement-breakpoint
CREATE TYPE "movement_state" AS ENUM('NEW', 'AGREED', 'DIFFERENT');--> statement-breakpoint
CREATE TABLE "provider_movement" (
	"gateway" text,
	"movement_id" text,
	"number" bigserial,
	"kind" "movement_kind" NOT NULL,
	"ref" text NOT NULL,
	"reference_id" uuid,
	"amount_minor" bigint NOT NULL,
	"fee_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"state" "movement_state" DEFAULT 'NEW'::"movement_state" NOT NULL,
	"ledger_key" text,
	CONSTRAINT "provider_movement_pkey" PRIMARY KEY("gateway","movement_id")
);
--> statement-breakpoint
CREATE TABLE "reconciliation_difference" (
	"id" uuid PRIMARY KEY,
	"gateway" text NOT NULL,
	"kind" "difference_kind" NOT NULL,
	"subject" text NOT NULL,
	"movement_kind" "movement_kind",
	"ref" text,
	"ledger_key" text,
	"our_minor" bigint,
	"our_currency" text,
	"their_minor" bigint,
	"their_currency" text,
	"status" "difference_status" DEFAULT 'OPEN'::"difference_status" NOT NULL,
	"explained_by" uuid,
	"note" text,
	"explained_at" timestamp(3) with time zone,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reconciliation_difference_once" UNIQUE("gateway","kind","subject")
);
--> statement-breakpoint
CREATE TABLE "reconciliation" (
	"id" uuid PRIMARY KEY,
	"gateway" text NOT NULL,
	"slot" timestamp(3) with time zone NOT NULL,
	"cursor" text,
	"movements" integer DEFAULT 0 NOT NULL,
	"found" integer DEFAULT 0 NOT NULL,
	"checked_until" timestamp(3) with time zone,
	"started_at" timestamp(3) with time zone NOT NULL,
	"ended_at" timestamp(3) with time zone,
	CONSTRAINT "reconciliation_slot" UNIQUE("gateway","slot")
);
--> statement-breakpoint
CREATE INDEX "ledger_transaction_created" ON "ledger_transaction" USING brin ("created_at");--> statement-breakpoint
CREATE INDEX "provider_movement_ref" ON "provider_movement" ("gateway","kind","ref");--> statement-breakpoint
CREATE INDEX "provider_movement_key" ON "provider_movement" ("gateway","ledger_key");--> statement-breakpoint
CREATE INDEX "provider_movement_open" ON "provider_movement" ("gateway","number") WHERE state <> 'AGREED';--> statement-breakpoint
CREATE INDEX "reconciliation_difference_created" ON "reconciliation_difference" ("created_at","id");--> statement-breakpoint
CREATE INDEX "reconciliation_difference_open" ON "reconciliation_difference" ("created_at") WHERE status = 'OPEN';--> statement-breakpoint
ALTER TABLE "reconciliation_difference" ADD CONSTRAINT "reconciliation_difference_explained_by_user_id_fkey" FOREIGN KEY ("explained_by") REFERENCES "user"("id");