// Package api is the HTTP door, and the only importer of Echo. It translates:
// a request into a call of mailing, auth or store, what they answer into JSON,
// their errors into RFC 9457 problems. It holds no rule of its own.
//
// A request meets, in this order: its id, the log, the guard against crooked
// paths, the security headers, CORS, the route table with its permission
// (routes.go), the handler. A handler checks in the order 404/403, body, state,
// so that a stranger learns nothing from a refusal, and returns its error;
// problem.go alone knows what status that is.
//
//	@title						Postrider
//	@version					1
//	@description				Keeps clients and messages, sends mailings and tells what became of every single mail.
//	@description				Errors are application/problem+json (RFC 9457); a 422 lists every wrong field.
//	@basePath					/api/v1
//	@accept						json
//	@produce					json
//	@securityDefinitions.apikey	Bearer
//	@in							header
//	@name						Authorization
//	@description				The access token of POST /auth/login, or an API key (prk_…) of POST /api-keys. Which scope a key needs, each call says.
package api
