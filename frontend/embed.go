// Package frontend carries the built web interface inside the Go binary.
//
// The folder dist is made by `npm run build`. A checkout that has not built it yet holds only dist/.gitkeep,
// so that the Go packages compile and test without Node; the server then has no index.html to serve and must
// say so.
package frontend

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist returns the built web interface: index.html at its root and, below assets/, files whose names carry a
// hash of their content and may be cached for ever. Without a build it holds nothing but .gitkeep.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // only for an invalid path, and this one is a constant
	}
	return sub
}
