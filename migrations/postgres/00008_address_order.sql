-- +goose Up
-- The index that holds each address once in a run compares octets, not words of
-- a language: nothing reads it in order, and every delivery goes into it.
ALTER TABLE deliveries ALTER COLUMN address_key TYPE text COLLATE "C";

-- +goose Down
ALTER TABLE deliveries ALTER COLUMN address_key TYPE text COLLATE "default";
