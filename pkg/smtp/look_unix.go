//go:build unix

package smtp

import (
	"errors"
	"net"
	"syscall"
)

// looker makes what tells without waiting whether the peer has closed a socket
// or has said something that was not read yet. A look costs one system call,
// and spares a mail on a connection that is known to be dead.
func looker(nc net.Conn) func() socketState {
	var rc syscall.RawConn
	sc, ok := nc.(syscall.Conn)
	if ok {
		var err error
		rc, err = sc.SyscallConn()
		ok = err == nil
	}
	if !ok { // a connection that a test made
		return func() socketState { return socketQuiet }
	}
	var state socketState
	peek := func(fd uintptr) bool { // made once, as there are two looks for every mail
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		switch {
		case n > 0:
			state = socketHasData
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
			state = socketQuiet
		}
		return true // never wait
	}
	return func() socketState {
		state = socketClosed
		if rc.Read(peek) != nil {
			return socketClosed
		}
		return state
	}
}
