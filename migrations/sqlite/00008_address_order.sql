-- +goose Up
-- SQLite compares octets anyway.
SELECT 1;

-- +goose Down
SELECT 1;
