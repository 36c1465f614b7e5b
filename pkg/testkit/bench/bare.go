package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/rfc5322"
)

// bareMail is a mail of the mailing, made once: as many octets on the wire as
// each of the product's.
var bareMail = func() []byte {
	const link = "http://127.0.0.1:20000/u/AQAAAAAAAAPoXb0Kc2Vq7mJ1tWf9yL3hRz"
	client := strings.NewReplacer(`{{ client.full_name | default: "dear client" }}`, "Client 1000", "{{ client.attributes.city }}", "Town 0",
		"{{ client.attributes.bonus }}", "1000", "{{ client.attributes.plan }}", "standard", "{{ client.email }}", "c1000@example.org",
		"{{ unsubscribe_url }}", link)
	composer, err := rfc5322.NewComposer(rfc5322.Shared{
		From: rfc5322.Address{Name: "Anna", Addr: "anna@example.com"}, ListID: "m1.u1.127.0.0.1", FeedbackID: "r1:u1:mailing:postrider",
	})
	if err != nil {
		panic(err)
	}
	mail, err := composer.Append(nil, rfc5322.Message{
		To: rfc5322.Address{Name: "Client 1000", Addr: "c1000@example.org"}, Subject: "News for Client 1000",
		Text: client.Replace(text), HTML: client.Replace(html),
		MessageID: "d1000.0123456789abcdef@example.com", Date: time.Now(), UnsubscribeURL: link,
	})
	if err != nil {
		panic(err)
	}
	return mail
}()

// bare sends for some seconds over a number of connections as fast as an SMTP
// client can: no database, no rendering. With chunking a mail takes one round
// trip, else two: MAIL, RCPT and DATA together, then the mail with its dot.
// It answers mails per second.
func bare(ctx context.Context, self string, k sinkKind, connections int, while time.Duration, chunking bool) (float64, error) {
	s, err := startSink(self, k)
	if err != nil {
		return 0, err
	}
	var (
		wg    sync.WaitGroup
		sent  atomic.Int64
		fault = make(chan error, connections)
		ready sync.WaitGroup
		begin = make(chan struct{})
	)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready.Add(connections)
	for range connections {
		wg.Go(func() {
			if err := bareSender(ctx, s.Addr, chunking, &sent, ready.Done, begin); err != nil {
				fault <- err
			}
		})
	}
	ready.Wait()
	started := time.Now()
	close(begin)
	select {
	case <-time.After(while):
	case <-ctx.Done():
	}
	rate := float64(sent.Load()) / time.Since(started).Seconds()
	cancel()
	wg.Wait()
	if _, _, err := s.stop(); err != nil {
		return 0, err
	}
	select {
	case err := <-fault:
		return 0, fmt.Errorf("the bare sender: %w", err)
	default:
		return rate, nil
	}
}

func bareSender(ctx context.Context, addr string, chunking bool, sent *atomic.Int64, ready func(), begin <-chan struct{}) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		ready()
		return err
	}
	defer conn.Close()
	br := bufio.NewReaderSize(conn, 4<<10)
	say := func(out []byte, codes ...string) error {
		if _, err := conn.Write(out); err != nil {
			return err
		}
		for _, code := range codes {
			for more := true; more; {
				line, err := br.ReadSlice('\n')
				if err != nil {
					return err
				}
				if len(line) < 4 || string(line[:3]) != code {
					return errors.New(string(line))
				}
				more = line[3] == '-'
			}
		}
		return nil
	}
	err = say(nil, "220")
	if err == nil {
		err = say([]byte("EHLO bench\r\n"), "250")
	}
	ready()
	if err != nil {
		return err
	}
	<-begin
	data := append(append([]byte(nil), bareMail...), ".\r\n"...)
	var out []byte
	for n := 0; ctx.Err() == nil; n++ {
		out = fmt.Appendf(out[:0], "MAIL FROM:<bench@example.com>\r\nRCPT TO:<c%d@example.org>\r\n", n)
		if chunking {
			out = fmt.Appendf(out, "BDAT %d LAST\r\n", len(bareMail))
			out = append(out, bareMail...)
			err = say(out, "250", "250", "250")
		} else {
			out = append(out, "DATA\r\n"...)
			if err = say(out, "250", "250", "354"); err == nil {
				err = say(data, "250")
			}
		}
		if err != nil {
			return err
		}
		sent.Add(1)
	}
	return nil
}
