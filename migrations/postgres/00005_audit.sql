-- +goose Up

-- What was done by whom. Nothing here refers to other rows: an event outlives
-- what it speaks of.
CREATE TABLE audit_events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor_id    bigint,
    actor_email text        NOT NULL,
    key_id      bigint,
    action      text        NOT NULL,
    object_type text        NOT NULL,
    object_id   bigint,
    object_name text        NOT NULL,
    details     text        NOT NULL, -- JSON
    ip          text        NOT NULL,
    request_id  text        NOT NULL,
    search      text        NOT NULL  -- the words above in lower case
);
CREATE INDEX audit_events_at ON audit_events (at, id);
CREATE INDEX audit_events_actor ON audit_events (actor_id, id);
CREATE INDEX audit_events_action ON audit_events (action, id);
CREATE INDEX audit_events_object ON audit_events (object_type, object_id, id);

-- +goose StatementBegin
CREATE FUNCTION audit_events_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to' USING ERRCODE = 'restrict_violation';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_events_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_kept();

-- +goose Down
DROP TABLE audit_events;
DROP FUNCTION audit_events_kept;
