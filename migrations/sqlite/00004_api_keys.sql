-- +goose Up
CREATE TABLE api_keys (
    id           integer PRIMARY KEY AUTOINCREMENT,
    user_id      bigint   NOT NULL REFERENCES users ON DELETE CASCADE,
    name         text     NOT NULL,
    prefix       text     NOT NULL UNIQUE, -- the part that is shown, by which a key is found
    hash         text     NOT NULL,        -- SHA-256 of the whole key
    scopes       text     NOT NULL,        -- JSON
    expires_at   datetime,                 -- null: never
    last_used_at datetime,                 -- to the minute
    created_at   datetime NOT NULL
);
CREATE INDEX api_keys_user ON api_keys (user_id, id);

-- +goose Down
DROP TABLE api_keys;
