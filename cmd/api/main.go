// Command api is the HTTP server: the JSON API, Swagger UI and the web interface.
package main

import (
	"os"

	"github.com/postrider/postrider/pkg/app"
	"github.com/postrider/postrider/pkg/config"
)

func main() {
	os.Exit(app.Main("api", "Serve the JSON API, Swagger UI and the web interface", config.API, app.API))
}
