//go:build !linux

package server

import "syscall"

// DieWithParent has no counterpart here: a killed test leaves its programs.
func DieWithParent(*syscall.SysProcAttr) {}
