// Package migrations embeds the schema of both dialects, a folder each. The
// files are numbered alike in both and say the same in their dialect's words.
package migrations

import "embed"

// FS holds postgres/*.sql and sqlite/*.sql in goose's format.
//
//go:embed postgres/*.sql sqlite/*.sql
var FS embed.FS
