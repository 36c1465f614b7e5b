package server

import "syscall"

// dieWithParent stops a server when the test process is killed and cannot stop
// it itself.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }
