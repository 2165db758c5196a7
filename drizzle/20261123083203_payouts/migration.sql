CREATE TYPE "payee_status" AS ENUM('OPENING', 'ONBOARDING', 'READY', 'REFUSED');--> statement-breakpoint
CREATE TYPE "payout_status" AS ENUM('REQUESTED', 'PROCESSING', 'PAID', 'FAILED');--> statement-breakpoint
CREATE TABLE "payee" (
	"id" uuid PRIMARY KEY,
	"author_id" uuid NOT NULL UNIQUE,
	"status" "payee_status" DEFAULT 'OPENING'::"payee_status" NOT NULL,
	"country" text NOT NULL,
	"gateway" text NOT NULL,
	"idempotency_key" text NOT NULL UNIQUE,
	"payee_ref" text UNIQUE,
	"onboarding_url" text,
	"round" integer DEFAULT 1 NOT NULL,
	"failure" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "payout" (
	"id" uuid PRIMARY KEY,
	"payee_id" uuid NOT NULL,
	"author_id" uuid NOT NULL,
	"status" "payout_status" DEFAULT 'REQUESTED'::"payout_status" NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"gateway" text NOT NULL,
	"payee_ref" text NOT NULL,
	"idempotency_key" text NOT NULL UNIQUE,
	"payout_ref" text,
	"failure" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payout_amount_positive" CHECK ("amount_minor" > 0)
);
--> statement-breakpoint
CREATE INDEX "payee_ready" ON "payee" ("id") WHERE status = 'READY';--> statement-breakpoint
CREATE UNIQUE INDEX "payout_under_way" ON "payout" ("author_id","currency") WHERE status in ('REQUESTED', 'PROCESSING');--> statement-breakpoint
CREATE INDEX "payout_author" ON "payout" ("author_id","created_at","id");--> statement-breakpoint
CREATE INDEX "payout_created" ON "payout" ("created_at","id");--> statement-breakpoint
CREATE INDEX "payout_ref" ON "payout" ("payout_ref");--> statement-breakpoint
ALTER TABLE "payee" ADD CONSTRAINT "payee_author_id_user_id_fkey" FOREIGN KEY ("author_id") REFERENCES "user"("id");--> statement-breakpoint
ALTER TABLE "payout" ADD CONSTRAINT "payout_payee_id_payee_id_fkey" FOREIGN KEY ("payee_id") REFERENCES "payee"("id");--> statement-breakpoint
ALTER TABLE "payout" ADD CONSTRAINT "payout_author_id_user_id_fkey" FOREIGN KEY ("author_id") REFERENCES "user"("id");