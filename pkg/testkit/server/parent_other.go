//go:build !linux

package server

import "syscall"

// dieWithParent has no counterpart here: a killed test leaves its servers.
func dieWithParent(*syscall.SysProcAttr) {}
