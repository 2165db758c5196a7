CREATE TABLE "coupon" (
	"id" uuid PRIMARY KEY,
	"code" text NOT NULL,
	"created_by" uuid NOT NULL,
	"percent_bps" integer,
	"amounts" jsonb,
	"valid_from" timestamp(3) with time zone NOT NULL,
	"valid_until" timestamp(3) with time zone,
	"uses_max" integer,
	"uses_per_reader_max" integer,
	"edition_ids" uuid[] DEFAULT '{}'::uuid[] NOT NULL,
	"author_ids" uuid[] DEFAULT '{}'::uuid[] NOT NULL,
	"is_ended" boolean DEFAULT false NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "coupon_percent_or_amount" CHECK (("percent_bps" is null) <> ("amounts" is null))
);
--> statement-breakpoint
CREATE TABLE "price_window" (
	"id" uuid PRIMARY KEY,
	"edition_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"name" text,
	"valid_from" timestamp(3) with time zone NOT NULL,
	"valid_until" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "price_window_not_negative" CHECK ("amount_minor" >= 0),
	CONSTRAINT "price_window_forwards" CHECK ("valid_from" < "valid_until")
);
--> statement-breakpoint
CREATE TABLE "quote_line" (
	"quote_id" uuid,
	"position" smallint,
	"edition_id" uuid NOT NULL,
	"revision_id" uuid NOT NULL,
	"amount_minor" bigint NOT NULL,
	"list_amount_minor" bigint NOT NULL,
	"discount_minor" bigint NOT NULL,
	"tax_minor" bigint NOT NULL,
	"tax_rate_bps" integer NOT NULL,
	"royalty_minor" bigint NOT NULL,
	"royalty_bps" integer NOT NULL,
	"author_id" uuid NOT NULL,
	CONSTRAINT "quote_line_pkey" PRIMARY KEY("quote_id","position")
);
--> statement-breakpoint
CREATE TABLE "quote" (
	"id" uuid PRIMARY KEY,
	"buyer_id" uuid,
	"currency" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"country" text,
	"country_evidence" jsonb,
	"coupon_id" uuid,
	"expires_at" timestamp(3) with time zone NOT NULL,
	"order_id" uuid,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "price" ADD COLUMN "minimum_minor" bigint;--> statement-breakpoint
ALTER TABLE "order" ADD COLUMN "coupon_id" uuid;--> statement-breakpoint
CREATE UNIQUE INDEX "coupon_code" ON "coupon" ("code");--> statement-breakpoint
CREATE INDEX "coupon_creator" ON "coupon" ("created_by","created_at");--> statement-breakpoint
CREATE INDEX "price_window_edition" ON "price_window" ("edition_id","currency","valid_until");--> statement-breakpoint
CREATE INDEX "quote_buyer" ON "quote" ("buyer_id","created_at");--> statement-breakpoint
CREATE INDEX "quote_unused" ON "quote" ("expires_at") WHERE order_id is null;--> statement-breakpoint
CREATE INDEX "order_coupon" ON "order" ("coupon_id") WHERE coupon_id is not null;--> statement-breakpoint
ALTER TABLE "coupon" ADD CONSTRAINT "coupon_created_by_user_id_fkey" FOREIGN KEY ("created_by") REFERENCES "user"("id");--> statement-breakpoint
ALTER TABLE "price_window" ADD CONSTRAINT "price_window_edition_id_edition_id_fkey" FOREIGN KEY ("edition_id") REFERENCES "edition"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "quote_line" ADD CONSTRAINT "quote_line_quote_id_quote_id_fkey" FOREIGN KEY ("quote_id") REFERENCES "quote"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "quote_line" ADD CONSTRAINT "quote_line_edition_id_edition_id_fkey" FOREIGN KEY ("edition_id") REFERENCES "edition"("id");--> statement-breakpoint
ALTER TABLE "quote_line" ADD CONSTRAINT "quote_line_revision_id_revision_id_fkey" FOREIGN KEY ("revision_id") REFERENCES "revision"("id");--> statement-breakpoint
ALTER TABLE "quote" ADD CONSTRAINT "quote_buyer_id_user_id_fkey" FOREIGN KEY ("buyer_id") REFERENCES "user"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "quote" ADD CONSTRAINT "quote_coupon_id_coupon_id_fkey" FOREIGN KEY ("coupon_id") REFERENCES "coupon"("id");--> statement-breakpoint
ALTER TABLE "order" ADD CONSTRAINT "order_coupon_id_coupon_id_fkey" FOREIGN KEY ("coupon_id") REFERENCES "coupon"("id");--> statement-breakpoint
ALTER TABLE "price" ADD CONSTRAINT "price_minimum" CHECK ("minimum_minor" between 0 and "amount_minor");