package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/postrider/postrider/pkg/mailbox"
)

// SinkCommand is a mail server that delivers nothing and behaves as a script
// says, to rehearse what a mailing does when the real one is in trouble. It
// reads no settings: it has nothing to do with an installation.
func SinkCommand() *cobra.Command {
	var s sinkFlags
	cmd := &cobra.Command{
		Use: "sink", Short: "Be a mail server that takes all mail, delivers none and can misbehave by a script", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	f.StringVar(&s.listen, "listen", "127.0.0.1:2525", "listen on `host:port`")
	f.StringVar(&s.script, "script", "", "behave as this `file` says (docs/operations.md, \"Rehearsing\")")
	f.StringVar(&s.log, "log", "", "write a line for each mail taken to this `file`: time, connection, recipient, Message-ID")
	f.DurationVar(&s.opts.Latency, "latency", 0, "wait so `long` before each answer, as 20ms")
	f.BoolVar(&s.opts.NoPipelining, "no-pipelining", false, "do not offer PIPELINING")
	f.BoolVar(&s.opts.NoChunking, "no-chunking", false, "do not offer CHUNKING")
	f.BoolVar(&s.tls, "tls", false, "offer STARTTLS with a certificate made up at the start")
	return cmd
}

type sinkFlags struct {
	listen, script, log string
	tls                 bool
	opts                mailbox.SinkOptions
}

// run serves until ctx ends, and says every five seconds what changed.
func (s *sinkFlags) run(ctx context.Context, out io.Writer) (err error) {
	opts := s.opts
	opts.Addr, opts.Keep = s.listen, mailbox.KeepCount
	if s.tls {
		if opts.TLS, err = madeUpTLS(); err != nil {
			return err
		}
	}
	if s.script != "" {
		text, err := os.ReadFile(s.script)
		if err != nil {
			return fmt.Errorf("--script: %w", err)
		}
		script, err := mailbox.ParseScript(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", s.script, err)
		}
		script.Apply(&opts)
	}
	if s.log != "" {
		log, bad := openSinkLog(s.log)
		if bad != nil {
			return fmt.Errorf("--log: %w", bad)
		}
		defer func() { err = errors.Join(err, log.close()) }()
		opts.OnAccept = log.accepted
	}
	sink, err := mailbox.StartSink(opts)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "listening: %s\n", sink.Addr())
	said := int64(-1)
	say := func() {
		if n := sink.Count() + sink.Connections(); n != said {
			said = n
			fmt.Fprintf(out, "%s taken: %d, connections: %d\n", time.Now().Format(time.TimeOnly), sink.Count(), sink.Connections())
		}
	}
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			say()
		case <-ctx.Done():
		}
	}
	err = sink.Close()
	said = -1
	say()
	return err
}

// sinkLog writes a line per recipient of an accepted mail, before the answer
// leaves, so that whoever reads it knows what the client cannot know better.
type sinkLog struct {
	mu   sync.Mutex
	file *os.File
	err  error
}

func openSinkLog(name string) (*sinkLog, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return &sinkLog{file: f}, err
}

func (l *sinkLog) accepted(conn int64, a mailbox.Acceptance) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := fmt.Fprintf(l.file, "%s %d %s %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), conn, a.To, a.MessageID)
	if l.err == nil { // the first one tells it
		l.err = err
	}
}

func (l *sinkLog) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.err, l.file.Close())
}

// madeUpTLS is a certificate for this machine that nobody vouches for.
func madeUpTLS() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "postrider sink"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}
