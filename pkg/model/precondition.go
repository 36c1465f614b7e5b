package model

import "slices"

// IfMatch are the versions that a change is conditional on (RFC 9110 §13.1.1):
// nil when any will do; empty but not nil when none can match.
type IfMatch []int64

// Stale reports whether a row of that version must not be changed.
func (m IfMatch) Stale(version int64) bool { return m != nil && !slices.Contains(m, version) }
