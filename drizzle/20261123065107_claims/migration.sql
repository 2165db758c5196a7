CREATE TYPE "claim_kind" AS ENUM('GIFT', 'GUEST');--> statement-breakpoint
CREATE TABLE "claim" (
	"order_id" uuid PRIMARY KEY,
	"kind" "claim_kind" NOT NULL,
	"email" text NOT NULL,
	"message" text,
	"holder_id" uuid NOT NULL,
	"claimed_by" uuid,
	"claimed_at" timestamp(3) with time zone
);
--> statement-breakpoint
ALTER TABLE "quote" ADD COLUMN "gift_email" text;--> statement-breakpoint
ALTER TABLE "quote" ADD COLUMN "gift_message" text;--> statement-breakpoint
ALTER TABLE "quote" ADD COLUMN "guest_key_hash" text;--> statement-breakpoint
CREATE INDEX "claim_email" ON "claim" ("email");--> statement-breakpoint
ALTER TABLE "claim" ADD CONSTRAINT "claim_order_id_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "order"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "claim" ADD CONSTRAINT "claim_holder_id_user_id_fkey" FOREIGN KEY ("holder_id") REFERENCES "user"("id");--> statement-breakpoint
ALTER TABLE "claim" ADD CONSTRAINT "claim_claimed_by_user_id_fkey" FOREIGN KEY ("claimed_by") REFERENCES "user"("id");