-- +goose Up
CREATE TABLE users (
    id            integer PRIMARY KEY AUTOINCREMENT,
    email         text        NOT NULL UNIQUE,
    password_hash text        NOT NULL,
    full_name     text        NOT NULL DEFAULT '',
    locale        text        NOT NULL DEFAULT 'en' CHECK (locale IN ('en', 'ru')),
    timezone      text        NOT NULL DEFAULT 'UTC',
    is_active     boolean     NOT NULL DEFAULT 1,
    is_staff      boolean     NOT NULL DEFAULT 0,
    is_superuser  boolean     NOT NULL DEFAULT 0,
    search        text        NOT NULL DEFAULT '', -- email and name in lower case
    last_login_at datetime,
    version       bigint      NOT NULL DEFAULT 1,
    created_at    datetime NOT NULL,
    updated_at    datetime NOT NULL
);

CREATE TABLE groups (
    id         integer PRIMARY KEY AUTOINCREMENT,
    name       text        NOT NULL UNIQUE,
    version    bigint      NOT NULL DEFAULT 1,
    created_at datetime NOT NULL,
    updated_at datetime NOT NULL
);

CREATE TABLE group_permissions (
    group_id   bigint NOT NULL REFERENCES groups ON DELETE CASCADE,
    permission text   NOT NULL,
    PRIMARY KEY (group_id, permission)
);

CREATE TABLE user_groups (
    user_id  bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    group_id bigint NOT NULL REFERENCES groups ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
);
CREATE INDEX user_groups_group ON user_groups (group_id);

CREATE TABLE sessions (
    id         integer PRIMARY KEY AUTOINCREMENT,
    user_id    bigint      NOT NULL REFERENCES users ON DELETE CASCADE,
    generation bigint      NOT NULL DEFAULT 1,
    nonce      text        NOT NULL,
    user_agent text        NOT NULL DEFAULT '',
    ip         text        NOT NULL DEFAULT '',
    created_at datetime NOT NULL,
    rotated_at datetime NOT NULL,
    expires_at datetime NOT NULL,
    revoked_at datetime
);
CREATE INDEX sessions_user ON sessions (user_id, id);

CREATE TABLE clients (
    id         integer PRIMARY KEY AUTOINCREMENT,
    owner_id   bigint      NOT NULL REFERENCES users,
    email      text        NOT NULL,
    full_name  text        NOT NULL DEFAULT '',
    comment    text        NOT NULL DEFAULT '',
    attributes text        NOT NULL DEFAULT '{}',
    locale     text        NOT NULL DEFAULT '',
    timezone   text        NOT NULL DEFAULT '',
    search     text        NOT NULL DEFAULT '', -- email, name and comment in lower case
    version    bigint      NOT NULL DEFAULT 1,
    created_at datetime NOT NULL,
    updated_at datetime NOT NULL,
    UNIQUE (owner_id, email)
);
CREATE INDEX clients_owner ON clients (owner_id, id);
CREATE INDEX clients_full_name ON clients (owner_id, full_name, id);
CREATE INDEX clients_created ON clients (owner_id, created_at, id);
CREATE INDEX clients_updated ON clients (owner_id, updated_at, id);
CREATE INDEX clients_email ON clients (email, id);

CREATE TABLE client_tags (
    client_id bigint NOT NULL REFERENCES clients ON DELETE CASCADE,
    owner_id  bigint NOT NULL,
    tag       text   NOT NULL,
    PRIMARY KEY (client_id, tag)
);
CREATE INDEX client_tags_tag ON client_tags (owner_id, tag, client_id);

CREATE TABLE suppressions (
    id         integer PRIMARY KEY AUTOINCREMENT,
    owner_id   bigint      NOT NULL REFERENCES users,
    email      text        NOT NULL,
    reason     text        NOT NULL CHECK (reason IN ('unsubscribed', 'bounced', 'complained', 'blocked')),
    note       text        NOT NULL DEFAULT '',
    created_at datetime NOT NULL,
    UNIQUE (owner_id, email)
);
CREATE INDEX suppressions_owner ON suppressions (owner_id, id);

CREATE TABLE messages (
    id         integer PRIMARY KEY AUTOINCREMENT,
    owner_id   bigint      NOT NULL REFERENCES users,
    name       text        NOT NULL,
    subject    text        NOT NULL,
    html       text        NOT NULL DEFAULT '',
    text       text        NOT NULL DEFAULT '',
    search     text        NOT NULL DEFAULT '', -- name and subject in lower case
    version    bigint      NOT NULL DEFAULT 1,
    created_at datetime NOT NULL,
    updated_at datetime NOT NULL,
    CHECK (html <> '' OR text <> '')
);
CREATE INDEX messages_owner ON messages (owner_id, id);

CREATE TABLE mailings (
    id                 integer PRIMARY KEY AUTOINCREMENT,
    owner_id           bigint      NOT NULL REFERENCES users,
    message_id         bigint      REFERENCES messages ON DELETE SET NULL,
    name               text        NOT NULL,
    audience           text        NOT NULL,
    start_at           datetime,
    timezone           text        NOT NULL,
    end_at             datetime,
    send_window        text,
    from_name          text        NOT NULL DEFAULT '',
    from_email         text        NOT NULL DEFAULT '',
    reply_to           text        NOT NULL DEFAULT '',
    transport_id       bigint,
    rate_per_minute    integer     CHECK (rate_per_minute > 0),
    late_policy        text        NOT NULL CHECK (late_policy IN ('send', 'skip')),
    late_grace_minutes integer     NOT NULL CHECK (late_grace_minutes >= 0),
    in_doubt_policy    text        NOT NULL CHECK (in_doubt_policy IN ('hold', 'resend')),
    track_opens        boolean     NOT NULL DEFAULT 0,
    track_clicks       boolean     NOT NULL DEFAULT 0,
    status             text        NOT NULL CHECK (status IN ('draft', 'scheduled', 'running', 'pausing', 'paused', 'cancelling', 'finished', 'cancelled')),
    reason             text        NOT NULL DEFAULT '',
    last_action        text        NOT NULL DEFAULT '',
    search             text        NOT NULL DEFAULT '', -- the name in lower case
    next_run_at        datetime,
    last_run_id        bigint,
    archived_at        datetime,
    version            bigint      NOT NULL DEFAULT 1,
    created_at         datetime NOT NULL,
    updated_at         datetime NOT NULL
);
CREATE INDEX mailings_owner ON mailings (owner_id, id);
CREATE INDEX mailings_message ON mailings (message_id);

CREATE TABLE runs (
    id              integer PRIMARY KEY AUTOINCREMENT,
    mailing_id      bigint      NOT NULL REFERENCES mailings,
    owner_id        bigint      NOT NULL REFERENCES users,
    mailing_name    text        NOT NULL,
    planned_at      datetime NOT NULL,
    status          text        NOT NULL CHECK (status IN ('planned', 'running', 'pausing', 'paused', 'cancelling', 'cancelled', 'finished', 'missed')),
    reason          text        NOT NULL DEFAULT '',
    subject         text        NOT NULL DEFAULT '',
    html            text        NOT NULL DEFAULT '',
    text            text        NOT NULL DEFAULT '',
    from_name       text        NOT NULL DEFAULT '',
    from_email      text        NOT NULL DEFAULT '',
    reply_to        text        NOT NULL DEFAULT '',
    sender_name     text        NOT NULL DEFAULT '',
    sender_email    text        NOT NULL DEFAULT '',
    content_hash    text        NOT NULL DEFAULT '',
    audience        text        NOT NULL DEFAULT '{}',
    timezone        text        NOT NULL,
    send_window     text,
    rate_per_minute integer     CHECK (rate_per_minute > 0),
    in_doubt_policy text        NOT NULL CHECK (in_doubt_policy IN ('hold', 'resend')),
    deadline_at     datetime,
    audience_after  bigint      NOT NULL DEFAULT 0,
    materialised    boolean     NOT NULL DEFAULT 0,
    parent_run_id   bigint      REFERENCES runs,
    started_at      datetime,
    finished_at     datetime,
    created_at      datetime NOT NULL,
    UNIQUE (mailing_id, planned_at),
    CHECK ((status = 'planned') = (started_at IS NULL) OR status IN ('missed', 'cancelled')),
    CHECK ((finished_at IS NOT NULL) = (status IN ('cancelled', 'finished', 'missed')))
);
CREATE INDEX runs_owner ON runs (owner_id, id);
CREATE INDEX runs_due ON runs (planned_at) WHERE status = 'planned';
CREATE INDEX runs_live ON runs (id) WHERE status IN ('running', 'pausing', 'paused', 'cancelling');
-- one run of a mailing at a time
CREATE UNIQUE INDEX runs_one_live ON runs (mailing_id) WHERE status IN ('running', 'pausing', 'paused', 'cancelling');

-- Numbers for claims: each is handed out once, in the whole database.
CREATE TABLE sequences (
    name  text   PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO sequences (name, value) VALUES ('claim_tokens', 0);

CREATE TABLE workers (
    id         text        PRIMARY KEY,
    host       text        NOT NULL,
    pid        bigint      NOT NULL,
    started_at datetime NOT NULL,
    beat_at    datetime NOT NULL
);

CREATE TABLE chunks (
    id           integer PRIMARY KEY AUTOINCREMENT,
    run_id       bigint      NOT NULL REFERENCES runs,
    retry        boolean     NOT NULL DEFAULT 0,
    first_client bigint      NOT NULL DEFAULT 0,
    last_client  bigint      NOT NULL DEFAULT 0,
    token        bigint,
    worker_id    text,
    next_at      datetime NOT NULL,
    done         boolean     NOT NULL DEFAULT 0,
    planned      bigint      NOT NULL DEFAULT 0,
    pending      bigint      NOT NULL DEFAULT 0 CHECK (pending >= 0),
    sending      bigint      NOT NULL DEFAULT 0 CHECK (sending >= 0),
    deferred     bigint      NOT NULL DEFAULT 0 CHECK (deferred >= 0),
    sent         bigint      NOT NULL DEFAULT 0 CHECK (sent >= 0),
    failed       bigint      NOT NULL DEFAULT 0 CHECK (failed >= 0),
    skipped      bigint      NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    in_doubt     bigint      NOT NULL DEFAULT 0 CHECK (in_doubt >= 0),
    expired      bigint      NOT NULL DEFAULT 0 CHECK (expired >= 0),
    cancelled    bigint      NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    CHECK (planned = pending + sending + deferred + sent + failed + skipped + in_doubt + expired + cancelled),
    CHECK ((token IS NULL) = (worker_id IS NULL)),
    CHECK (NOT done OR worker_id IS NULL)
);
CREATE INDEX chunks_run ON chunks (run_id, id);
CREATE INDEX chunks_claim ON chunks (run_id, next_at) WHERE NOT done AND worker_id IS NULL;
CREATE INDEX chunks_leased ON chunks (worker_id, run_id) WHERE worker_id IS NOT NULL;

-- client_id has no foreign key and the address is copied: deleting a client
-- never tears a report. No index depends on state, so that updates stay HOT.
CREATE TABLE deliveries (
    id                 integer PRIMARY KEY AUTOINCREMENT,
    run_id             bigint      NOT NULL REFERENCES runs,
    client_id          bigint      NOT NULL,
    chunk_id           bigint      NOT NULL REFERENCES chunks,
    email              text        NOT NULL,
    address_key        text,
    state              text        NOT NULL CHECK (state IN ('pending', 'sending', 'deferred', 'sent', 'failed', 'skipped', 'in_doubt', 'expired', 'cancelled')),
    reason             text        NOT NULL DEFAULT '',
    token              bigint,
    attempts           integer     NOT NULL DEFAULT 0,
    deferrals          integer     NOT NULL DEFAULT 0,
    possible_duplicate boolean     NOT NULL DEFAULT 0,
    origin_id          bigint      UNIQUE REFERENCES deliveries,
    resolved_by        bigint,
    last_code          integer     NOT NULL DEFAULT 0,
    last_enhanced      text        NOT NULL DEFAULT '',
    last_response      text        NOT NULL DEFAULT '',
    first_deferred_at  datetime,
    updated_at         datetime NOT NULL,
    UNIQUE (run_id, client_id),
    UNIQUE (run_id, address_key),
    CHECK (state NOT IN ('sending', 'sent') OR token IS NOT NULL OR resolved_by IS NOT NULL)
);
CREATE INDEX deliveries_client ON deliveries (client_id, id);

CREATE TABLE retries (
    delivery_id bigint      PRIMARY KEY REFERENCES deliveries,
    run_id      bigint      NOT NULL,
    next_at     datetime NOT NULL,
    chunk_id    bigint      REFERENCES chunks -- null while it waits for its time
);
CREATE INDEX retries_due ON retries (run_id, next_at) WHERE chunk_id IS NULL;
CREATE INDEX retries_chunk ON retries (chunk_id);

CREATE TABLE attempts (
    delivery_id bigint      NOT NULL,
    number      integer     NOT NULL,
    run_id      bigint      NOT NULL,
    started_at  datetime NOT NULL,
    finished_at datetime NOT NULL,
    outcome     text        NOT NULL CHECK (outcome IN ('sent', 'deferred', 'failed', 'in_doubt', 'aborted')),
    code        integer     NOT NULL,
    enhanced    text        NOT NULL,
    response    text        NOT NULL,
    phase       text        NOT NULL,
    transport   text        NOT NULL,
    PRIMARY KEY (delivery_id, number)
);
CREATE INDEX attempts_rare ON attempts (run_id, delivery_id, number) WHERE outcome <> 'sent';
CREATE INDEX attempts_time ON attempts (finished_at);

CREATE TABLE rates (
    key     text        PRIMARY KEY,
    next_at datetime NOT NULL
);

CREATE TABLE system_mails (
    id          integer PRIMARY KEY AUTOINCREMENT,
    owner_id    bigint      NOT NULL REFERENCES users,
    kind        text        NOT NULL,
    from_name   text        NOT NULL,
    from_email  text        NOT NULL,
    reply_to    text        NOT NULL DEFAULT '',
    to_email    text        NOT NULL,
    to_name     text        NOT NULL DEFAULT '',
    subject     text        NOT NULL,
    html        text        NOT NULL DEFAULT '',
    text        text        NOT NULL DEFAULT '',
    created_at  datetime NOT NULL,
    next_at     datetime NOT NULL,
    sent_at     datetime,
    failed_at   datetime,
    attempts    integer     NOT NULL DEFAULT 0,
    last_answer text        NOT NULL DEFAULT ''
);
CREATE INDEX system_mails_due ON system_mails (next_at) WHERE sent_at IS NULL AND failed_at IS NULL;

-- +goose Down
DROP TABLE system_mails;
DROP TABLE rates;
DROP TABLE attempts;
DROP TABLE retries;
DROP TABLE deliveries;
DROP TABLE chunks;
DROP TABLE workers;
DROP TABLE sequences;
DROP TABLE runs;
DROP TABLE mailings;
DROP TABLE messages;
DROP TABLE suppressions;
DROP TABLE client_tags;
DROP TABLE clients;
DROP TABLE sessions;
DROP TABLE user_groups;
DROP TABLE group_permissions;
DROP TABLE groups;
DROP TABLE users;
