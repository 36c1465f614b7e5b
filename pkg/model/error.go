package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind says what went wrong in words that every door can translate. An error
// without a Kind is internal: its text is for the log, never for a person
// outside.
type Kind string

// The kinds of expected errors.
const (
	Invalid            Kind = "invalid"             // the input breaks a rule; Fields names each breach
	Unauthenticated    Kind = "unauthenticated"     // nobody, or nobody any more
	Forbidden          Kind = "forbidden"           // somebody who may not
	NotFound           Kind = "not_found"           // no such row, or not the viewer's: the two are told apart nowhere
	Conflict           Kind = "conflict"            // the state of the row does not allow it, or a uniqueness
	PreconditionFailed Kind = "precondition_failed" // If-Match names an older version
	TooMany            Kind = "too_many"            // a limit of frequency
	Unavailable        Kind = "unavailable"         // a part we depend on is away; trying later helps
)

// FieldError is one breach of one field. Field is dotted from the root of the
// body ("audience.client_ids"); Code is stable and for programs; Message is
// for people, in English.
type FieldError struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error is every expected error of Postrider. Message may be shown to the
// person who caused it.
type Error struct {
	Kind    Kind
	Message string
	Fields  []FieldError
	Wait    time.Duration // TooMany, Unavailable: when trying again makes sense; 0: in some seconds
	Err     error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for i, f := range e.Fields {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s", f.Field, f.Message)
	}
	if e.Err != nil && !strings.Contains(e.Message, e.Err.Error()) {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// E makes an Error of a kind with a formatted message; %w keeps a cause.
func E(kind Kind, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Message: err.Error(), Err: errors.Unwrap(err)}
}

// TooOften is a TooMany error that says when there will be room again.
func TooOften(wait time.Duration) error {
	return &Error{Kind: TooMany, Message: "that was too often in a short time: wait a little", Wait: wait}
}

// IsKind reports whether err is, or wraps, an Error of that kind.
func IsKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// Fields gathers breaches while an input is checked, so that all of them are
// told at once.
type Fields []FieldError

// Add notes a breach.
func (f *Fields) Add(field, code, format string, args ...any) {
	*f = append(*f, FieldError{Field: field, Code: code, Message: fmt.Sprintf(format, args...)})
}

// Err is nil without breaches, else an Invalid error with all of them.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Message: "some fields are not valid", Fields: f}
}

// Together is one error of what several checks of the same input found: an
// Invalid one with all their breaches, one a field. What an earlier check found
// counts; later ones do not tell of that field again, nor of what is inside or
// around it: a value that could not be read need not also be missing. An error
// of another kind is answered alone.
func Together(checks ...error) error {
	var all Fields
	for _, err := range checks {
		var e *Error
		if err == nil {
			continue
		}
		if !errors.As(err, &e) || e.Kind != Invalid {
			return err
		}
		before := len(all)
		for _, f := range e.Fields {
			told := slices.ContainsFunc(all, func(b FieldError) bool { return b.Field == f.Field }) ||
				slices.ContainsFunc(all[:before], func(b FieldError) bool {
					return strings.HasPrefix(b.Field, f.Field+".") || strings.HasPrefix(f.Field, b.Field+".")
				})
			if !told {
				all = append(all, f)
			}
		}
	}
	return all.Err()
}
