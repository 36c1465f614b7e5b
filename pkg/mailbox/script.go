package mailbox

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Script is a server's behaviour written down as text, for rehearsals and
// tests of faults. ParseScript makes it. A script is lines; what stands behind
// a # is a comment. Some lines are settings:
//
//	seed 7               what share and chance draw from; 1
//	offer SIZE 1000      a further line of EHLO
//	strip STARTTLS       not offered although it could be: PIPELINING, CHUNKING or STARTTLS
//	login anna secret    MAIL is refused before AUTH with this name and password
//
// The others are rules, and the first one that holds decides:
//
//	at PHASE[,PHASE…] [CONDITION…] do EFFECT…
//
// The phases are greeting, ehlo, helo, starttls, auth, mail, rcpt, data,
// content (the mail is about to be read), body (it was read), rset and quit.
// All conditions of a rule must hold:
//
//	to *@example.org     the recipient fits the pattern
//	share 10%            of the recipients, always the same ones; of connections where none is known
//	chance 10%           of the times, by dice
//	after 500            once the sink has accepted so many mails
//	for 2m               until so long after the rule held first
//	first-try            the first time with this recipient
//	every 100            each hundredth time
//	times 3              three times at most
//
// The last three count the times that all other conditions hold. Effects are
// one of
//
//	reply 451 "4.7.1 greylisted"    a line break in the text makes it several lines
//	raw "250 caf\xe9\r\n" "x"*10M   octets as they are; * repeats, with k or M for 1000 and 1000000
//	drop                            close without a word
//	hang                            say nothing more
//	down 2m                         close all connections and refuse new ones for so long
//
// with close behind reply or raw to close after it, wait 20s before any of
// them or alone, and at body accept to take the mail whatever is answered.
// Texts are in double quotes, as Go writes them.
type Script struct {
	seed         uint64
	extensions   []string
	stripped     []string
	user, phrase string
	rules        []*rule

	mu   sync.Mutex
	dice *rand.Rand
}

// rule is one line beginning with "at". What counts is guarded by the
// Script's mu.
type rule struct {
	phases   []SinkPhase
	pattern  string
	share    float64 // 0 for no such condition, as with the others
	chance   float64
	after    int64
	during   time.Duration
	firstTry bool
	every    int64
	times    int64
	reply    Reply

	since time.Time
	seen  map[string]struct{}
	met   int64
	done  int64
}

// Apply makes a Sink of these options behave by the script. A Script counts,
// so that it is for one Sink.
func (s *Script) Apply(o *SinkOptions) {
	o.Script = s.step
	o.Extensions = append(slices.Clone(o.Extensions), s.extensions...)
	o.NoPipelining = o.NoPipelining || slices.Contains(s.stripped, "PIPELINING")
	o.NoChunking = o.NoChunking || slices.Contains(s.stripped, "CHUNKING")
	if slices.Contains(s.stripped, "STARTTLS") && !o.Implicit {
		o.TLS = nil
	}
	if s.user != "" {
		o.Username, o.Password = s.user, s.phrase
		o.Extensions = append(o.Extensions, "AUTH PLAIN LOGIN CRAM-MD5")
	}
}

func (s *Script) step(st Step) Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rules {
		if s.holds(r, &st) {
			return r.reply
		}
	}
	return Reply{}
}

func (s *Script) holds(r *rule, st *Step) bool {
	switch {
	case !slices.Contains(r.phases, st.Phase), st.Total < r.after:
		return false
	case r.share > 0 && s.draw(st) >= r.share, r.chance > 0 && s.dice.Float64() >= r.chance:
		return false
	}
	if r.pattern != "" {
		if fits, _ := path.Match(r.pattern, strings.ToLower(st.To)); !fits {
			return false
		}
	}
	if r.during > 0 {
		if r.since.IsZero() {
			r.since = time.Now()
		}
		if time.Since(r.since) > r.during {
			return false
		}
	}
	if r.firstTry {
		if _, again := r.seen[st.To]; again {
			return false
		}
		r.seen[st.To] = struct{}{}
	}
	if r.met++; r.every > 0 && r.met%r.every != 0 {
		return false
	}
	if r.times > 0 && r.done >= r.times {
		return false
	}
	r.done++
	return true
}

// draw is a number of [0, 1) that belongs to the recipient and the seed.
func (s *Script) draw(st *Step) float64 {
	h := fnv.New64a()
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], s.seed)
	n := 8
	if st.To == "" {
		binary.LittleEndian.PutUint64(b[8:], uint64(st.Conn)) //nolint:gosec // the number of a connection, from 1
		n = 16
	}
	_, _ = h.Write(b[:n])
	_, _ = h.Write([]byte(st.To))
	// FNV mixes its last octets too little for the high bits alone
	return rand.New(rand.NewPCG(h.Sum64(), s.seed)).Float64() //nolint:gosec // the same for a seed each time, on purpose
}
