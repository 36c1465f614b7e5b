// Package address decides what a mail address is: the one form in which
// Postrider stores, compares and mails addresses.
//
// Accepted is less than RFC 5321 allows, on purpose: a bare addr-spec with a
// dot-atom local part and a fully qualified domain name. Quoted local parts,
// comments, address literals and non-ASCII local parts (RFC 6531) are refused,
// because a list that holds them mostly holds typing mistakes. Every error is
// a sentence for the person who typed the address.
package address

import (
	"errors"
	"fmt"
	"mime"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Bounds in octets: RFC 5321 §4.5.3.1.1 (local part), the 256 of §4.5.3.1.3
// less the angle brackets of the path (RFC 3696 erratum 1690), RFC 1035
// §2.3.4 (label).
const (
	MaxLocal   = 64
	MaxAddress = 254
	MaxLabel   = 63
)

// profile turns a domain as people type it into the form of the DNS: mapped,
// lower-case, punycode where needed. The label rules are checked by ours, so
// that their errors can be told to people.
var profile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false))

// Normalize returns the one stored form of an address: lower-case, spaces
// around it removed, the domain in ASCII (punycode). Two addresses are the same
// exactly when their normal forms are equal; Normalize of a normal form is
// itself. The error is a sentence for the person who typed s.
func Normalize(s string) (string, error) {
	return normalize(s, true)
}

// ParseMailbox splits `Postrider <postrider@example.com>` or a bare address
// into the display name ("" when there is none) and the normalised address.
// Unlike Normalize it takes a domain without a dot, such as localhost: it reads
// settings, written by the operator, not lists of recipients.
func ParseMailbox(s string) (name, addr string, err error) {
	s = strings.TrimSpace(s)
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		return "", "", errors.New("an address must not contain control characters")
	}
	if !strings.Contains(s, "<") {
		addr, err = normalize(s, false)
		return "", addr, err
	}
	open := strings.LastIndexByte(s, '<')
	if !strings.HasSuffix(s, ">") {
		return "", "", fmt.Errorf("%q: what follows the name must look like <name@example.com>", s)
	}
	addr, err = normalize(s[open+1:len(s)-1], false)
	if err != nil {
		return "", "", err
	}
	name, err = displayName(strings.TrimSpace(s[:open]))
	return name, addr, err
}

// Domain returns what follows the last @ of an address, "" if there is none.
func Domain(addr string) string {
	at := strings.LastIndexByte(addr, '@')
	if at < 0 {
		return ""
	}
	return addr[at+1:]
}

func displayName(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if strings.HasPrefix(s, `"`) || strings.Contains(s, "=?") {
		a, err := (&mail.AddressParser{WordDecoder: &mime.WordDecoder{}}).Parse(s + " <a@b>")
		if err != nil {
			return "", fmt.Errorf("%q is not a display name", s)
		}
		if strings.ContainsFunc(a.Name, unicode.IsControl) {
			return "", errors.New("a display name must not contain control characters")
		}
		return a.Name, nil
	}
	if strings.ContainsAny(s, `<>"`) || !utf8.ValidString(s) {
		return "", fmt.Errorf("%q is not a display name", s)
	}
	return s, nil
}

func normalize(s string, qualified bool) (string, error) {
	if !utf8.ValidString(s) {
		return "", errors.New("the address is not valid UTF-8")
	}
	s = strings.TrimFunc(s, func(r rune) bool { return r == ' ' || r == '\u00a0' })
	switch {
	case s == "":
		return "", errors.New("the address is empty")
	case strings.ContainsFunc(s, unicode.IsControl):
		return "", errors.New("an address must not contain control characters")
	// Bounds the work below; nothing longer can have a normal form that fits,
	// as punycode never halves what it encodes.
	case len(s) > 4*MaxAddress:
		return "", fmt.Errorf("the address is longer than %d characters", MaxAddress)
	case strings.ContainsAny(s, "<>"):
		return "", errors.New("give the address alone, without a name and angle brackets")
	case strings.ContainsFunc(s, unicode.IsSpace):
		return "", errors.New("an address must not contain spaces")
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return "", errors.New("the address has no @")
	}
	local, err := localPart(s[:at])
	if err != nil {
		return "", err
	}
	domain, err := domainPart(s[at+1:], qualified)
	if err != nil {
		return "", err
	}
	if n := len(local) + 1 + len(domain); n > MaxAddress {
		return "", fmt.Errorf("the address is longer than %d characters", MaxAddress)
	}
	return local + "@" + domain, nil
}

// localPart checks a dot-atom (RFC 5322 §3.2.3) and returns it in lower case.
func localPart(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("nothing stands before the @")
	case strings.HasPrefix(s, `"`):
		return "", errors.New("quoted names before the @ are not supported")
	case strings.HasPrefix(s, "."), strings.HasSuffix(s, "."), strings.Contains(s, ".."):
		return "", errors.New("the part before the @ has a misplaced dot")
	}
	for _, r := range s {
		switch {
		case r == '@':
			return "", errors.New("the address has more than one @")
		case r >= utf8.RuneSelf:
			return "", fmt.Errorf("the part before the @ may only have Latin letters, digits and signs, not %q", r)
		case !isAtext(byte(r)) && r != '.': //nolint:gosec // ASCII here
			return "", fmt.Errorf("the part before the @ must not contain %q", r)
		}
	}
	if len(s) > MaxLocal {
		return "", fmt.Errorf("the part before the @ is longer than %d characters", MaxLocal)
	}
	return strings.ToLower(s), nil
}

// domainPart maps a domain to ASCII and checks the host name rules of RFC 1123
// §2.1 (letters, digits, inner hyphens).
func domainPart(s string, qualified bool) (string, error) {
	switch {
	case s == "":
		return "", errors.New("nothing stands after the @")
	case strings.HasPrefix(s, "["):
		return "", errors.New("an IP address after the @ is not supported; give a domain")
	}
	domain, err := profile.ToASCII(s)
	if err != nil {
		return "", fmt.Errorf("%q is not a domain name", s)
	}
	domain = strings.ToLower(domain)
	if qualified && !strings.Contains(domain, ".") {
		return "", fmt.Errorf("the domain %q has no dot", s)
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		switch {
		case label == "":
			return "", fmt.Errorf("the domain %q has a misplaced dot", s)
		case len(label) > MaxLabel:
			return "", fmt.Errorf("a part of the domain %q is longer than %d characters", s, MaxLabel)
		case label[0] == '-' || label[len(label)-1] == '-':
			return "", fmt.Errorf("a part of the domain %q begins or ends with a hyphen", s)
		}
		for i := range len(label) {
			if c := label[i]; !isLetterDigit(c) && c != '-' {
				return "", fmt.Errorf("%q is not a domain name: it must not contain %q", s, rune(c))
			}
		}
	}
	// Such a "domain" is a mistyped IPv4 address: no top-level domain is
	// numeric (RFC 3696 §2).
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return "", fmt.Errorf("%q is not a domain name: it ends in a number", s)
	}
	return domain, nil
}

func isLetterDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isAtext is atext of RFC 5322 §3.2.3.
func isAtext(c byte) bool {
	return isLetterDigit(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}
