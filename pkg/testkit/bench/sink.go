package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/pkg/mailbox"
)

// sinkKind is the server that takes the mail.
type sinkKind struct {
	EHLO    string        // plain, pipelining, chunking: each offers what the one before does
	Latency time.Duration // before each flight of its replies
}

func (k *sinkKind) flags(f *flag.FlagSet) {
	f.StringVar(&k.EHLO, "ehlo", "pipelining", "what the mail server offers: plain, pipelining or chunking")
	f.DurationVar(&k.Latency, "latency", 0, "how long it waits before each flight of replies")
}

func (k *sinkKind) options() (mailbox.SinkOptions, error) {
	o := mailbox.SinkOptions{
		Latency: k.Latency, Keep: mailbox.KeepCount, Extensions: []string{"8BITMIME", "SMTPUTF8", "SIZE 10485760"},
		NoPipelining: k.EHLO == "plain", NoChunking: k.EHLO != "chunking",
	}
	switch k.EHLO {
	case "plain", "pipelining", "chunking":
		return o, nil
	}
	return o, fmt.Errorf("-ehlo is plain, pipelining or chunking, not %q", k.EHLO)
}

// serve takes mail until standard input ends. It prints, a line each: its
// address, when the first connection came, when the first mail was taken (both
// in nanoseconds since 1970), and at the end the number of mails.
func (k *sinkKind) serve() error {
	o, err := k.options()
	if err != nil {
		return err
	}
	sink, err := mailbox.StartSink(o)
	if err != nil {
		return err
	}
	defer sink.Close()
	fmt.Println("addr", sink.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for tick := time.NewTicker(time.Millisecond); ctx.Err() == nil && sink.Connections() == 0; <-tick.C {
		}
		fmt.Println("connected", time.Now().UnixNano())
		if sink.Wait(ctx, 1) == nil {
			fmt.Println("accepted", time.Now().UnixNano())
		}
	}()
	lines := bufio.NewScanner(os.Stdin) // a number asks to be told when so many mails were taken
	for lines.Scan() {
		n, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			return err
		}
		go func() {
			if sink.Wait(ctx, n) == nil {
				fmt.Println("all", n)
			}
		}()
	}
	fmt.Println("count", sink.Count())
	return nil
}

// sink is a running `bench sink`.
type sink struct {
	Addr string
	cmd  *exec.Cmd
	in   io.WriteCloser
	said map[string]chan string
}

func startSink(self string, k sinkKind) (*sink, error) {
	s := &sink{cmd: exec.Command(self, "sink", "-ehlo", k.EHLO, "-latency", k.Latency.String()), said: map[string]chan string{}}
	for _, word := range []string{"addr", "connected", "accepted", "all", "count"} {
		s.said[word] = make(chan string, 1)
	}
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			word, rest, _ := strings.Cut(lines.Text(), " ")
			if c := s.said[word]; c != nil {
				c <- rest
			}
		}
		for _, c := range s.said {
			close(c)
		}
	}()
	s.Addr = <-s.said["addr"]
	if s.Addr == "" {
		return nil, fmt.Errorf("the sink did not start: %w", s.cmd.Wait())
	}
	return s, nil
}

// all waits until n mails were taken.
func (s *sink) all(ctx context.Context, n int) error {
	fmt.Fprintln(s.in, n)
	select {
	case got := <-s.said["all"]:
		if got == strconv.Itoa(n) {
			return nil
		}
		return fmt.Errorf("the sink ended early")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// moment is when something first happened; the zero time if it never did.
func (s *sink) moment(word string) time.Time {
	ns, err := strconv.ParseInt(<-s.said[word], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// stop ends the sink and answers how many mails it took, and its CPU time.
func (s *sink) stop() (count int64, cpu time.Duration, err error) {
	if err := s.in.Close(); err != nil {
		return 0, 0, err
	}
	count, err = strconv.ParseInt(<-s.said["count"], 10, 64)
	if waitErr := s.cmd.Wait(); waitErr != nil {
		return count, 0, waitErr
	}
	return count, s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime(), err
}
