package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/frontend"
	"github.com/postrider/postrider/pkg/config"
	"github.com/postrider/postrider/pkg/limit"
	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/queue"
	"github.com/postrider/postrider/pkg/smtp"
)

// httpDrain is how long requests may go on after a program was told to stop.
const httpDrain = 10 * time.Second

// API serves HTTP until ctx ends.
func API(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	st, err := openStore(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer st.Close()
	h, err := openHouse(ctx, cfg, st, cfg.RedisURL, log)
	if err != nil {
		return err
	}
	defer h.close()
	parts, ctx := errgroup.WithContext(ctx)
	registry := h.metrics(nil)
	h.serveMetrics(ctx, parts, registry)
	parts.Go(func() error {
		return h.serveAPI(ctx, nil, registry, func(addr net.Addr) { log.Info("listening", "addr", addr.String()) })
	})
	return parts.Wait()
}

// Worker starts runs, sends mail and writes the attempt log until ctx ends.
// Then what is on the wire may end, and everything claimed is given back.
func Worker(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	if os.Getenv("GOGC") == "" {
		// What lives is some megabytes whatever the size of a run: to let four times
		// as much gather before it is collected saves CPU and costs little memory.
		debug.SetGCPercent(400)
	}
	st, err := openStore(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer st.Close()
	h, err := openHouse(ctx, cfg, st, cfg.RedisURL, log)
	if err != nil {
		return err
	}
	defer h.close()
	ways, err := h.ways("")
	if err != nil {
		return err
	}
	engine := mailing.NewEngine(h.mailings, ways)
	parts, ctx := errgroup.WithContext(ctx)
	h.serveMetrics(ctx, parts, h.metrics(engine))
	parts.Go(func() error { return h.serveTasks(ctx, engine, cfg.RedisURL) })
	parts.Go(func() error { return engine.Run(ctx) })
	log.Info("worker is ready", "worker", engine.WorkerID())
	return parts.Wait()
}

func (h *house) serveTasks(ctx context.Context, e *mailing.Engine, redisURL string) error {
	s, err := queue.NewServer(redisURL, queue.Handlers{Start: e.Start, Deliver: e.Deliver, Mail: e.Mail}, h.log)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

func (h *house) serveAPI(ctx context.Context, inbox *mailbox.Mailbox, registry *prometheus.Registry, ready func(net.Addr)) error {
	deps := api.Deps{
		Store: h.store, Auth: h.auth, Mailings: h.mailings, Sealer: h.sealer, BodyKeys: h.bodies, CheckTransport: checkTransport, Inbox: inbox, Queues: h.queueStates,
		PublicURL: h.cfg.PublicURL, Registration: h.cfg.Registration, CORSOrigins: h.cfg.CORSOrigins, Version: Version,
		ConfirmEmail: h.cfg.ConfirmEmail, TrustedProxies: h.cfg.TrustedProxies,
		Frontend: frontend.Dist(), Log: h.log, Metrics: registry, MetricsHere: h.cfg.MetricsAddr == "",
	}
	if h.cfg.SMTPURL != "" {
		c, err := smtp.ParseURL(h.cfg.SMTPURL)
		if err != nil {
			return fmt.Errorf("settings: POSTRIDER_SMTP_URL: %w", err)
		}
		deps.DefaultTransport = &api.DefaultTransport{Host: c.Host, Port: c.Port}
	}
	if h.cfg.Limits {
		deps.Limiter = limit.New(h.queue.Eval, h.log)
	}
	if h.cfg.RedisURL != "" { // else it lives in this process
		deps.Redis = h.queue.Ping
	}
	listener, err := net.Listen("tcp", h.cfg.HTTPAddr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", h.cfg.HTTPAddr, err)
	}
	handler, err := api.New(deps)
	if err != nil {
		return err
	}
	server := api.HTTPServer(handler, h.cfg.HTTPAddr)
	ready(listener.Addr())
	return h.tellingLeftOut(ctx, func() error { return serve(ctx, server, listener) })
}

// tellingLeftOut lets requests be answered, and writes each minute and at the
// end what the audit log was spared.
func (h *house) tellingLeftOut(ctx context.Context, serve func() error) error {
	tell := func(ctx context.Context, ends bool) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if err := h.store.AuditLeftOut(ctx, ends); err != nil && ctx.Err() == nil {
			h.log.ErrorContext(ctx, "the audit log does not tell how many events were left out", "error", err)
		}
	}
	serving, ended := context.WithCancel(ctx)
	var minutely sync.WaitGroup
	minutely.Go(func() {
		each := time.NewTicker(time.Minute)
		defer each.Stop()
		for {
			select {
			case <-each.C:
				tell(serving, false)
			case <-serving.Done():
				return
			}
		}
	})
	err := serve()
	ended()
	minutely.Wait()
	tell(context.WithoutCancel(ctx), true)
	return err
}

func (h *house) queueStates(ctx context.Context) ([]api.QueueState, error) {
	states, err := h.queue.States(ctx)
	out := make([]api.QueueState, len(states))
	for i, s := range states {
		out[i] = api.QueueState(s)
	}
	return out, err
}

// serve answers until ctx ends, and then lets requests end.
func serve(ctx context.Context, server *http.Server, l net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), httpDrain)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		_ = server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// metrics are what this process tells of itself; engine is nil in one that
// does not send.
func (h *house) metrics(engine *mailing.Engine) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "postrider_workers", Help: "Workers that gave a sign of life within 12 s.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		workers, err := h.store.Workers(ctx)
		if err != nil {
			return -1
		}
		return float64(len(workers))
	}))
	if engine == nil {
		return r
	}
	for _, outcome := range mailing.Outcomes {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "postrider_attempts_total", Help: "Attempts of this process by outcome.",
			ConstLabels: prometheus.Labels{"outcome": string(outcome)},
		}, func() float64 { return float64(engine.Attempts(outcome)) }))
	}
	for _, reason := range mailing.MissedReasons {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "postrider_missed_runs_total", Help: "Runs that this process found to be missed, by reason.",
			ConstLabels: prometheus.Labels{"reason": reason},
		}, func() float64 { return float64(engine.Missed(reason)) }))
	}
	r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "postrider_drift_total", Help: "Places where this process found counters, attempts and deliveries of a run that do not agree.",
	}, func() float64 { n, _ := engine.Drifts(); return float64(n) }))
	r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "postrider_drift_runs", Help: "Checks of a run by this process that found such a place.",
	}, func() float64 { _, n := engine.Drifts(); return float64(n) }))
	return r
}

// serveMetrics opens the listener for metrics, if one is wished for.
func (h *house) serveMetrics(ctx context.Context, parts *errgroup.Group, registry *prometheus.Registry) {
	if h.cfg.MetricsAddr == "" {
		return
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	parts.Go(func() error {
		l, err := net.Listen("tcp", h.cfg.MetricsAddr)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", h.cfg.MetricsAddr, err)
		}
		return serve(ctx, api.HTTPServer(mux, h.cfg.MetricsAddr), l)
	})
}
