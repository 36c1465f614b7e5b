// Package model holds the nouns of Postrider and the rules that need nothing
// but them: the states and which may follow which, who may change what, and
// the kinds of errors. It imports the standard library only; the gorm tags are
// words for pkg/store and bind nobody else.
package model
