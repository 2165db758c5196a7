CREATE TYPE "dispute_status" AS ENUM('OPEN', 'WON', 'LOST');--> statement-breakpoint
CREATE TABLE "dispute_line" (
	"dispute_id" uuid,
	"order_id" uuid NOT NULL,
	"position" smallint,
	"amount_minor" bigint NOT NULL,
	"tax_minor" bigint NOT NULL,
	"royalty_minor" bigint NOT NULL,
	CONSTRAINT "dispute_line_pkey" PRIMARY KEY("dispute_id","position")
);
--> statement-breakpoint
CREATE TABLE "dispute" (
	"id" uuid PRIMARY KEY,
	"order_id" uuid NOT NULL,
	"dispute_ref" text NOT NULL UNIQUE,
	"status" "dispute_status" NOT NULL,
	"amount_minor" bigint NOT NULL,
	"fee_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "dispute_amount_positive" CHECK ("amount_minor" > 0 and "fee_minor" >= 0)
);
--> statement-breakpoint
CREATE INDEX "dispute_order" ON "dispute" ("order_id");--> statement-breakpoint
CREATE INDEX "dispute_created" ON "dispute" ("created_at","id");--> statement-breakpoint
ALTER TABLE "dispute_line" ADD CONSTRAINT "dispute_line_dispute_id_dispute_id_fkey" FOREIGN KEY ("dispute_id") REFERENCES "dispute"("id");--> statement-breakpoint
ALTER TABLE "dispute_line" ADD CONSTRAINT "dispute_line_MMQpsttyh3ll_fkey" FOREIGN KEY ("order_id","position") REFERENCES "order_line"("order_id","position");--> statement-breakpoint
ALTER TABLE "dispute" ADD CONSTRAINT "dispute_order_id_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "order"("id");