package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
)

const swagger = `{
 "swagger": "2.0", "info": {"title": "T", "version": "1"}, "basePath": "/api/v1",
 "consumes": ["application/json"], "produces": ["application/json"],
 "paths": {
  "/clients": {"post": {
   "security": [{"Bearer": []}],
   "produces": ["application/json", "application/problem+json"],
   "parameters": [{"in": "body", "name": "body", "required": true, "schema": {"$ref": "#/definitions/Client"}}],
   "responses": {
    "201": {"description": "Created", "schema": {"$ref": "#/definitions/Client"}},
    "204": {"description": "No Content"},
    "422": {"description": "Unprocessable", "schema": {"type": "object"}}}}}},
 "definitions": {"Client": {"type": "object", "required": ["email"], "properties": {
   "email": {"type": "string"},
   "parent": {"x-nullable": true, "allOf": [{"$ref": "#/definitions/Client"}]},
   "created_at": {"type": "string"},
   "next_cursor": {"type": "string", "x-nullable": true}}},
  "api.list-Client": {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/definitions/Client"}}}}},
 "securityDefinitions": {"Bearer": {"type": "apiKey", "name": "Authorization", "in": "header", "description": "words"}}
}`

var rights = []api.Right{
	{Method: "POST", Path: "/api/v1/clients", Access: "user", Scope: model.ClientsWrite},
	{Method: "GET", Path: "/clients", Access: "user", Scope: model.ClientsRead},
}

func TestConvert(t *testing.T) {
	t.Parallel()
	out, err := convert([]byte(swagger), rights)
	require.NoError(t, err)
	again, err := convert([]byte(swagger), rights)
	require.NoError(t, err)
	require.Equal(t, string(out), string(again))

	var doc map[string]any
	require.NoError(t, json.Unmarshal(out, &doc))
	at := func(keys ...string) any {
		var node any = doc
		for _, key := range keys {
			require.Contains(t, node, key)
			node = node.(map[string]any)[key]
		}
		return node
	}
	require.Equal(t, []any{map[string]any{"url": "/api/v1"}}, at("servers"))
	require.Equal(t, map[string]any{"type": "http", "scheme": "bearer", "description": "words"}, at("components", "securitySchemes", "bearerAuth"))
	require.Equal(t, []any{map[string]any{"bearerAuth": []any{}}}, at("paths", "/clients", "post", "security"))
	require.Equal(t, "An API key needs the scope `clients:write`.", at("paths", "/clients", "post", "description"))
	require.Equal(t, "clients:write", at("paths", "/clients", "post", "x-api-key-scope"))
	require.Equal(t, "createClient", at("paths", "/clients", "post", "operationId"))
	require.Len(t, at("paths", "/clients", "post", "responses", "201", "content"), 1)
	require.Contains(t, at("paths", "/clients", "post", "responses", "201", "content"), "application/json")
	require.Len(t, at("paths", "/clients", "post", "responses", "422", "content"), 1)
	require.Contains(t, at("paths", "/clients", "post", "responses", "422", "content"), "application/problem+json")
	require.Equal(t, true, at("components", "schemas", "Client", "properties", "next_cursor", "nullable"))
	require.Equal(t, true, at("components", "schemas", "Client", "properties", "parent", "nullable"))
	require.NotContains(t, string(out), "x-nullable")
	require.Equal(t, "date-time", at("components", "schemas", "Client", "properties", "created_at", "format"))
	at("components", "schemas", "ClientList")
}

func TestOperationsAreNamedByMethodAndPath(t *testing.T) {
	t.Parallel()
	page := &openapi3.Operation{Responses: openapi3.NewResponses(openapi3.WithStatus(200, &openapi3.ResponseRef{Value: &openapi3.Response{
		Content: openapi3.NewContentWithJSONSchemaRef(&openapi3.SchemaRef{Ref: "#/components/schemas/ClientList"}),
	}}))}
	one := &openapi3.Operation{Responses: openapi3.NewResponses()}
	for call, want := range map[string]string{
		"GET /clients": "listClients", "GET /mailings/{id}/runs": "listMailingRuns", "GET /me/sessions": "listMySessions", "GET /inbox": "listInbox",
	} {
		method, path, _ := strings.Cut(call, " ")
		require.Equal(t, want, operationID(method, path, page), call)
	}
	for call, want := range map[string]string{
		"POST /clients": "createClient", "GET /clients/{id}": "readClient", "PATCH /clients/{id}": "updateClient", "DELETE /clients/{id}": "deleteClient",
		"POST /mailings/{id}/start": "startMailing", "POST /mailings/occurrences": "mailingsOccurrences", "GET /reports/{run_id}/timeline": "readReportTimeline",
		"POST /auth/logout-all": "authLogoutAll", "GET /me": "readMe", "PATCH /me": "updateMe", "DELETE /me/sessions/{id}": "deleteMySession",
		"POST /api-keys": "createApiKey", "GET /deliveries/{id}": "readDelivery", "GET /reports/summary": "readReportsSummary",
	} {
		method, path, _ := strings.Cut(call, " ")
		require.Equal(t, want, operationID(method, path, one), call)
	}
}

func TestConvertRefusesWhatIsNoContract(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "[]", `{"swagger":"2.0","info":{"title":"","version":""},"paths":{"/a":{"get":{"responses":{"200":{"schema":{"$ref":"#/definitions/Absent"}}}}}}}`} {
		_, err := convert([]byte(in), nil)
		require.Error(t, err, in)
	}
}
