package mailing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
)

// linkPurpose is what a link was signed for; one is never taken for the other.
type linkPurpose string

const (
	linkUnsubscribe linkPurpose = "unsubscribe" // of a delivery
	linkTest        linkPurpose = "test"        // of a preview or a test mail, with its owner; it does nothing
)

// unsubscribeURL is the signed address where the recipient of a delivery can
// unsubscribe: a key id, the delivery and an HMAC-SHA-256 cut to 128 bits.
func (s *Service) unsubscribeURL(deliveryID int64) string {
	return s.opt.PublicURL + "/u/" + s.linkToken(linkUnsubscribe, deliveryID)
}

// testURL stands in previews and test mails for the address to unsubscribe.
func (s *Service) testURL(ownerID int64) string {
	return s.opt.PublicURL + "/u/" + s.linkToken(linkTest, ownerID)
}

const linkKeyID = 1

func (s *Service) linkToken(purpose linkPurpose, id int64) string {
	raw := binary.BigEndian.AppendUint64(append(make([]byte, 0, 25), linkKeyID), uint64(id)) //nolint:gosec // its bits, read back as they are
	return base64.RawURLEncoding.EncodeToString(append(raw, s.linkMAC(purpose, raw)...))
}

func (s *Service) linkMAC(purpose linkPurpose, raw []byte) []byte {
	return s.macOf(append([]byte(purpose+":"), raw...))[:16]
}

// macOf is the HMAC-SHA-256 of a text that begins with what it is for. Each
// mail needs two, and setting the key is most of one: it is kept set.
func (s *Service) macOf(text []byte) []byte {
	mac, ok := s.macs.Get().(hash.Hash)
	if !ok {
		mac = hmac.New(sha256.New, s.opt.LinkKey)
	}
	mac.Write(text)
	sum := mac.Sum(nil)
	mac.Reset()
	s.macs.Put(mac)
	return sum
}

// openLink answers what a token of ours was signed for, and the delivery or
// owner that it names.
func (s *Service) openLink(token string) (purpose linkPurpose, id int64, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 25 || raw[0] != linkKeyID {
		return "", 0, false
	}
	for _, purpose := range []linkPurpose{linkUnsubscribe, linkTest} {
		if hmac.Equal(raw[9:], s.linkMAC(purpose, raw[:9])) || s.formerly(purpose, raw) {
			return purpose, int64(binary.BigEndian.Uint64(raw[1:9])), true //nolint:gosec // signed by ourselves
		}
	}
	return "", 0, false
}

// formerly reports whether a link was signed under a key that we had before.
func (s *Service) formerly(purpose linkPurpose, raw []byte) bool {
	for _, key := range s.opt.FormerLinkKeys {
		mac := hmac.New(sha256.New, key)
		mac.Write(append([]byte(purpose+":"), raw[:9]...))
		if hmac.Equal(raw[9:], mac.Sum(nil)[:16]) {
			return true
		}
	}
	return false
}
