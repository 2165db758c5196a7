CREATE EXTENSION IF NOT EXISTS pg_trgm;--> statement-breakpoint
CREATE TYPE "user_role" AS ENUM('READER', 'AUTHOR', 'ADMIN');--> statement-breakpoint
CREATE TYPE "enrichment_status" AS ENUM('QUEUED', 'RUNNING', 'READY', 'FAILED');--> statement-breakpoint
CREATE TYPE "revision_status" AS ENUM('DRAFT', 'SUBMITTED', 'CHECKING_METADATA', 'SCANNING_FILE', 'VALIDATING', 'EXTRACTING', 'DEDUPING', 'PUBLISHED', 'SUPERSEDED', 'NEEDS_CHANGES', 'REJECTED', 'FAILED', 'WITHDRAWN');--> statement-breakpoint
CREATE TYPE "sale_status" AS ENUM('UNRELEASED', 'PUBLISHED', 'UNPUBLISHED', 'TAKEN_DOWN');--> statement-breakpoint
CREATE TYPE "suggestion_decision" AS ENUM('OPEN', 'ACCEPTED', 'DISMISSED');--> statement-breakpoint
CREATE TYPE "dead_letter_state" AS ENUM('OPEN', 'REPLAYED', 'DISCARDED');--> statement-breakpoint
CREATE TYPE "delivery_kind" AS ENUM('RUN', 'COMPENSATE');--> statement-breakpoint
CREATE TYPE "run_state" AS ENUM('RUNNING', 'COMPENSATING', 'COMPLETED', 'FAILED', 'PARKED', 'CANCELLED');--> statement-breakpoint
CREATE TYPE "file_state" AS ENUM('PENDING', 'STORED', 'QUARANTINED');--> statement-breakpoint
CREATE TYPE "health_status" AS ENUM('UP', 'DEGRADED', 'DOWN');--> statement-breakpoint
CREATE TYPE "entitlement_status" AS ENUM('ACTIVE', 'SUSPENDED', 'REVOKED', 'REFUNDED');--> statement-breakpoint
CREATE TYPE "order_status" AS ENUM('PENDING_PAYMENT', 'REQUIRES_ACTION', 'AUTHORIZED', 'CAPTURING', 'PAID', 'FULFILLING', 'COMPLETED', 'EXPIRED', 'DECLINED', 'CANCELLED');--> statement-breakpoint
CREATE TYPE "payment_status" AS ENUM('CREATED', 'REQUIRES_ACTION', 'AUTHORIZED', 'CAPTURED', 'DECLINED', 'VOIDED');--> statement-breakpoint
CREATE TABLE "account" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"account_id" text NOT NULL,
	"provider_id" text NOT NULL,
	"access_token" text,
	"refresh_token" text,
	"id_token" text,
	"access_token_expires_at" timestamp(3) with time zone,
	"refresh_token_expires_at" timestamp(3) with time zone,
	"scope" text,
	"password" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "session" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"token" text NOT NULL UNIQUE,
	"expires_at" timestamp(3) with time zone NOT NULL,
	"ip_address" text,
	"user_agent" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "user" (
	"id" uuid PRIMARY KEY,
	"name" text NOT NULL,
	"email" text NOT NULL UNIQUE,
	"email_verified" boolean DEFAULT false NOT NULL,
	"image" text,
	"role" "user_role" DEFAULT 'READER'::"user_role" NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "verification" (
	"id" uuid PRIMARY KEY,
	"identifier" text NOT NULL,
	"value" text NOT NULL,
	"expires_at" timestamp(3) with time zone NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ai_budget" (
	"day" text PRIMARY KEY,
	"tokens" bigint DEFAULT 0 NOT NULL,
	"cost_micros" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "contributor" (
	"revision_id" uuid,
	"position" integer,
	"name" text NOT NULL,
	"role" text DEFAULT 'aut' NOT NULL,
	CONSTRAINT "contributor_pkey" PRIMARY KEY("revision_id","position")
);
--> statement-breakpoint
CREATE TABLE "edition" (
	"id" uuid PRIMARY KEY,
	"work_id" uuid NOT NULL,
	"owner_id" uuid NOT NULL,
	"sale_status" "sale_status" DEFAULT 'UNRELEASED'::"sale_status" NOT NULL,
	"live_revision_id" uuid,
	"working_revision_id" uuid,
	"isbn13" text,
	"import_key" text UNIQUE,
	"rating_average" double precision,
	"rating_count" integer DEFAULT 0 NOT NULL,
	"published_at" timestamp(3) with time zone,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "enrichment" (
	"revision_id" uuid PRIMARY KEY,
	"edition_id" uuid NOT NULL,
	"status" "enrichment_status" DEFAULT 'QUEUED'::"enrichment_status" NOT NULL,
	"decision" "suggestion_decision" DEFAULT 'OPEN'::"suggestion_decision" NOT NULL,
	"summary" text,
	"tags" text[] DEFAULT '{}'::text[] NOT NULL,
	"reading_level" text,
	"provenance" jsonb,
	"error" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "price" (
	"edition_id" uuid,
	"currency" text,
	"amount_minor" bigint NOT NULL,
	CONSTRAINT "price_pkey" PRIMARY KEY("edition_id","currency"),
	CONSTRAINT "price_not_negative" CHECK ("amount_minor" >= 0)
);
--> statement-breakpoint
CREATE TABLE "revision" (
	"id" uuid PRIMARY KEY,
	"edition_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"status" "revision_status" DEFAULT 'DRAFT'::"revision_status" NOT NULL,
	"title" text NOT NULL,
	"subtitle" text,
	"description" text,
	"language" text,
	"subjects" text[] DEFAULT '{}'::text[] NOT NULL,
	"series_name" text,
	"series_position" double precision,
	"publication_year" integer,
	"file_id" uuid,
	"report" jsonb,
	"extracted" jsonb,
	"content_hash" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "work" (
	"id" uuid PRIMARY KEY,
	"owner_id" uuid NOT NULL,
	"title" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "dead_letter" (
	"id" uuid PRIMARY KEY,
	"stage" text NOT NULL,
	"stream" text NOT NULL,
	"event_id" bigint NOT NULL,
	"run_id" text,
	"kind" "delivery_kind" DEFAULT 'RUN'::"delivery_kind" NOT NULL,
	"reason" text NOT NULL,
	"error" text NOT NULL,
	"attempts" integer NOT NULL,
	"payload" jsonb NOT NULL,
	"state" "dead_letter_state" DEFAULT 'OPEN'::"dead_letter_state" NOT NULL,
	"resolved_by" text,
	"resolved_at" timestamp(3) with time zone,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "event" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "event_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"shard" smallint NOT NULL,
	"stream" text NOT NULL,
	"type" text NOT NULL,
	"subject" text,
	"seq" integer,
	"run_id" text,
	"stage" text,
	"attempts" smallint,
	"duration_ms" integer,
	"payload" jsonb NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"pub_seq" bigint
);
--> statement-breakpoint
CREATE TABLE "run" (
	"id" text PRIMARY KEY,
	"workflow" text NOT NULL,
	"subject" text NOT NULL,
	"shard" smallint NOT NULL,
	"state" "run_state" NOT NULL,
	"stage" text NOT NULL,
	"at_event_id" bigint NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"retry_at" timestamp(3) with time zone,
	"last_error" text,
	"started_at" timestamp(3) with time zone NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp(3) with time zone
);
--> statement-breakpoint
CREATE TABLE "stage_progress" (
	"stage" text,
	"stream" text,
	"shard" smallint,
	"done_pub_seq" bigint NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stage_progress_pkey" PRIMARY KEY("stage","stream","shard")
);
--> statement-breakpoint
CREATE TABLE "stream_head" (
	"stream" text,
	"shard" smallint,
	"last_pub_seq" bigint NOT NULL,
	CONSTRAINT "stream_head_pkey" PRIMARY KEY("stream","shard")
);
--> statement-breakpoint
CREATE TABLE "timer" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "timer_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"due_at" timestamp(3) with time zone NOT NULL,
	"shard" smallint NOT NULL,
	"stage" text NOT NULL,
	"run_id" text NOT NULL,
	"event_id" bigint NOT NULL,
	"kind" "delivery_kind" DEFAULT 'RUN'::"delivery_kind" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "file" (
	"id" uuid PRIMARY KEY,
	"owner_id" uuid NOT NULL,
	"name" text NOT NULL,
	"media_type" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"sha256" text NOT NULL,
	"state" "file_state" DEFAULT 'PENDING'::"file_state" NOT NULL,
	"storage_key" text NOT NULL,
	"expires_at" timestamp(3) with time zone,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cron_slot" (
	"name" text,
	"slot" timestamp(3) with time zone,
	"claimed_by" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cron_slot_pkey" PRIMARY KEY("name","slot")
);
--> statement-breakpoint
CREATE TABLE "health_report" (
	"id" uuid PRIMARY KEY,
	"slot" timestamp(3) with time zone NOT NULL UNIQUE,
	"status" "health_status" NOT NULL,
	"checks" jsonb NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_key" (
	"user_id" uuid,
	"operation" text,
	"key" text,
	"body_hash" text NOT NULL,
	"result_id" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_key_pkey" PRIMARY KEY("user_id","operation","key")
);
--> statement-breakpoint
CREATE TABLE "notice" (
	"id" uuid PRIMARY KEY,
	"key" text NOT NULL UNIQUE,
	"user_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"sent_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "entitlement" (
	"id" uuid PRIMARY KEY,
	"reader_id" uuid NOT NULL,
	"edition_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"status" "entitlement_status" DEFAULT 'ACTIVE'::"entitlement_status" NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger_entry" (
	"transaction_id" uuid,
	"position" smallint,
	"account" text NOT NULL,
	"currency" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	CONSTRAINT "ledger_entry_pkey" PRIMARY KEY("transaction_id","position"),
	CONSTRAINT "ledger_entry_not_zero" CHECK ("amount_minor" <> 0)
);
--> statement-breakpoint
CREATE TABLE "ledger_transaction" (
	"id" uuid PRIMARY KEY,
	"key" text NOT NULL UNIQUE,
	"order_id" uuid,
	"created_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "order_line" (
	"order_id" uuid,
	"position" smallint,
	"edition_id" uuid NOT NULL,
	"revision_id" uuid,
	"amount_minor" bigint NOT NULL,
	CONSTRAINT "order_line_pkey" PRIMARY KEY("order_id","position")
);
--> statement-breakpoint
CREATE TABLE "order" (
	"id" uuid PRIMARY KEY,
	"buyer_id" uuid NOT NULL,
	"status" "order_status" NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"reason" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "order_amount_not_negative" CHECK ("amount_minor" >= 0)
);
--> statement-breakpoint
CREATE TABLE "payment" (
	"order_id" uuid PRIMARY KEY,
	"status" "payment_status" DEFAULT 'CREATED'::"payment_status" NOT NULL,
	"gateway" text NOT NULL,
	"payment_token" text NOT NULL,
	"idempotency_key" text NOT NULL UNIQUE,
	"authorization_ref" text,
	"capture_ref" text,
	"action_url" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "account_user" ON "account" ("user_id");--> statement-breakpoint
CREATE INDEX "session_user" ON "session" ("user_id");--> statement-breakpoint
CREATE INDEX "verification_identifier" ON "verification" ("identifier");--> statement-breakpoint
CREATE INDEX "contributor_name_search" ON "contributor" USING gin (lower("name") gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "edition_catalogue" ON "edition" ("published_at","id") WHERE sale_status = 'PUBLISHED';--> statement-breakpoint
CREATE INDEX "edition_owner" ON "edition" ("owner_id","created_at");--> statement-breakpoint
CREATE INDEX "edition_work" ON "edition" ("work_id");--> statement-breakpoint
CREATE UNIQUE INDEX "edition_isbn13" ON "edition" ("isbn13") WHERE sale_status = 'PUBLISHED';--> statement-breakpoint
CREATE UNIQUE INDEX "revision_number" ON "revision" ("edition_id","number");--> statement-breakpoint
CREATE INDEX "revision_content_hash" ON "revision" ("content_hash") WHERE content_hash is not null;--> statement-breakpoint
CREATE INDEX "revision_title_search" ON "revision" USING gin (lower("title") gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "revision_language" ON "revision" ("language");--> statement-breakpoint
CREATE INDEX "revision_subjects" ON "revision" USING gin ("subjects");--> statement-breakpoint
CREATE INDEX "work_owner" ON "work" ("owner_id");--> statement-breakpoint
CREATE UNIQUE INDEX "dead_letter_open" ON "dead_letter" ("stage","event_id") WHERE state = 'OPEN';--> statement-breakpoint
CREATE INDEX "dead_letter_created" ON "dead_letter" ("created_at");--> statement-breakpoint
CREATE INDEX "event_unstamped" ON "event" ("shard","id") WHERE pub_seq is null;--> statement-breakpoint
CREATE UNIQUE INDEX "event_stream_pub_seq" ON "event" ("stream","shard","pub_seq") WHERE pub_seq is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "event_subject_seq" ON "event" ("subject","seq") WHERE subject is not null;--> statement-breakpoint
CREATE INDEX "event_run" ON "event" ("run_id") WHERE run_id is not null;--> statement-breakpoint
CREATE INDEX "run_subject" ON "run" ("subject");--> statement-breakpoint
CREATE INDEX "run_workflow_started" ON "run" ("workflow","started_at");--> statement-breakpoint
CREATE INDEX "run_open" ON "run" ("updated_at") WHERE state in ('RUNNING', 'COMPENSATING', 'PARKED');--> statement-breakpoint
CREATE INDEX "timer_due" ON "timer" ("due_at");--> statement-breakpoint
CREATE INDEX "file_owner" ON "file" ("owner_id","created_at");--> statement-breakpoint
CREATE INDEX "health_report_created" ON "health_report" ("created_at");--> statement-breakpoint
CREATE INDEX "notice_user" ON "notice" ("user_id","sent_at");--> statement-breakpoint
CREATE UNIQUE INDEX "entitlement_reader_edition" ON "entitlement" ("reader_id","edition_id");--> statement-breakpoint
CREATE INDEX "entitlement_reader" ON "entitlement" ("reader_id","created_at");--> statement-breakpoint
CREATE INDEX "ledger_entry_account" ON "ledger_entry" ("account");--> statement-breakpoint
CREATE INDEX "order_line_edition" ON "order_line" ("edition_id");--> statement-breakpoint
CREATE INDEX "order_buyer" ON "order" ("buyer_id","created_at");--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_user_id_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "session" ADD CONSTRAINT "session_user_id_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "contributor" ADD CONSTRAINT "contributor_revision_id_revision_id_fkey" FOREIGN KEY ("revision_id") REFERENCES "revision"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "edition" ADD CONSTRAINT "edition_work_id_work_id_fkey" FOREIGN KEY ("work_id") REFERENCES "work"("id");--> statement-breakpoint
ALTER TABLE "edition" ADD CONSTRAINT "edition_owner_id_user_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "user"("id");--> statement-breakpoint
ALTER TABLE "edition" ADD CONSTRAINT "edition_live_revision_id_revision_id_fkey" FOREIGN KEY ("live_revision_id") REFERENCES "revision"("id");--> statement-breakpoint
ALTER TABLE "edition" ADD CONSTRAINT "edition_working_revision_id_revision_id_fkey" FOREIGN KEY ("working_revision_id") REFERENCES "revision"("id");--> statement-breakpoint
ALTER TABLE "enrichment" ADD CONSTRAINT "enrichment_revision_id_revision_id_fkey" FOREIGN KEY ("revision_id") REFERENCES "revision"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "enrichment" ADD CONSTRAINT "enrichment_edition_id_edition_id_fkey" FOREIGN KEY ("edition_id") REFERENCES "edition"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "price" ADD CONSTRAINT "price_edition_id_edition_id_fkey" FOREIGN KEY ("edition_id") REFERENCES "edition"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "revision" ADD CONSTRAINT "revision_edition_id_edition_id_fkey" FOREIGN KEY ("edition_id") REFERENCES "edition"("id");--> statement-breakpoint
ALTER TABLE "revision" ADD CONSTRAINT "revision_file_id_file_id_fkey" FOREIGN KEY ("file_id") REFERENCES "file"("id");--> statement-breakpoint
ALTER TABLE "work" ADD CONSTRAINT "work_owner_id_user_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "user"("id");--> statement-breakpoint
ALTER TABLE "file" ADD CONSTRAINT "file_owner_id_user_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "user"("id");--> statement-breakpoint
ALTER TABLE "idempotency_key" ADD CONSTRAINT "idempotency_key_user_id_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "notice" ADD CONSTRAINT "notice_user_id_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "entitlement" ADD CONSTRAINT "entitlement_reader_id_user_id_fkey" FOREIGN KEY ("reader_id") REFERENCES "user"("id");--> statement-breakpoint
ALTER TABLE "entitlement" ADD CONSTRAINT "entitlement_edition_id_edition_id_fkey" FOREIGN KEY ("edition_id") REFERENCES "edition"("id");--> statement-breakpoint
ALTER TABLE "entitlement" ADD CONSTRAINT "entitlement_order_id_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "order"("id");--> statement-breakpoint
ALTER TABLE "ledger_entry" ADD CONSTRAINT "ledger_entry_transaction_id_ledger_transaction_id_fkey" FOREIGN KEY ("transaction_id") REFERENCES "ledger_transaction"("id");--> statement-breakpoint
ALTER TABLE "ledger_transaction" ADD CONSTRAINT "ledger_transaction_order_id_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "order"("id");--> statement-breakpoint
ALTER TABLE "order_line" ADD CONSTRAINT "order_line_order_id_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "order"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "order_line" ADD CONSTRAINT "order_line_edition_id_edition_id_fkey" FOREIGN KEY ("edition_id") REFERENCES "edition"("id");--> statement-breakpoint
ALTER TABLE "order_line" ADD CONSTRAINT "order_line_revision_id_revision_id_fkey" FOREIGN KEY ("revision_id") REFERENCES "revision"("id");--> statement-breakpoint
ALTER TABLE "order" ADD CONSTRAINT "order_buyer_id_user_id_fkey" FOREIGN KEY ("buyer_id") REFERENCES "user"("id");--> statement-breakpoint
ALTER TABLE "payment" ADD CONSTRAINT "payment_order_id_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "order"("id") ON DELETE CASCADE;