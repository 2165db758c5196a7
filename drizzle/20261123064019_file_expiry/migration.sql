CREATE INDEX "file_expiry" ON "file" ("expires_at");--> statement-breakpoint
UPDATE "file" SET "expires_at" = now() + interval '30 days' WHERE "state" <> 'PENDING' AND "expires_at" IS NULL;
