// Package app puts the parts together and sees to their life: what is opened in
// which order, how a program stops, and what it prints. It holds no rules of
// its own. A function here is one program or one command of it.
package app
