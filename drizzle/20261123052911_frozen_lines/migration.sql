ALTER TABLE "order" ADD COLUMN "country" text;--> statement-breakpoint
ALTER TABLE "order" ADD COLUMN "country_evidence" jsonb;--> statement-breakpoint
ALTER TABLE "order_line" ADD COLUMN "list_amount_minor" bigint;--> statement-breakpoint
ALTER TABLE "order_line" ADD COLUMN "discount_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "order_line" ADD COLUMN "tax_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "order_line" ADD COLUMN "tax_rate_bps" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "order_line" ADD COLUMN "royalty_minor" bigint;--> statement-breakpoint
ALTER TABLE "order_line" ADD COLUMN "royalty_bps" integer;--> statement-breakpoint
ALTER TABLE "order_line" ADD COLUMN "author_id" uuid;--> statement-breakpoint
-- What was ordered before had no tax, and 70 % of it went to the edition's owner.
UPDATE "order_line" l SET
  "list_amount_minor" = l."amount_minor",
  "royalty_bps" = 7000,
  "royalty_minor" = l."amount_minor" * 7000 / 10000,
  "author_id" = e."owner_id"
FROM "edition" e WHERE e."id" = l."edition_id";--> statement-breakpoint
ALTER TABLE "order_line" ALTER COLUMN "list_amount_minor" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "order_line" ALTER COLUMN "royalty_minor" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "order_line" ALTER COLUMN "royalty_bps" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "order_line" ALTER COLUMN "author_id" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "order_line" ADD CONSTRAINT "order_line_adds_up" CHECK ("amount_minor" = "list_amount_minor" - "discount_minor" and "discount_minor" >= 0
        and "tax_minor" >= 0 and "royalty_minor" >= 0
        and "tax_minor" + "royalty_minor" <= "amount_minor");--> statement-breakpoint
-- While a release is rolled out, an API of the one before still orders, and knows nothing of these columns.
CREATE FUNCTION order_line_fill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.list_amount_minor := NEW.amount_minor + NEW.discount_minor;
  NEW.royalty_bps := 7000;
  NEW.royalty_minor := NEW.amount_minor * 7000 / 10000;
  NEW.author_id := (SELECT e.owner_id FROM edition e WHERE e.id = NEW.edition_id);
  RETURN NEW;
END $$;--> statement-breakpoint
CREATE TRIGGER order_line_fill BEFORE INSERT ON order_line FOR EACH ROW
  WHEN (NEW.author_id IS NULL) EXECUTE FUNCTION order_line_fill();
