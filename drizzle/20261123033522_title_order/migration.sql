ALTER TABLE "edition" ADD COLUMN "sort_title" text;--> statement-breakpoint
-- The live revision's title in small letters, kept by the database itself, whoever writes. An index holds it whole: 300
-- letters at most, and the id decides between titles that are alike so far.
CREATE FUNCTION edition_take_title() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.sort_title := (SELECT left(lower(r.title), 300) FROM revision r WHERE r.id = NEW.live_revision_id);
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE FUNCTION revision_give_title() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE edition SET sort_title = left(lower(NEW.title), 300) WHERE live_revision_id = NEW.id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER edition_take_title BEFORE INSERT OR UPDATE OF live_revision_id ON edition
  FOR EACH ROW EXECUTE FUNCTION edition_take_title();
--> statement-breakpoint
CREATE TRIGGER revision_give_title AFTER UPDATE OF title ON revision
  FOR EACH ROW WHEN (OLD.title IS DISTINCT FROM NEW.title) EXECUTE FUNCTION revision_give_title();
--> statement-breakpoint
UPDATE edition e SET sort_title = left(lower(r.title), 300) FROM revision r WHERE r.id = e.live_revision_id;--> statement-breakpoint
CREATE INDEX "edition_catalogue_title" ON "edition" ("sort_title" collate "C","id") WHERE sale_status = 'PUBLISHED';--> statement-breakpoint
CREATE INDEX "edition_live_revision" ON "edition" ("live_revision_id");
