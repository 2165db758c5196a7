CREATE TABLE "two_factor_backup_code" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "two_factor_backup_code_once" UNIQUE("user_id","hash")
);
--> statement-breakpoint
CREATE TABLE "two_factor" (
	"user_id" uuid PRIMARY KEY,
	"secret" text NOT NULL,
	"confirmed_at" timestamp(3) with time zone,
	"last_step" bigint,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "two_factor_backup_code" ADD CONSTRAINT "two_factor_backup_code_user_id_two_factor_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "two_factor"("user_id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "two_factor" ADD CONSTRAINT "two_factor_user_id_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE;