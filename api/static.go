package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// asset is a file in memory. Files are built in and do not change, so each is
// compressed once, when it is first asked for.
type asset struct {
	kind   string
	etag   string
	plain  []byte
	zipped func() []byte
}

// assets are the files of a folder by their path, without a leading slash.
func assets(folder fs.FS) (map[string]*asset, error) {
	out := map[string]*asset{}
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		raw, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		out[name] = newAsset(kindOfFile(name), raw)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return out, err
}

func newAsset(kind string, raw []byte) *asset {
	sum := sha256.Sum256(raw)
	return &asset{
		kind: kind, etag: `"` + hex.EncodeToString(sum[:8]) + `"`, plain: raw,
		zipped: sync.OnceValue(func() []byte {
			var b bytes.Buffer
			z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails on unknown levels only
			_, _ = z.Write(raw)                                   // a Buffer takes everything
			_ = z.Close()
			return b.Bytes()
		}),
	}
}

// kinds do not depend on the machine's own tables.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
	".woff2": "font/woff2", ".woff": "font/woff", ".txt": "text/plain; charset=utf-8", ".map": "application/json",
	".webmanifest": "application/manifest+json",
}

func kindOfFile(name string) string {
	ext := path.Ext(name)
	if kind, known := kinds[ext]; known {
		return kind
	}
	if kind := mime.TypeByExtension(ext); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// smallest is what is worth compressing, in bytes.
const smallest = 1024

func (a *asset) compressible() bool {
	return len(a.plain) >= smallest && !strings.HasPrefix(a.kind, "font/") && a.kind != "image/png"
}

// serve answers GET and HEAD, with the conditions of RFC 9110 §13.
func (a *asset) serve(c echo.Context, caching, policy string) error {
	r, h := c.Request(), c.Response().Header()
	body, etag := a.plain, a.etag
	if a.compressible() {
		h.Add("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			body, etag = a.zipped(), strings.TrimSuffix(a.etag, `"`)+`-gz"`
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("Content-Type", a.kind)
	h.Set("ETag", etag)
	h.Set("Cache-Control", caching)
	h.Set("Content-Security-Policy", policy)
	http.ServeContent(c.Response(), r, "", time.Time{}, bytes.NewReader(body))
	return nil
}
