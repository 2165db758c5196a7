CREATE TABLE "relay_lease" (
	"shard" smallint PRIMARY KEY,
	"holder" text NOT NULL,
	"expires_at" timestamp(3) with time zone NOT NULL
);
