CREATE TYPE "refund_status" AS ENUM('REQUESTED', 'SUBMITTED', 'SETTLED', 'FAILED');--> statement-breakpoint
CREATE TABLE "refund_line" (
	"refund_id" uuid,
	"order_id" uuid NOT NULL,
	"position" smallint,
	"amount_minor" bigint NOT NULL,
	"tax_minor" bigint NOT NULL,
	"royalty_minor" bigint NOT NULL,
	CONSTRAINT "refund_line_pkey" PRIMARY KEY("refund_id","position"),
	CONSTRAINT "refund_line_amount_positive" CHECK ("amount_minor" > 0)
);
--> statement-breakpoint
CREATE TABLE "refund" (
	"id" uuid PRIMARY KEY,
	"order_id" uuid NOT NULL,
	"status" "refund_status" DEFAULT 'REQUESTED'::"refund_status" NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"requested_by" uuid NOT NULL,
	"reason" text,
	"idempotency_key" text NOT NULL UNIQUE,
	"refund_ref" text,
	"failure" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "refund_amount_positive" CHECK ("amount_minor" > 0)
);
--> statement-breakpoint
ALTER TABLE "entitlement" ADD COLUMN "downloaded_at" timestamp(3) with time zone;--> statement-breakpoint
ALTER TABLE "order_line" ADD COLUMN "reversed_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "order_line" ADD COLUMN "reversed_tax_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "order_line" ADD COLUMN "reversed_royalty_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "refund_order" ON "refund" ("order_id","created_at");--> statement-breakpoint
CREATE INDEX "refund_created" ON "refund" ("created_at","id");--> statement-breakpoint
CREATE INDEX "refund_ref" ON "refund" ("refund_ref");--> statement-breakpoint
CREATE INDEX "refund_open" ON "refund" ("updated_at") WHERE status in ('REQUESTED', 'SUBMITTED');--> statement-breakpoint
ALTER TABLE "refund_line" ADD CONSTRAINT "refund_line_refund_id_refund_id_fkey" FOREIGN KEY ("refund_id") REFERENCES "refund"("id");--> statement-breakpoint
ALTER TABLE "refund_line" ADD CONSTRAINT "refund_line_order_id_position_order_line_order_id_position_fkey" FOREIGN KEY ("order_id","position") REFERENCES "order_line"("order_id","position");--> statement-breakpoint
ALTER TABLE "refund" ADD CONSTRAINT "refund_order_id_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "order"("id");--> statement-breakpoint
ALTER TABLE "refund" ADD CONSTRAINT "refund_requested_by_user_id_fkey" FOREIGN KEY ("requested_by") REFERENCES "user"("id");--> statement-breakpoint
ALTER TABLE "order_line" ADD CONSTRAINT "order_line_reversed_at_most_paid" CHECK ("reversed_minor" between 0 and "amount_minor");--> statement-breakpoint
-- At commit each new ledger transaction has entries and sums to zero per currency; what is added to an older one is
-- judged with its statement, by ledger_balanced.
CREATE FUNCTION ledger_refuse_incomplete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ledger_entry WHERE transaction_id = NEW.id) THEN
    RAISE EXCEPTION 'ledger transaction % has no entries', NEW.key USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_complete';
  END IF;
  IF EXISTS (SELECT FROM ledger_entry WHERE transaction_id = NEW.id GROUP BY currency HAVING sum(amount_minor) <> 0) THEN
    RAISE EXCEPTION 'ledger transaction % does not sum to zero', NEW.key USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balanced';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER ledger_complete AFTER INSERT ON ledger_transaction
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_refuse_incomplete();
--> statement-breakpoint
CREATE TRIGGER ledger_entry_keep BEFORE TRUNCATE ON ledger_entry
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
--> statement-breakpoint
CREATE TRIGGER ledger_transaction_keep BEFORE TRUNCATE ON ledger_transaction
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
