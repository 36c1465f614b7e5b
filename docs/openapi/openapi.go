// Package openapi holds the HTTP contract as files made from the annotations in
// package api by `make generate`. They are committed, so that building needs no
// generator, and never edited; `make check` refuses stale ones.
package openapi

import _ "embed"

// SwaggerJSON is the contract in Swagger 2.0, as swag writes it.
//
//go:embed swagger.json
var SwaggerJSON []byte

// OpenAPIJSON is the same contract in OpenAPI 3.0: what is served, what the
// interface's types are made from and what the tests of the API check every
// response against.
//
//go:embed openapi.json
var OpenAPIJSON []byte
