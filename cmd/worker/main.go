// Command worker is the worker: it starts runs, sends mail and writes the attempt log.
package main

import (
	"os"

	"github.com/postrider/postrider/pkg/app"
	"github.com/postrider/postrider/pkg/config"
)

func main() {
	os.Exit(app.Main("worker", "Start runs, send mail and write the attempt log", config.Worker, app.Worker))
}
