package config

import (
	"bytes"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How long a piece may be that comes twice: 48 bits, which 32 random bytes
// repeat once in 10^12 times.
const (
	bytesTwice  = 6
	base64Twice = 8
	hexTwice    = 12
)

// sampleWords stand in what people type for a secret. One of them stands in the
// base64 of 32 random bytes once in a few million times.
var sampleWords = []string{
	"change", "default", "develop", "example", "insecure", "postrider", "private", "qwerty", "replace", "sample", "secret", "password", "testing",
}

// isWeak finds secrets that no random source made: texts, texts in base64,
// patterns, series and samples. Hexadecimal digits and base64 of random bytes
// are good, also when they were put into base64 once more. It cannot know every
// text that somebody types: one of mixed letters and without a word of samples
// may pass for base64.
func isWeak(text string) bool {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	if key, err := hex.DecodeString(text[:len(text)&^1]); err == nil {
		return comesTwice([]byte(text), hexTwice) || weakBytes(key)
	}
	key, err := decodeBase64(text)
	if err != nil || len(key) < 32 {
		return true
	}
	lower := strings.ToLower(text)
	if lower == text || strings.ToUpper(text) == text || comesTwice([]byte(text), base64Twice) || climbs([]byte(lower), base64Twice) || hasSampleWord(lower) {
		return true
	}
	return weakBytes(key)
}

// weakBytes judges decoded bytes. 32 random ones have 30 different ones, and
// fewer than 12 in no run of the universe; they are all of a text once in 10^11
// times.
func weakBytes(key []byte) bool {
	var seen [256]bool
	different, series := 0, true
	for i, b := range key {
		if !seen[b] {
			seen[b] = true
			different++
		}
		if i > 0 && b-key[i-1] != key[1]-key[0] {
			series = false
		}
	}
	if different < 12 || series || comesTwice(key, bytesTwice) || hasSampleWord(strings.ToLower(string(key))) {
		return true
	}
	return isText(key) && isWeak(string(key))
}

func isText(b []byte) bool {
	return utf8.Valid(b) && bytes.IndexFunc(b, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsSpace(r) }) < 0
}

func hasSampleWord(lower string) bool {
	for _, word := range sampleWords {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// comesTwice finds a piece of n bytes that stands in b at two places.
func comesTwice(b []byte, n int) bool {
	for i := 0; i+n < len(b); i++ {
		if bytes.Contains(b[i+1:], b[i:i+n]) {
			return true
		}
	}
	return false
}

// climbs finds n bytes of which each is the next after the one before, like
// abcdefgh.
func climbs(b []byte, n int) bool {
	run := 1
	for i := 1; i < len(b); i++ {
		if run++; b[i] != b[i-1]+1 {
			run = 1
		}
		if run == n {
			return true
		}
	}
	return false
}
