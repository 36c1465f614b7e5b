package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/docs/openapi"
	"github.com/postrider/postrider/docs/openapi/ui"
)

const (
	// Styles may stand inline: the component library computes them.
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"font-src 'self'; connect-src 'self'; frame-src 'self'; manifest-src 'self'; " +
		"frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'"

	forever    = "public, max-age=31536000, immutable" // for names that carry a hash of the content
	askAgain   = "no-cache"                            // kept, but asked about at every use
	hashedPath = "assets/"
)

const unbuilt = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Postrider</title></head>
<body><h1>The web interface is not built</h1>
<p>This program was built without it. Run <code>make run</code>, which builds it and starts everything, or <code>make build</code>, then start again.</p>
<p>The API works: see <a href="/swagger/">/swagger/</a>.</p></body></html>
`

// elsewhere answers what no route takes: under /api there is nothing more, all
// else is the web interface. Its own router knows the pages, so whoever takes a
// page gets index.html whatever the path; only files with a hash in their name,
// which are there or gone, never turn into a page.
func (s *Server) elsewhere(c echo.Context) error {
	r := c.Request()
	name := strings.TrimPrefix(r.URL.Path, "/")
	first, _, _ := strings.Cut(name, "/")
	if first == "api" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return echo.ErrNotFound
	}
	if file := s.pages[name]; file != nil && name != "index.html" {
		if strings.HasPrefix(name, hashedPath) {
			return file.serve(c, forever, pagePolicy)
		}
		return file.serve(c, askAgain, pagePolicy)
	}
	if strings.HasPrefix(name, hashedPath) || !takesPages(c) {
		return echo.ErrNotFound
	}
	// Addresses of pages hold the tokens of mails, and what was searched for; a
	// Referer would carry them into the logs of proxies. The pages send no forms
	// but by fetch, whose Origin does not depend on this.
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
	if index := s.pages["index.html"]; index != nil {
		return index.serve(c, askAgain, pagePolicy)
	}
	c.Response().Header().Set("Content-Security-Policy", pagePolicy)
	return c.HTML(http.StatusNotFound, unbuilt)
}

// takesPages reports whether a request takes HTML; one that does not say takes
// anything.
func takesPages(c echo.Context) bool {
	weights := accepted(c)
	for _, media := range []string{echo.MIMETextHTML, "text/*", "*/*"} { // the most specific counts
		if weight, named := weights[media]; named {
			return weight > 0
		}
	}
	return len(weights) == 0
}

// documentation is the contract and the page that shows it: rows of the table
// whose paths are names of files.
func (s *Server) documentation() ([]route, error) {
	files, err := assets(ui.FS)
	if err != nil {
		return nil, err
	}
	var table []route
	page := func(path string, h echo.HandlerFunc) {
		table = append(table, route{get, path, anybody, whole, noKey, h})
	}
	show := func(a *asset) echo.HandlerFunc {
		return func(c echo.Context) error { return a.serve(c, askAgain, pagePolicy) }
	}
	for path, raw := range map[string][]byte{"/openapi.json": openapi.OpenAPIJSON, "/swagger.json": openapi.SwaggerJSON} {
		page(path, show(newAsset("application/json", raw)))
	}
	for name, file := range files {
		page("/swagger/"+name, show(file))
	}
	page("/swagger/", show(files["index.html"]))
	page("/swagger", func(c echo.Context) error { return c.Redirect(http.StatusMovedPermanently, "/swagger/") })
	slices.SortFunc(table, func(a, b route) int { return strings.Compare(a.path, b.path) })
	return table, nil
}
