-- +goose Up

-- Who asked for an account and has not yet shown that the address is theirs.
-- There may be several of one address: nobody can spoil another's.
CREATE TABLE registrations (
    id            integer PRIMARY KEY AUTOINCREMENT,
    email         text     NOT NULL,
    password_hash text     NOT NULL,
    full_name     text     NOT NULL,
    locale        text     NOT NULL,
    timezone      text     NOT NULL,
    nonce         text     NOT NULL, -- mixed into the token of its mail
    created_at    datetime NOT NULL,
    expires_at    datetime NOT NULL
);
CREATE INDEX registrations_email ON registrations (email, id);
CREATE INDEX registrations_expires ON registrations (expires_at);

-- Mails about accounts are written when they are sent and belong to nobody:
-- there may be no account.
CREATE TABLE system_mails_new (
    id          integer PRIMARY KEY AUTOINCREMENT,
    owner_id    bigint      REFERENCES users,
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
    last_answer text        NOT NULL DEFAULT '',
    ref_id      bigint -- the registration or session that it is about
);
INSERT INTO system_mails_new (id, owner_id, kind, from_name, from_email, reply_to, to_email, to_name, subject, html, text,
    created_at, next_at, sent_at, failed_at, attempts, last_answer)
SELECT id, owner_id, kind, from_name, from_email, reply_to, to_email, to_name, subject, html, text,
    created_at, next_at, sent_at, failed_at, attempts, last_answer FROM system_mails;
DROP TABLE system_mails;
ALTER TABLE system_mails_new RENAME TO system_mails;
CREATE INDEX system_mails_due ON system_mails (next_at) WHERE sent_at IS NULL AND failed_at IS NULL;

-- +goose Down
DELETE FROM system_mails WHERE owner_id IS NULL;
ALTER TABLE system_mails DROP COLUMN ref_id;
DROP TABLE registrations;
