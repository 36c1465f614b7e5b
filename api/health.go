package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type health struct {
	Status  string `json:"status"`
	Version string `json:"version"`
}

// readiness says what the probe of an orchestrator asks. Redis carries hints
// only: away, it makes things later, not wrong.
type readiness struct {
	Status   string `json:"status"`
	Database string `json:"database"`
	Redis    string `json:"redis"`
}

// How long a probe waits for a part.
const (
	databaseWait = 3 * time.Second
	redisWait    = time.Second
)

// metrics are for superusers, where they are here at all: many installations
// have them on a listener of their own.
func (s *Server) metrics() echo.HandlerFunc {
	if !s.MetricsHere || s.Metrics == nil {
		return func(echo.Context) error { return echo.ErrNotFound } // not the interface's page
	}
	return echo.WrapHandler(promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{}))
}

// healthz is the process's own sign of life; it asks nobody.
func (s *Server) healthz(c echo.Context) error {
	return c.JSON(http.StatusOK, health{Status: "ok", Version: s.Version})
}

// readyz tells whether requests can be served: 503 with the reason while the
// database is away or its schema is not this program's.
func (s *Server) readyz(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), databaseWait)
	defer cancel()
	if err := s.Store.CheckSchema(ctx); err != nil {
		return err
	}
	out := readiness{Status: "ok", Database: "ok", Redis: "ok"}
	if s.Redis != nil {
		ctx, cancel := context.WithTimeout(c.Request().Context(), redisWait)
		defer cancel()
		if s.Redis(ctx) != nil {
			out.Redis = "degraded"
		}
	}
	return c.JSON(http.StatusOK, out)
}

// observer counts requests by route; paths would be without end.
func observer(registry *prometheus.Registry) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "postrider_http_request_seconds",
		Help:    "Time to answer requests of the API, by route.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"method", "route", "status"})
	registry.MustRegister(h)
	return h
}
