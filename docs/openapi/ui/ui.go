// Package ui carries Swagger UI (swagger-ui-dist 5.35.0, Apache 2.0, files
// unchanged) and the page that shows Postrider's contract in it. Nothing is
// loaded from elsewhere, and no script stands in the page, so that the page
// works under a strict Content-Security-Policy.
package ui

import "embed"

// FS holds index.html and what it needs.
//
//go:embed index.html initialize.js swagger-ui-bundle.js swagger-ui.css favicon-32x32.png LICENSE NOTICE
var FS embed.FS
