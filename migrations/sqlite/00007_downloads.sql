-- +goose Up
-- Links that a browser follows once, without its token, to take a list away.
CREATE TABLE downloads (
    hash       text        PRIMARY KEY, -- of the link's secret
    user_id    bigint      NOT NULL REFERENCES users ON DELETE CASCADE,
    session_id bigint      NOT NULL REFERENCES sessions ON DELETE CASCADE,
    path       text        NOT NULL,
    expires_at datetime    NOT NULL
);
CREATE INDEX downloads_expired ON downloads (expires_at);

-- +goose Down
DROP TABLE downloads;
