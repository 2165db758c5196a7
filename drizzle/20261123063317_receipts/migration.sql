CREATE TABLE "receipt_counter" (
	"year" smallint PRIMARY KEY,
	"last" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "receipt" (
	"order_id" uuid PRIMARY KEY,
	"year" smallint NOT NULL,
	"number" integer NOT NULL,
	"issued_at" timestamp(3) with time zone NOT NULL,
	"storage_key" text,
	"sha256" text
);
--> statement-breakpoint
CREATE UNIQUE INDEX "receipt_number" ON "receipt" ("year","number");--> statement-breakpoint
ALTER TABLE "receipt" ADD CONSTRAINT "receipt_order_id_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "order"("id");