-- +goose Up

-- What became of calls with an Idempotency-Key, for a day.
CREATE TABLE receipts (
    id            integer PRIMARY KEY AUTOINCREMENT,
    user_id       bigint   NOT NULL REFERENCES users ON DELETE CASCADE,
    name          text     NOT NULL, -- hash of the call's path and key
    body_hash     text     NOT NULL,
    fence         bigint   NOT NULL DEFAULT 1, -- grows with every request that takes the call on
    running_until datetime NOT NULL, -- no other takes it on before
    made_id       bigint,            -- what the call made, written in the transaction that makes it
    made          text     NOT NULL DEFAULT '', -- "client", "mailing", …
    status        integer,           -- of the answer; null while there is none
    header        text     NOT NULL DEFAULT '{}', -- JSON
    body          blob,
    created_at    datetime NOT NULL,
    UNIQUE (user_id, name)
);
CREATE INDEX receipts_created ON receipts (created_at);

ALTER TABLE users ADD COLUMN quota_clients integer CHECK (quota_clients >= 0); -- null: as many as they like
ALTER TABLE users ADD COLUMN quota_mails_per_day integer CHECK (quota_mails_per_day >= 0); -- null: as many as they like

-- How many mails of an owner with a quota left on a day, and are about to.
CREATE TABLE quota_days (
    user_id bigint  NOT NULL REFERENCES users ON DELETE CASCADE,
    day     text    NOT NULL, -- in UTC, as in 2026-12-01
    used    integer NOT NULL,
    PRIMARY KEY (user_id, day)
);

-- +goose Down
DROP TABLE quota_days;
ALTER TABLE users DROP COLUMN quota_mails_per_day;
ALTER TABLE users DROP COLUMN quota_clients;
DROP TABLE receipts;
