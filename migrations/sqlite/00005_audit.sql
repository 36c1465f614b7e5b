-- +goose Up

-- What was done by whom. Nothing here refers to other rows: an event outlives
-- what it speaks of.
CREATE TABLE audit_events (
    id          integer PRIMARY KEY AUTOINCREMENT,
    at          datetime NOT NULL,
    actor_id    bigint,
    actor_email text     NOT NULL,
    key_id      bigint,
    action      text     NOT NULL,
    object_type text     NOT NULL,
    object_id   bigint,
    object_name text     NOT NULL,
    details     text     NOT NULL, -- JSON
    ip          text     NOT NULL,
    request_id  text     NOT NULL,
    search      text     NOT NULL  -- the words above in lower case
);
CREATE INDEX audit_events_at ON audit_events (at, id);
CREATE INDEX audit_events_actor ON audit_events (actor_id, id);
CREATE INDEX audit_events_action ON audit_events (action, id);
CREATE INDEX audit_events_object ON audit_events (object_type, object_id, id);

-- +goose StatementBegin
CREATE TRIGGER audit_events_unchanged BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_events_kept BEFORE DELETE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;
-- +goose StatementEnd
-- REPLACE removes the row that is in its way, and no trigger on DELETE sees it.
-- +goose StatementBegin
CREATE TRIGGER audit_events_not_replaced BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only ever added to');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE audit_events;
