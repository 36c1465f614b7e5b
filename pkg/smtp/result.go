package smtp

import (
	"errors"
	"io"
	"net"
	"os"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

// trouble is why a step of the dialogue did not succeed, in the words of a
// Result.
type trouble struct {
	outcome  model.Outcome
	class    mailing.Class
	phase    model.Phase
	code     int
	enhanced string
	words    string
}

func (t *trouble) Error() string { return string(t.phase) + ": " + t.words }

func (t *trouble) fill(r *mailing.Result) {
	r.Outcome, r.Class, r.Phase = t.outcome, t.class, t.phase
	r.Code, r.Enhanced, r.Response = t.code, t.enhanced, t.words
}

// lost is trouble with the connection before the last octet.
func lost(phase model.Phase, err error) *trouble {
	return &trouble{outcome: model.OutcomeAborted, class: mailing.ClassConnection, phase: phase, words: connectionWords(err)}
}

// doubt is trouble with the connection after the last octet.
func doubt(err error) *trouble {
	return &trouble{
		outcome: model.OutcomeInDoubt, class: mailing.ClassConnection, phase: model.PhaseResponse,
		words: "no answer after the mail was sent: " + connectionWords(err),
	}
}

func aborted(class mailing.Class, phase model.Phase, words string) *trouble {
	return &trouble{outcome: model.OutcomeAborted, class: class, phase: phase, words: clean(words)}
}

// connectionWords says what befell a connection without addresses and ports
// of our side, so that equal troubles have equal words in a report.
func connectionWords(err error) string {
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "the server did not answer in time"
	case errors.As(err, &op) && op.Err != nil && op.Op != "dial":
		return clean("the connection broke: " + op.Err.Error())
	}
	return clean(err.Error())
}

// refused judges a reply that is not the one hoped for.
func refused(phase model.Phase, rep reply) *trouble {
	t := &trouble{phase: phase, code: rep.code}
	t.enhanced, t.words = rep.words()
	t.outcome, t.class = judge(phase, rep.code, t.enhanced)
	return t
}

// judge is the table of answers: what a negative reply says about the mail
// and about the way out.
func judge(phase model.Phase, code int, enhanced string) (model.Outcome, mailing.Class) {
	temporary, permanent := code/100 == 4, code/100 == 5
	switch {
	case phase == model.PhaseResponse && !temporary && !permanent:
		return model.OutcomeInDoubt, mailing.ClassConnection // neither yes nor no
	case phase == model.PhaseResponse && code == 421:
		return model.OutcomeDeferred, mailing.ClassConnection
	case !temporary && !permanent, code == 421:
		return model.OutcomeAborted, mailing.ClassConnection
	case permanent && enhanced == "5.3.4", phase == model.PhaseMail && code == 552 && enhanced == "":
		return model.OutcomeAborted, mailing.ClassTooLarge // RFC 1870 §6
	}
	switch phase {
	case model.PhaseAuth:
		if permanent {
			return model.OutcomeAborted, mailing.ClassAuth
		}
		return model.OutcomeAborted, mailing.ClassConnection // 454: their directory is away
	case model.PhaseMail:
		if permanent {
			return model.OutcomeAborted, mailing.ClassSender
		}
		return model.OutcomeAborted, mailing.ClassConnection // no space, too busy: not about the sender
	case model.PhaseRcpt, model.PhaseData, model.PhaseBody, model.PhaseResponse:
		if temporary {
			return model.OutcomeDeferred, mailing.ClassRecipient
		}
		if code == 530 || len(enhanced) > 4 && enhanced[:4] == "5.7." {
			return model.OutcomeFailed, mailing.ClassPolicy
		}
		return model.OutcomeFailed, mailing.ClassRecipient
	}
	return model.OutcomeAborted, mailing.ClassConnection // greeting, EHLO, STARTTLS
}
