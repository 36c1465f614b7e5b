-- +goose Up
ALTER TABLE mailings ADD COLUMN repeat_rule text; -- JSON; null for one that happens once
ALTER TABLE mailings ADD COLUMN run_minutes integer CHECK (run_minutes > 0);

ALTER TABLE runs ADD COLUMN occurrence bigint NOT NULL DEFAULT 0; -- which one of the rule, from 1; 0 of a run that no rule made
ALTER TABLE runs ADD COLUMN transport_id bigint; -- the one way out of this run; null for the order of all
ALTER TABLE runs ADD COLUMN retry_filter text; -- JSON; which deliveries of the parent run this one retries
ALTER TABLE runs ADD COLUMN checked_at datetime; -- when its counters were last held against its rows
ALTER TABLE runs ADD COLUMN first_run_id bigint; -- of a linked run, the first of its chain: it names the mails,
ALTER TABLE runs ADD COLUMN dated_at datetime; -- and its start is their Date
ALTER TABLE runs ADD COLUMN attempts_removed_at datetime; -- since when its attempt log is not kept
ALTER TABLE runs ADD COLUMN log_left_after bigint; -- while the log is removed: deliveries to clients up to this have none
CREATE INDEX runs_parent ON runs (parent_run_id) WHERE parent_run_id IS NOT NULL;
CREATE INDEX runs_ended ON runs (owner_id, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX runs_unchecked ON runs (finished_at) WHERE finished_at IS NOT NULL AND (checked_at IS NULL OR checked_at < finished_at);
CREATE INDEX runs_logged ON runs (finished_at) WHERE finished_at IS NOT NULL AND attempts_removed_at IS NULL;
CREATE INDEX runs_log_left ON runs (id) WHERE log_left_after IS NOT NULL;

ALTER TABLE deliveries ADD COLUMN first_id bigint; -- of one that retries another, the first of its chain

CREATE TABLE transports (
    id              integer PRIMARY KEY AUTOINCREMENT,
    name            text     NOT NULL UNIQUE,
    host            text     NOT NULL,
    port            integer  NOT NULL CHECK (port BETWEEN 1 AND 65535),
    tls             text     NOT NULL CHECK (tls IN ('required', 'optional', 'none', 'implicit')),
    username        text     NOT NULL DEFAULT '',
    password_sealed text     NOT NULL DEFAULT '', -- encrypted; begins with the id of its key
    bounce          text     NOT NULL DEFAULT '', -- envelope sender; the mail's own where empty
    connections     integer  NOT NULL CHECK (connections > 0),
    per_second      integer  CHECK (per_second > 0),
    per_minute      integer  CHECK (per_minute > 0),
    per_hour        integer  CHECK (per_hour > 0),
    per_day         integer  CHECK (per_day > 0),
    enabled         boolean  NOT NULL DEFAULT 1,
    position        integer  NOT NULL DEFAULT 0, -- its place in the order; then by id
    version         bigint   NOT NULL DEFAULT 1,
    created_at      datetime NOT NULL,
    updated_at      datetime NOT NULL
);

-- What all workers know of a way out that is in trouble. Key is the
-- transport's id, or 'default' for that of the settings.
CREATE TABLE breakers (
    key        text     PRIMARY KEY,
    rested     integer  NOT NULL, -- rests in a row
    until      datetime NOT NULL, -- no mail before
    proven     boolean  NOT NULL DEFAULT 0, -- a connection stood since; the first mail that is taken removes the row
    probe_by   text,              -- the worker that tries it, once the rest is over
    probe_till datetime,
    reason     text     NOT NULL DEFAULT '',
    answer     text     NOT NULL DEFAULT '' -- what the server said
);

-- How many mails a limited way out was given leave for, by slot of time.
CREATE TABLE permits (
    key  text    NOT NULL,
    span text    NOT NULL, -- second, minute, hour, day
    slot bigint  NOT NULL, -- number of the slot since 1970
    used integer NOT NULL,
    PRIMARY KEY (key, span, slot)
);

-- +goose Down
DROP TABLE permits;
DROP TABLE breakers;
DROP TABLE transports;
ALTER TABLE deliveries DROP COLUMN first_id;
DROP INDEX runs_parent;
DROP INDEX runs_ended;
DROP INDEX runs_unchecked;
DROP INDEX runs_logged;
DROP INDEX runs_log_left;
ALTER TABLE runs DROP COLUMN occurrence;
ALTER TABLE runs DROP COLUMN transport_id;
ALTER TABLE runs DROP COLUMN retry_filter;
ALTER TABLE runs DROP COLUMN checked_at;
ALTER TABLE runs DROP COLUMN first_run_id;
ALTER TABLE runs DROP COLUMN dated_at;
ALTER TABLE runs DROP COLUMN attempts_removed_at;
ALTER TABLE runs DROP COLUMN log_left_after;
ALTER TABLE mailings DROP COLUMN repeat_rule;
ALTER TABLE mailings DROP COLUMN run_minutes;
