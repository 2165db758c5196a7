-- A row of a run changes twice or thrice: with half of its page empty, the versions before are cleared away as soon as the
-- next one comes, instead of when the page is full.
ALTER TABLE "run" SET (fillfactor = 50);
--> statement-breakpoint
-- A subject has about six events, and a new subject's first one always goes to the last page: what is left free there takes
-- the others, which would else split a page that is no longer the last.
ALTER INDEX "event_subject_seq" SET (fillfactor = 20);
