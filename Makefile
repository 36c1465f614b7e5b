servers: ## Keep a PostgreSQL and a Redis running for tests by hand
	@go build -o bin/servers ./pkg/testkit/servers && exec bin/servers
.PHONY: servers
