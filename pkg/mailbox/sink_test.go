package mailbox_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
)

func sink(t testing.TB, opts mailbox.SinkOptions) *mailbox.Sink {
	t.Helper()
	s, err := mailbox.StartSink(opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// talk says octets and answers all that comes until the sink closes.
func talk(t testing.TB, addr, say string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(c, say)
	require.NoError(t, err)
	b, _ := io.ReadAll(c)
	return string(b)
}

const flight = "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n"

func codes(answer string) (out []string) {
	for line := range strings.Lines(answer) {
		if len(line) > 3 && line[3] == ' ' {
			out = append(out, line[:3])
		}
	}
	return out
}

func TestSinkCountsAndRemembers(t *testing.T) {
	t.Parallel()
	s := sink(t, mailbox.SinkOptions{Keep: mailbox.KeepMails})
	body := "Subject: x\r\nMessage-ID: <1@example.org>\r\n\r\n..dot\r\n.\nnot the end\r\n"
	got := talk(t, s.Addr(), flight+"DATA\r\n"+body+".\r\n"+
		"MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nBDAT 10\r\nMessage-Id"+"BDAT 15 LAST\r\n: <2@x>\r\n\r\nab\r\nQUIT\r\n")
	require.Equal(t, []string{"220", "250", "250", "250", "354", "250", "250", "250", "250", "250", "250", "221"}, codes(got))
	require.EqualValues(t, 3, s.Count())
	require.Equal(t, map[string]int{"b@example.com": 2, "c@example.com": 1}, s.Accepted())
	require.Contains(t, s.Acceptances(), mailbox.Acceptance{To: "b@example.com", MessageID: "1@example.org"})
	mails := s.Mails()
	require.Len(t, mails, 2)
	require.Equal(t, "Subject: x\r\nMessage-ID: <1@example.org>\r\n\r\n.dot\r\n\nnot the end\r\n", string(mails[0].Data))
	require.Equal(t, []string{"b@example.com", "c@example.com"}, mails[1].To)
	s.Reset()
	require.Zero(t, s.Count())
}

func TestSinkKeepsTheOrderOfCommands(t *testing.T) {
	t.Parallel()
	s := sink(t, mailbox.SinkOptions{})
	got := talk(t, s.Addr(), "MAIL FROM:<a@b>\r\nEHLO x\r\nRCPT TO:<a@b>\r\nDATA\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\nBDAT x\r\nWHAT\r\nSTARTTLS\r\nAUTH PLAIN\r\nQUIT\r\n")
	require.Equal(t, []string{"220", "503", "250", "503", "503", "250", "503", "554", "501", "500", "502", "502", "221"}, codes(got))
	require.Zero(t, s.Count())
}

func TestSinkScript(t *testing.T) {
	t.Parallel()
	data := flight + "DATA\r\nMessage-ID: <1@x>\r\n\r\n.\r\nNOOP\r\nQUIT\r\n"
	for _, tc := range []struct {
		phase    mailbox.SinkPhase
		reply    mailbox.Reply
		want     []string
		accepted int64
	}{
		{mailbox.SinkGreeting, mailbox.Reply{Code: 554, Text: "no", Action: mailbox.AnswerAndClose}, []string{"554"}, 0},
		{mailbox.SinkGreeting, mailbox.Reply{Action: mailbox.Drop}, nil, 0},
		{mailbox.SinkMail, mailbox.Reply{Code: 451}, []string{"220", "250", "451", "503", "503", "500", "500", "500", "250", "221"}, 0},
		{mailbox.SinkRcpt, mailbox.Reply{Action: mailbox.Drop}, []string{"220", "250", "250"}, 0},
		{mailbox.SinkContent, mailbox.Reply{Action: mailbox.Drop}, []string{"220", "250", "250", "250", "354"}, 0},
		{mailbox.SinkBody, mailbox.Reply{Code: 421, Text: "a\nb", Action: mailbox.AnswerAndClose}, []string{"220", "250", "250", "250", "354", "421"}, 0},
		{mailbox.SinkBody, mailbox.Reply{Action: mailbox.Drop, Accept: true}, []string{"220", "250", "250", "250", "354"}, 1},
		{mailbox.SinkBody, mailbox.Reply{Raw: "garbage\r\n", Accept: true}, []string{"220", "250", "250", "250", "354", "250", "221"}, 1},
	} {
		t.Run(fmt.Sprint(tc.phase, tc.reply), func(t *testing.T) {
			t.Parallel()
			s := sink(t, mailbox.SinkOptions{Script: func(st mailbox.Step) mailbox.Reply {
				if st.Phase == tc.phase {
					return tc.reply
				}
				return mailbox.Reply{}
			}})
			require.Equal(t, tc.want, codes(talk(t, s.Addr(), data)))
			require.Equal(t, tc.accepted, s.Count())
		})
	}
}

func TestSinkTellsTheScriptWhereItIs(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []mailbox.Step
	s := sink(t, mailbox.SinkOptions{Script: func(st mailbox.Step) mailbox.Reply {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, st)
		return mailbox.Reply{}
	}})
	talk(t, s.Addr(), flight+"BDAT 22 LAST\r\nMessage-ID: <1@x>\r\n\r\n\nQUIT\r\n")
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, got, 7)
	require.Equal(t, mailbox.Step{
		Phase: mailbox.SinkBody, Conn: 1, Command: "BDAT 22 LAST", From: "a@example.org", To: "b@example.com", MessageID: "1@x", BDAT: true,
	}, got[5])
	require.EqualValues(t, 1, got[6].Mails)
}

func TestSinkHangsUntilClosed(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	s := sink(t, mailbox.SinkOptions{Script: func(st mailbox.Step) mailbox.Reply {
		if st.Phase == mailbox.SinkMail {
			close(asked)
			return mailbox.Reply{Action: mailbox.Hang}
		}
		return mailbox.Reply{}
	}})
	c, err := net.Dial("tcp", s.Addr())
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, flight)
	require.NoError(t, err)
	<-asked
	require.NoError(t, s.Close())
	b, _ := io.ReadAll(c)
	require.Equal(t, []string{"220", "250"}, codes(string(b)))
}

func TestSinkAuth(t *testing.T) {
	t.Parallel()
	s := sink(t, mailbox.SinkOptions{Username: "u", Password: "p", Extensions: []string{"AUTH PLAIN LOGIN"}})
	c := dial(t, s.Addr())
	require.ErrorContains(t, c.Mail("a@example.org", nil), "authentication required")
	require.Error(t, c.Auth(sasl.NewPlainClient("", "u", "wrong")))
	require.NoError(t, c.Auth(sasl.NewLoginClient("u", "p")))
	require.NoError(t, c.Auth(sasl.NewPlainClient("", "u", "p")))
	require.NoError(t, c.Mail("a@example.org", nil))
}

func TestSinkWait(t *testing.T) {
	t.Parallel()
	s := sink(t, mailbox.SinkOptions{Keep: mailbox.KeepCount})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.NoError(t, s.Wait(ctx, 0))
	done := make(chan error, 3)
	for _, n := range []int64{1, 60, 100} {
		go func() { done <- s.Wait(ctx, n) }()
	}
	for range 4 {
		talk(t, s.Addr(), strings.TrimSuffix(flight, "\r\n")+strings.Repeat("\r\nBDAT 2 LAST\r\n\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>", 25)+"\r\nQUIT\r\n")
	}
	for range 3 {
		require.NoError(t, <-done)
	}
	require.EqualValues(t, 100, s.Count())
	require.Empty(t, s.Accepted())
	gone, stop := context.WithCancel(ctx)
	stop()
	require.ErrorIs(t, s.Wait(gone, 101), context.Canceled)
}

func BenchmarkSink(b *testing.B) {
	body := "Message-ID: <1@x>\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 28)
	for name, mail := range map[string]string{
		"data": "DATA\r\n" + body + ".\r\n",
		"bdat": fmt.Sprintf("BDAT %d LAST\r\n%s", len(body), body),
	} {
		b.Run(name, func(b *testing.B) {
			s := sink(b, mailbox.SinkOptions{Keep: mailbox.KeepCount})
			say := []byte("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n" + mail)
			replies := 3 + strings.Count(mail[:4], "DATA")
			b.SetParallelism(25)
			b.RunParallel(func(pb *testing.PB) {
				c, err := net.Dial("tcp", s.Addr())
				if err != nil {
					b.Error(err)
					return
				}
				defer c.Close()
				r := bufio.NewReader(c)
				_, _ = io.WriteString(c, "EHLO x\r\n")
				for range 5 { // the greeting and four lines of EHLO
					_, _ = r.ReadSlice('\n')
				}
				for pb.Next() {
					if _, err := c.Write(say); err != nil {
						b.Error(err)
						return
					}
					for range replies {
						_, _ = r.ReadSlice('\n')
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
