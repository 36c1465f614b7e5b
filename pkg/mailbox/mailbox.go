// Package mailbox keeps mail that nobody forwards. It has two doors:
//
// Mailbox is the captured inbox of the embedded mode: an SMTP server that
// takes everything and keeps it in a folder, so that a person can try the
// whole product without one mail leaving the machine. A mail is written to
// its file before it is answered with 250, so what a client was promised
// survives the death of the process (not that of the machine: there is no
// fsync, and nothing here is worth one). It is bounded: the oldest mails go
// first.
//
// Sink is the other end of tests and benchmarks: quick, in memory, counting,
// and scriptable at every step of the dialogue.
//
// The package imports nothing of ours; it does not know what a delivery is.
package mailbox

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sort"
	"sync"
	"time"

	gosmtp "github.com/emersion/go-smtp"
)

// Options bound a Mailbox. The zero value is what the embedded mode uses.
type Options struct {
	MaxMails int          // 0: 100 000
	MaxBytes int64        // of all files together, 0: 1 GiB
	Log      *slog.Logger // nil: nothing is logged
}

// Entry is what the list of captured mails knows of one of them.
type Entry struct {
	ID         int64 // ascending, never used twice
	From       string
	To         string // the envelope's recipients, joined by ", "
	Subject    string // decoded
	FeedbackID string // the Feedback-ID header as it came: it says whose run the mail belongs to
	MessageID  string // without angle brackets
	ReceivedAt time.Time
	Size       int64 // octets of the mail
}

// Mailbox is a captured inbox. Its methods may be called by many goroutines.
type Mailbox struct {
	dir    string
	opts   Options
	log    *slog.Logger
	server *gosmtp.Server

	mu       sync.Mutex
	closed   bool
	listener net.Listener
	segments []*segment // oldest first, the last one is written to
	items    []item     // ascending by id; what is behind a slice's end is never changed
	bytes    int64
	nextID   int64
	serving  sync.WaitGroup
}

// item is an Entry and where its mail stands.
type item struct {
	Entry
	segment *segment
	offset  int64
}

// errClosed answers mail that arrives while the inbox closes.
var errClosed = errors.New("mailbox: closed")

// Open reads the folder, which it creates if need be, and is ready to Serve.
// A record that a crash cut short is removed. One process at a time may have
// a folder open; who calls sees to that.
func Open(dir string, opts Options) (*Mailbox, error) {
	if opts.MaxMails <= 0 {
		opts.MaxMails = 100_000
	}
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = 1 << 30
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("mailbox: create the folder: %w", err)
	}
	b := &Mailbox{dir: dir, opts: opts, log: opts.Log, nextID: 1}
	if err := b.load(); err != nil {
		for _, s := range b.segments {
			_ = s.file.Close()
		}
		return nil, err
	}
	b.server = newServer(b)
	return b, nil
}

func (b *Mailbox) load() error {
	ids, err := segmentIDs(b.dir)
	if err != nil {
		return err
	}
	for i, id := range ids {
		last := i == len(ids)-1
		s, items, err := openSegment(b.dir, id, last)
		if err != nil {
			return err
		}
		if s.damagedAt >= 0 {
			b.log.Warn("captured inbox: a damaged record ends a file", "file", s.file.Name(), "offset", s.damagedAt)
		}
		b.segments = append(b.segments, s)
		b.bytes += s.size
		b.nextID = id
		for _, it := range items {
			it.Entry = b.intern(it.Entry)
			b.items = append(b.items, it)
			b.nextID = it.ID + 1
		}
	}
	if len(b.segments) == 0 {
		return b.rotate()
	}
	b.trim()
	return nil
}

// intern shares the strings that mails of one run have in common, so that
// the index stays small.
func (b *Mailbox) intern(e Entry) Entry {
	if len(b.items) == 0 {
		return e
	}
	p := &b.items[len(b.items)-1].Entry
	if e.From == p.From {
		e.From = p.From
	}
	if e.Subject == p.Subject {
		e.Subject = p.Subject
	}
	if e.FeedbackID == p.FeedbackID {
		e.FeedbackID = p.FeedbackID
	}
	return e
}

// rotate begins a new segment named after the next id.
func (b *Mailbox) rotate() error {
	s, err := createSegment(b.dir, b.nextID)
	if err != nil {
		return err
	}
	b.segments = append(b.segments, s)
	return nil
}

// add stores a record (see segment.go) whose buffer has room for the header
// in front and holds the mail behind it. It is on disk, in the sense of
// write(2), when add returns.
func (b *Mailbox) add(record []byte, e Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errClosed
	}
	s := b.segments[len(b.segments)-1]
	if s.broken || s.count > 0 && (s.size+int64(len(record)) > b.opts.MaxBytes/64 || s.count >= max(b.opts.MaxMails/20, 1)) {
		if err := b.rotate(); err != nil {
			return err
		}
		s = b.segments[len(b.segments)-1]
	}
	e.ID = b.nextID
	record = seal(record, e)
	offset, err := s.append(record)
	if err != nil {
		return err
	}
	b.nextID++
	b.bytes += int64(len(record))
	b.items = append(b.items, item{Entry: b.intern(e), segment: s, offset: offset})
	b.trim()
	return nil
}

// trim drops the oldest segments until the bounds hold; the one that is
// written to always stays.
func (b *Mailbox) trim() {
	for len(b.segments) > 1 && (len(b.items) > b.opts.MaxMails || b.bytes > b.opts.MaxBytes) {
		s := b.segments[0]
		b.segments = b.segments[1:]
		b.bytes -= s.size
		n := 0
		for n < len(b.items) && b.items[n].segment == s {
			n++
		}
		// A copy, so that the dropped part of the array can be collected.
		b.items = slices.Clone(b.items[n:])
		_ = s.file.Close()
		if err := os.Remove(s.file.Name()); err != nil {
			b.log.Warn("captured inbox: remove an old file", "error", err)
		}
	}
}

// List answers up to limit entries with an id below before (0: from the
// newest), newest first, of those that filter lets through (nil: all).
func (b *Mailbox) List(filter func(Entry) bool, before int64, limit int) []Entry {
	b.mu.Lock()
	items := b.items
	b.mu.Unlock()
	n := len(items)
	if before > 0 {
		n = sort.Search(n, func(i int) bool { return items[i].ID >= before })
	}
	var out []Entry
	for i := n - 1; i >= 0 && len(out) < limit; i-- {
		if filter == nil || filter(items[i].Entry) {
			out = append(out, items[i].Entry)
		}
	}
	return out
}

// Mail answers one mail with its content; false when there is none of that
// id, or none any more.
func (b *Mailbox) Mail(id int64) (Entry, Parsed, bool) {
	b.mu.Lock()
	items := b.items
	b.mu.Unlock()
	i := sort.Search(len(items), func(i int) bool { return items[i].ID >= id })
	if i == len(items) || items[i].ID != id {
		return Entry{}, Parsed{}, false
	}
	data, err := items[i].segment.read(items[i].offset)
	if err != nil {
		// Between the look into the index and the read it may have become
		// the oldest and gone; else the disk has lost it.
		b.log.Warn("captured inbox: read a mail", "id", id, "error", err)
		return Entry{}, Parsed{}, false
	}
	return items[i].Entry, parse(data), true
}

// Serve takes mail from l until Close. It answers at once; l belongs to the
// Mailbox from then on.
func (b *Mailbox) Serve(l net.Listener) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		_ = l.Close()
		return
	}
	b.listener = l
	b.serving.Go(func() {
		if err := b.server.Serve(l); err != nil && !errors.Is(err, net.ErrClosed) {
			b.log.Error("captured inbox: stopped listening", "error", err)
		}
	})
}

// Addr is host:port of the listener given to Serve, "" before.
func (b *Mailbox) Addr() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listener == nil {
		return ""
	}
	return b.listener.Addr().String()
}

// Close ends all connections and closes the files. Closing twice is fine.
func (b *Mailbox) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	l := b.listener
	b.mu.Unlock()
	err := b.server.Close()
	if l != nil {
		_ = l.Close() // the server closes it only if its Serve has come so far already
	}
	b.serving.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.segments {
		err = errors.Join(err, s.file.Close())
	}
	return err
}
