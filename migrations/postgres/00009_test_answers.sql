-- +goose Up
-- Who had a test sent is told what became of it.
ALTER TABLE system_mails ADD COLUMN code integer NOT NULL DEFAULT 0; -- of last_answer, 0 when no server gave it
ALTER TABLE system_mails ADD COLUMN enhanced text NOT NULL DEFAULT '';
ALTER TABLE system_mails ADD COLUMN waits_for text NOT NULL DEFAULT ''; -- why no try begins, "" when one may

-- +goose Down
ALTER TABLE system_mails DROP COLUMN waits_for;
ALTER TABLE system_mails DROP COLUMN enhanced;
ALTER TABLE system_mails DROP COLUMN code;
