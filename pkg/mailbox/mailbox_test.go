package mailbox_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	gosmtp "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
)

func open(t testing.TB, dir string, opts mailbox.Options) *mailbox.Mailbox {
	t.Helper()
	b, err := mailbox.Open(dir, opts)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b.Serve(l)
	require.Equal(t, l.Addr().String(), b.Addr())
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func dial(t testing.TB, addr string) *gosmtp.Client {
	t.Helper()
	c, err := gosmtp.Dial(addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func mailText(i int) string {
	return fmt.Sprintf("From: a@example.org\r\nTo: c%d@example.com\r\nSubject: =?utf-8?B?0J/RgNC40LLQtdGC?= %d\r\n"+
		"Message-ID: <m%d@example.org>\r\nFeedback-ID: r1:m2:u3:postrider\r\n\r\nHello %d\r\n.dot\r\n", i, i, i, i)
}

func send(t testing.TB, c *gosmtp.Client, i int) {
	t.Helper()
	require.NoError(t, c.SendMail("a@example.org", []string{fmt.Sprintf("c%d@example.com", i)}, strings.NewReader(mailText(i))))
}

func ids(entries []mailbox.Entry) []int64 {
	out := []int64{}
	for _, e := range entries {
		out = append(out, e.ID)
	}
	return out
}

func TestMailIsKeptAndComesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir, mailbox.Options{})
	c := dial(t, b.Addr())
	for i := 1; i <= 3; i++ {
		send(t, c, i)
	}
	check := func(b *mailbox.Mailbox) {
		entries := b.List(nil, 0, 10)
		require.Equal(t, []int64{3, 2, 1}, ids(entries))
		e := entries[1]
		require.Equal(t, "a@example.org", e.From)
		require.Equal(t, "c2@example.com", e.To)
		require.Equal(t, "Привет 2", e.Subject)
		require.Equal(t, "m2@example.org", e.MessageID)
		require.Equal(t, "r1:m2:u3:postrider", e.FeedbackID)
		require.EqualValues(t, len(mailText(2)), e.Size)
		got, p, ok := b.Mail(2)
		require.True(t, ok)
		require.Equal(t, e, got)
		require.Equal(t, mailText(2), p.Source)
		require.Equal(t, "Hello 2\r\n.dot\r\n", p.Text)
		require.Empty(t, p.HTML)
		require.Equal(t, []mailbox.Header{
			{Name: "From", Value: "a@example.org"},
			{Name: "To", Value: "c2@example.com"},
			{Name: "Subject", Value: "Привет 2"},
			{Name: "Message-ID", Value: "<m2@example.org>"},
			{Name: "Feedback-ID", Value: "r1:m2:u3:postrider"},
		}, p.Headers)
		_, _, ok = b.Mail(4)
		require.False(t, ok)
	}
	check(b)
	before := b.List(nil, 0, 10)
	require.NoError(t, b.Close())
	b = open(t, dir, mailbox.Options{})
	check(b)
	require.Equal(t, before, b.List(nil, 0, 10))
	send(t, dial(t, b.Addr()), 4)
	require.Equal(t, []int64{4, 3, 2, 1}, ids(b.List(nil, 0, 10)))
}

func TestListPagesAndFilters(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir(), mailbox.Options{})
	c := dial(t, b.Addr())
	for i := 1; i <= 9; i++ {
		send(t, c, i)
	}
	require.Equal(t, []int64{9, 8, 7, 6}, ids(b.List(nil, 0, 4)))
	require.Equal(t, []int64{5, 4, 3, 2}, ids(b.List(nil, 6, 4)))
	require.Equal(t, []int64{1}, ids(b.List(nil, 2, 4)))
	require.Empty(t, b.List(nil, 1, 4))
	odd := func(e mailbox.Entry) bool { return e.ID%2 == 1 }
	require.Equal(t, []int64{7, 5, 3}, ids(b.List(odd, 9, 3)))
}

func TestExtensions(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir(), mailbox.Options{})
	c := dial(t, b.Addr())
	for _, name := range []string{"PIPELINING", "8BITMIME", "CHUNKING", "SMTPUTF8", "ENHANCEDSTATUSCODES"} {
		ok, _ := c.Extension(name)
		require.True(t, ok, name)
	}
	ok, size := c.Extension("SIZE")
	require.True(t, ok)
	require.Equal(t, fmt.Sprint(25<<20), size)
}

func TestMultipartOfTwo(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir(), mailbox.Options{})
	raw := "Subject: x\r\nContent-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n\xf0\xd2\xc9\xd7\xc5\xd4\r\n" +
		"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+aGk8L2I+\r\n--b--\r\n"
	require.NoError(t, dial(t, b.Addr()).SendMail("", []string{"a@example.com", "b@example.com"}, strings.NewReader(raw)))
	e, p, ok := b.Mail(1)
	require.True(t, ok)
	require.Equal(t, "a@example.com, b@example.com", e.To)
	require.Equal(t, "Привет", p.Text)
	require.Equal(t, "<b>hi</b>", p.HTML)
}

func TestWhatIsNoMailIsKeptAsSource(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir(), mailbox.Options{})
	c := dial(t, b.Addr())
	for i, raw := range []string{"no header at all\r\n", "\r\n", "Subject: \xff\xfe\r\n\r\n\x80\r\n", "Content-Type: multipart/mixed; boundary=q\r\n\r\nnothing\r\n"} {
		require.NoError(t, c.SendMail("a@example.org", []string{"b@example.com"}, strings.NewReader(raw)))
		_, p, ok := b.Mail(int64(i + 1))
		require.True(t, ok)
		require.Equal(t, strings.ToValidUTF8(raw, "\uFFFD"), p.Source)
	}
}

func segments(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.mails"))
	require.NoError(t, err)
	return files
}

// fill keeps n mails in a folder and closes it.
func fill(t testing.TB, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	b := open(t, dir, mailbox.Options{})
	c := dial(t, b.Addr())
	for i := 1; i <= n; i++ {
		send(t, c, i)
	}
	require.NoError(t, b.Close())
	return dir
}

func TestATornLastRecordIsCutOff(t *testing.T) {
	t.Parallel()
	dir := fill(t, 3)
	whole, err := os.ReadFile(segments(t, dir)[0])
	require.NoError(t, err)
	size := len(whole) / 3
	for _, cut := range []int{1, 15, 17, size / 2, size - 1} {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			name := filepath.Join(dir, "0000000000000001.mails")
			require.NoError(t, os.WriteFile(name, whole[:2*size+cut], 0o600))
			b := open(t, dir, mailbox.Options{})
			require.Equal(t, []int64{2, 1}, ids(b.List(nil, 0, 10)))
			send(t, dial(t, b.Addr()), 7)
			require.NoError(t, b.Close())
			b = open(t, dir, mailbox.Options{})
			require.Equal(t, []int64{3, 2, 1}, ids(b.List(nil, 0, 10)))
			_, p, ok := b.Mail(3)
			require.True(t, ok)
			require.Equal(t, mailText(7), p.Source)
		})
	}
}

func TestALastRecordOfWrongOctetsIsCutOff(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(segments(t, fill(t, 2))[0])
	require.NoError(t, err)
	size := len(whole) / 2
	for _, at := range []int{0, 4, 8, 12, 40, size - 1} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			bad := append([]byte(nil), whole...)
			bad[size+at] ^= 0x55
			require.NoError(t, os.WriteFile(filepath.Join(dir, "0000000000000001.mails"), bad, 0o600))
			require.Equal(t, []int64{1}, ids(open(t, dir, mailbox.Options{}).List(nil, 0, 10)))
		})
	}
}

func TestTheOldestGoFirst(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]mailbox.Options{"mails": {MaxMails: 40}, "bytes": {MaxBytes: 10500}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			b := open(t, dir, opts)
			c := dial(t, b.Addr())
			for i := 1; i <= 100; i++ {
				send(t, c, i)
			}
			entries := b.List(nil, 0, 1000)
			require.EqualValues(t, 100, entries[0].ID)
			require.LessOrEqual(t, len(entries), 40)
			require.GreaterOrEqual(t, len(entries), 30)
			for i, e := range entries {
				require.EqualValues(t, 100-i, e.ID)
				_, p, ok := b.Mail(e.ID)
				require.True(t, ok)
				require.Equal(t, mailText(100-i), p.Source)
			}
			_, _, ok := b.Mail(1)
			require.False(t, ok)
			var size int64
			for _, s := range segments(t, dir) {
				info, err := os.Stat(s)
				require.NoError(t, err)
				size += info.Size()
			}
			require.LessOrEqual(t, size, int64(40*500))
			require.NoError(t, b.Close())
			require.Equal(t, entries, open(t, dir, opts).List(nil, 0, 1000))
		})
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir(), mailbox.Options{MaxMails: 2000})
	var wg sync.WaitGroup
	for k := range 8 {
		c := dial(t, b.Addr())
		wg.Go(func() {
			for i := range 50 {
				if err := c.SendMail("a@example.org", []string{"x@example.com"}, strings.NewReader(mailText(k*50+i))); err != nil {
					t.Error(err)
				}
				b.List(nil, 0, 20)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, e := range b.List(nil, 0, 1000) {
		seen[e.MessageID] = true
	}
	require.Len(t, seen, 400)
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "note.txt"), []byte("x"), 0o600))
	open(t, dir, mailbox.Options{})
	require.FileExists(t, filepath.Join(dir, "note.txt"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "odd.mails"), nil, 0o600))
	_, err := mailbox.Open(dir, mailbox.Options{})
	require.ErrorContains(t, err, "odd.mails")
}

func TestClosedInboxTakesNothing(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir(), mailbox.Options{})
	require.NoError(t, b.Close())
	require.NoError(t, b.Close())
	_, err := net.Dial("tcp", b.Addr())
	require.Error(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b.Serve(l)
	_, err = net.Dial("tcp", l.Addr().String())
	require.Error(t, err)
}
