CREATE TYPE "api_key_kind" AS ENUM('API_KEY', 'APP_PASSWORD');--> statement-breakpoint
CREATE TABLE "api_key" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"kind" "api_key_kind" NOT NULL,
	"name" text NOT NULL,
	"start" text NOT NULL,
	"secret_hash" text NOT NULL UNIQUE,
	"scopes" text[] NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp(3) with time zone,
	"revoked_at" timestamp(3) with time zone,
	"last_used_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE INDEX "api_key_owner" ON "api_key" ("user_id","created_at","id") WHERE "revoked_at" is null;--> statement-breakpoint
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_user_id_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE;