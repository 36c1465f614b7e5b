package server

import "syscall"

// DieWithParent stops a program when the process that starts it is killed and
// cannot stop it itself. It looks at the thread that starts it.
func DieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGTERM }
