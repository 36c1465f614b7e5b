package mailbox_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
)

func scripted(t testing.TB, script string) *mailbox.Sink {
	t.Helper()
	s, err := mailbox.ParseScript(script)
	require.NoError(t, err)
	opts := mailbox.SinkOptions{}
	s.Apply(&opts)
	return sink(t, opts)
}

// mails says one mail to each recipient on one connection and answers the codes
// behind the greeting and EHLO.
func mails(t testing.TB, s *mailbox.Sink, to ...string) []string {
	t.Helper()
	say := "EHLO x\r\n"
	for _, a := range to {
		say += "RSET\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<" + a + ">\r\nBDAT 2 LAST\r\n\r\n"
	}
	got := codes(talk(t, s.Addr(), say+"QUIT\r\n"))
	return got[min(2, len(got)):]
}

const taken = "250 250 250 250"

func TestScriptEffects(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"":                                              taken + " 221",
		`at mail do reply 451 "4.7.0 a\nb"`:             "250 451 503 554 221",
		`at rcpt do drop`:                               "250 250",
		`at content do drop`:                            "250 250 250",
		`at body do reply 421 "bye" close`:              "250 250 250 421",
		`at body do raw "250 caf\xe9\x00\r\n"`:          taken + " 221",
		`at body do accept drop`:                        "250 250 250",
		`at body do wait 1ms accept reply 451 "x"`:      "250 250 250 451 221",
		"at quit do reply 250 \"x\"*10k # ten thousand": taken + " 250",
		"at rcpt to *@example.ORG do reply 550 \"\"\nat rcpt do reply 250 \"other\"": "250 250 550 554 221",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			s := scripted(t, script)
			require.Equal(t, want, strings.Join(mails(t, s, "b@example.org"), " "))
			accepted := int64(0)
			if strings.Contains(script, "accept") || strings.HasPrefix(want, taken) {
				accepted = 1
			}
			require.Equal(t, accepted, s.Count())
		})
	}
}

func TestScriptConditions(t *testing.T) {
	t.Parallel()
	deferred := func(script string, to ...string) (out []int) {
		s := scripted(t, script)
		got := mails(t, s, to...)
		for i := range to {
			if got[4*i+2] == "450" {
				out = append(out, i+1)
			}
		}
		return out
	}
	same := []string{"a@x", "a@x", "a@x", "a@x", "a@x", "a@x", "a@x", "a@x"}
	two := []string{"a@x", "b@x", "a@x", "b@x"}
	const do = ` do reply 450 "later"`
	require.Equal(t, []int{1, 2}, deferred("at rcpt first-try"+do, two...))
	require.Equal(t, []int{3, 6}, deferred("at rcpt every 3"+do, same...))
	require.Equal(t, []int{1, 2}, deferred("at rcpt times 2"+do, same...))
	require.Equal(t, []int{4, 5, 6, 7, 8}, deferred("at rcpt after 3"+do, same...))
	require.Equal(t, []int{4}, deferred("at rcpt after 3 times 1"+do, same...))
	require.Equal(t, []int{4}, deferred("at rcpt to b* every 2"+do, two...))
	require.Len(t, deferred("at rcpt for 10m"+do, same...), 8)
	require.Len(t, deferred("at rcpt chance 100%"+do, same...), 8)

	var many []string
	for i := range 400 {
		many = append(many, fmt.Sprintf("c%d@example.org", i))
	}
	tenth := deferred("at rcpt share 10%"+do, many...)
	require.InDelta(t, 40, len(tenth), 25)
	require.Equal(t, tenth, deferred("at rcpt share 10%"+do, many...), "always the same ones")
	require.NotEqual(t, tenth, deferred("seed 2\nat rcpt share 10%"+do, many...))
	require.InDelta(t, 40, len(deferred("at rcpt chance 10%"+do, many...)), 25)
}

func TestScriptSettings(t *testing.T) {
	t.Parallel()
	s := scripted(t, "offer SIZE 1000 # small\nstrip CHUNKING\nstrip pipelining\nlogin anna secret\n")
	got := talk(t, s.Addr(), "EHLO x\r\nMAIL FROM:<>\r\nQUIT\r\n")
	require.Contains(t, got, "SIZE 1000\r\n")
	require.Contains(t, got, "AUTH PLAIN")
	require.NotContains(t, got, "CHUNKING")
	require.NotContains(t, got, "PIPELINING")
	require.Equal(t, []string{"220", "250", "530", "221"}, codes(got))
}

func TestScriptDownAndBack(t *testing.T) {
	t.Parallel()
	s := scripted(t, "at rcpt times 1 do down 200ms")
	require.Equal(t, []string{"250", "250"}, mails(t, s, "b@example.org"))
	_, err := net.Dial("tcp", s.Addr())
	require.Error(t, err)
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", s.Addr())
		if err == nil {
			c.Close()
		}
		return err == nil
	}, 20*time.Second, 5*time.Millisecond)
	require.Equal(t, taken+" 221", strings.Join(mails(t, s, "b@example.org"), " "))
}

func TestSinkTellsOfAcceptances(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	s := sink(t, mailbox.SinkOptions{Keep: mailbox.KeepCount, OnAccept: func(conn int64, a mailbox.Acceptance) {
		fmt.Fprintln(&got, conn, a.To, a.MessageID)
	}})
	talk(t, s.Addr(), flight+"BDAT 22 LAST\r\nMessage-ID: <1@x>\r\n\r\n\nQUIT\r\n")
	require.Equal(t, "1 b@example.com 1@x\n", got.String())
}

func TestScriptErrors(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"# fine\n\nwhen x":               `line 3: "when" is none of`,
		"at":                             "at wants phases",
		"at nowhere do drop":             `"nowhere" is no phase`,
		"at mail drop":                   `"drop" is no condition`,
		"at mail every do drop":          `every wants a number from 1, not "do"`,
		"at mail every 0 do drop":        "every wants a number from 1",
		"at mail share 10 do drop":       "share wants a percentage",
		"at mail chance NaN% do drop":    "chance wants a percentage",
		"at mail for 2 do drop":          "for wants a time",
		"at mail to [ do drop":           "is no pattern",
		"at mail every 2":                "at wants what to do",
		"at mail do":                     "do wants an effect",
		"at mail do dance":               `"dance" is no effect`,
		"at mail do drop hang":           "drop and hang cannot both be done",
		"at mail do close":               "close stands behind",
		"at mail do accept":              "accept is for body",
		`at content do reply 250 "x"`:    "at content nothing is answered",
		`at mail do reply 99 "x"`:        "reply wants a code",
		`at mail do reply 250 x`:         "double quotes",
		`at mail do reply 250 "x`:        "does not end",
		`at mail do raw ""`:              "at least one octet",
		`at mail do raw "x"*0`:           "how often",
		`at mail do raw "x"*60M "x"*60M`: "may come to",
		"strip TLS":                      "strip knows",
		"login anna":                     "password behind",
		"offer":                          "offer wants",
		"seed 1 2":                       `"2" is too much`,
		"at mail do down":                "down wants a time",
	} {
		_, err := mailbox.ParseScript(script)
		require.ErrorContains(t, err, want, script)
		require.ErrorContains(t, err, "line ", script)
	}
}

func FuzzParseScript(f *testing.F) {
	f.Add("seed 7\noffer SIZE 1000\nstrip STARTTLS\nlogin a b\nat rcpt,mail share 10% to *@x first-try do wait 1s reply 451 \"a\\n\" \"b\"*3 close\n")
	f.Add("at body after 500 for 2m times 1 do accept drop # x\nat greeting chance 1% every 3 do down 2m\nat content do hang")
	f.Add(`at body do raw "250 caf\xe9\x00\r\n" "x"*1k`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := mailbox.ParseScript(text)
		if err != nil {
			require.Nil(t, s)
			return
		}
		var opts mailbox.SinkOptions
		s.Apply(&opts)
		for _, phase := range []mailbox.SinkPhase{mailbox.SinkGreeting, mailbox.SinkContent, mailbox.SinkBody} {
			r := opts.Script(mailbox.Step{Phase: phase, To: "b@example.org", Total: 1000})
			require.False(t, r.Accept && phase != mailbox.SinkBody)
		}
	})
}

// What the documentation shows can be run.
func TestSampleScriptsParse(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../docs/rehearsal/*.sink")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		_, err = mailbox.ParseScript(string(text))
		require.NoError(t, err, f)
	}
}
