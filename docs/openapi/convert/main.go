// Command convert turns the Swagger 2.0 that swag makes into OpenAPI 3.0:
//
//	convert swagger.json openapi.json
//
// Beyond the change of format it says what Swagger 2.0 or swag cannot: that the
// token is an HTTP bearer token, that x-nullable is nullable, that errors are
// application/problem+json (RFC 9457) whatever a handler's @Produce is, that
// what ends in _at is a time, that a list of X is called XList, that a PATCH may
// leave out what a POST demands, that CSV is text, what each operation is
// called, and which scope an API key must carry for it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
)

const (
	swagScheme   = "Bearer"     // the name that annotations use: @Security Bearer
	bearerScheme = "bearerAuth" // the name that everybody else uses
	problemJSON  = "application/problem+json"
	plainJSON    = "application/json"
	csv          = "text/csv"
	eventStream  = "text/event-stream"
	nullableMark = "x-nullable"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: convert swagger.json openapi.json")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "convert:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	in, err := os.ReadFile(from) //nolint:gosec // whoever generates names the file
	if err != nil {
		return err
	}
	rights, err := api.Rights()
	if err != nil {
		return err
	}
	out, err := convert(in, rights)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return os.WriteFile(to, out, 0o644) //nolint:gosec // the contract, for everybody
}

func convert(in []byte, rights []api.Right) ([]byte, error) {
	in = genericList.ReplaceAll(in, []byte("${1}List"))
	var doc2 openapi2.T
	if err := json.Unmarshal(in, &doc2); err != nil {
		return nil, err
	}
	doc, err := openapi2conv.ToV3(&doc2)
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: doc2.BasePath}}
	security(doc)
	for name, path := range doc.Paths.Map() {
		for method, operation := range path.Operations() {
			operation.OperationID = operationID(method, name, operation)
			operation.Security = renamed(operation.Security)
			for _, r := range rights {
				if r.Method == method && r.Path == doc2.BasePath+name && r.Access != "anybody" {
					scoped(operation, r.Scope)
				}
			}
			limited(operation)
			for status, response := range operation.Responses.Map() {
				mediaTypes(status, response)
			}
		}
		if path.Patch != nil {
			optional(doc, path.Patch)
		}
	}
	out, err := sortedJSON(doc)
	if err != nil {
		return nil, err
	}
	checked, err := openapi3.NewLoader().LoadFromData(out)
	if err != nil {
		return nil, err
	}
	return out, checked.Validate(context.Background())
}

// operationID names an operation by its method and path: listClients,
// readClient, createClient, updateClient, deleteClient, startMailing,
// listMailingRuns, authLogin. Two of one name would not validate.
func operationID(method, path string, operation *openapi3.Operation) string {
	var words []string
	parts := strings.Split(strings.Trim(path, "/"), "/")
	isID := func(i int) bool { return i < len(parts) && strings.HasPrefix(parts[i], "{") }
	for i, part := range parts {
		switch {
		case isID(i):
		case isID(i + 1):
			words = append(words, singular(part))
		case part == "me" && len(parts) > 1:
			words = append(words, "my")
		default:
			words = append(words, part)
		}
	}
	last := len(words) - 1
	switch {
	case method == http.MethodPatch:
		words = append([]string{"update"}, words...)
	case method == http.MethodDelete:
		words = append([]string{"delete"}, words...)
	case method == http.MethodPost && last == 0:
		words = []string{"create", singular(words[0])}
	case method == http.MethodPost && isID(len(parts)-2):
		words = append([]string{words[last]}, words[:last]...) // an action on one
	case method == http.MethodPost:
	case answersList(operation):
		words = append([]string{"list"}, words...)
	default:
		words = append([]string{"read"}, words...)
	}
	words = strings.FieldsFunc(strings.Join(words, "-"), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	for i := range words[1:] {
		words[i+1] = strings.ToUpper(words[i+1][:1]) + words[i+1][1:]
	}
	return strings.Join(words, "")
}

func singular(word string) string {
	if stem, is := strings.CutSuffix(word, "ies"); is {
		return stem + "y"
	}
	return strings.TrimSuffix(word, "s")
}

// answersList reports whether success is a page of a list.
func answersList(operation *openapi3.Operation) bool {
	ok := operation.Responses.Value("200")
	if ok == nil || ok.Value == nil {
		return false
	}
	media := ok.Value.Content[plainJSON]
	return media != nil && media.Schema != nil && strings.HasSuffix(media.Schema.Ref, "List")
}

func security(doc *openapi3.T) {
	if doc.Components == nil {
		doc.Components = &openapi3.Components{}
	}
	description := ""
	if old := doc.Components.SecuritySchemes[swagScheme]; old != nil && old.Value != nil {
		description = old.Value.Description
	}
	doc.Components.SecuritySchemes = openapi3.SecuritySchemes{
		bearerScheme: {Value: &openapi3.SecurityScheme{Type: "http", Scheme: "bearer", Description: description}},
	}
	doc.Security = *renamed(&doc.Security)
}

// scoped says which scope an API key must carry, to people and to programs.
func scoped(operation *openapi3.Operation, scope model.Scope) {
	text := fmt.Sprintf("An API key needs the scope `%s`.", scope)
	switch scope {
	case "*":
		text = "Any API key will do."
	case "-":
		text = "Not for API keys."
	}
	operation.Description = strings.TrimSpace(operation.Description + "\n\n" + text)
	operation.Extensions = map[string]any{"x-api-key-scope": scope}
}

func renamed(old *openapi3.SecurityRequirements) *openapi3.SecurityRequirements {
	if old == nil {
		return nil
	}
	for _, requirement := range *old {
		if scopes, ok := requirement[swagScheme]; ok {
			delete(requirement, swagScheme)
			requirement[bearerScheme] = scopes
		}
	}
	return old
}

// limited says that who must sign in may also call too often.
func limited(operation *openapi3.Operation) {
	refused := operation.Responses.Value("401")
	if operation.Security == nil || len(*operation.Security) == 0 || refused == nil || operation.Responses.Value("429") != nil {
		return
	}
	tooMany := *refused.Value
	description := "Too Many Requests"
	tooMany.Description = &description
	operation.Responses.Set("429", &openapi3.ResponseRef{Value: &tooMany})
}

// optional gives the body of a PATCH a schema of its own, XChange, which is X
// without anything required: what is absent stays as it is.
func optional(doc *openapi3.T, patch *openapi3.Operation) {
	if patch.RequestBody == nil || patch.RequestBody.Value == nil {
		return
	}
	for _, media := range patch.RequestBody.Value.Content {
		name, ok := strings.CutPrefix(media.Schema.Ref, "#/components/schemas/")
		if !ok || len(doc.Components.Schemas[name].Value.Required) == 0 {
			continue
		}
		change := *doc.Components.Schemas[name].Value
		change.Required = nil
		name = strings.TrimSuffix(name, "Request") + "Change"
		doc.Components.Schemas[name] = openapi3.NewSchemaRef("", &change)
		media.Schema = openapi3.NewSchemaRef("#/components/schemas/"+name, nil)
	}
}

// mediaTypes gives errors the media type of problems, and nothing else it.
func mediaTypes(status string, response *openapi3.ResponseRef) {
	if response.Value == nil || len(response.Value.Content) == 0 {
		return
	}
	content := response.Value.Content
	if !strings.HasPrefix(status, "4") && !strings.HasPrefix(status, "5") {
		if content[csv] != nil {
			content[csv] = openapi3.NewMediaType().WithSchema(openapi3.NewStringSchema())
		}
		if len(content) > 1 {
			delete(content, problemJSON)
		}
		return
	}
	for _, produced := range []string{plainJSON, csv, eventStream} {
		if schema := content[produced]; schema != nil {
			response.Value.Content = openapi3.Content{problemJSON: schema}
		}
	}
}

// sortedJSON writes with sorted keys, so that the same annotations always give
// the same bytes, and turns x-nullable into nullable on the way.
func sortedJSON(doc *openapi3.T) ([]byte, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	polish(tree)
	if root, ok := tree.(map[string]any); ok && root["paths"] == nil {
		root["paths"] = map[string]any{} // demanded even where there is none
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(tree); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// genericList is swag's name for api.list[X].
var genericList = regexp.MustCompile(`\bapi\.list-([A-Za-z]+)`)

// times says of the properties of a schema which are times: in Postrider
// those, and no others, end in _at.
func times(properties map[string]any) {
	for name, property := range properties {
		schema, ok := property.(map[string]any)
		if ok && strings.HasSuffix(name, "_at") && schema["type"] == "string" && schema["format"] == nil {
			schema["format"] = "date-time"
		}
	}
}

func polish(tree any) {
	switch node := tree.(type) {
	case map[string]any:
		if properties, ok := node["properties"].(map[string]any); ok {
			times(properties)
		}
		if mark, ok := node[nullableMark].(bool); ok {
			delete(node, nullableMark)
			node["nullable"] = mark
		}
		if free, ok := node["additionalProperties"].(map[string]any); ok && len(free) == 0 {
			free["nullable"] = true // anything is null too; of a schema without words OpenAPI 3.0 does not say so
		}
		for _, child := range node {
			polish(child)
		}
	case []any:
		for _, child := range node {
			polish(child)
		}
	}
}
