package smtp_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/smtp"
)

// BenchmarkSend is the bare sender: no database, no rendering, a sink that
// answers at once, 50 connections, 2 KB mails.
func BenchmarkSend(b *testing.B) {
	data := []byte("Message-ID: <1@x>\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 28))
	for name, opts := range map[string]mailbox.SinkOptions{
		"chunking": {}, "pipelining": {NoChunking: true}, "plain": {NoChunking: true, NoPipelining: true},
	} {
		b.Run(name, func(b *testing.B) {
			opts.Keep = mailbox.KeepCount
			sink, err := mailbox.StartSink(opts)
			require.NoError(b, err)
			defer sink.Close()
			cfg, err := smtp.ParseURL(sink.URL() + "&connections=50")
			require.NoError(b, err)
			pool := smtp.New(cfg, nil)
			defer pool.Close()
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for range cfg.Connections {
				wg.Go(func() {
					m := mailing.Mail{From: "a@example.org", To: "b@example.com", Data: data}
					line, next := pool.Line(), func() *mailing.Mail { return &m }
					defer line.Drop()
					for left.Add(-1) >= 0 {
						r := line.Send(context.Background(), &m, mailing.Granted{}, next)
						if r.Outcome != model.OutcomeSent {
							b.Error(r)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
