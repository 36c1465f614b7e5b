//go:build unix

package smtp

import (
	"errors"
	"net"
	"syscall"
)

// look tells without waiting whether the peer has closed a socket or has
// said something that was not read yet. It costs one system call, and spares
// a mail on a connection that is known to be dead.
func look(nc net.Conn) socketState {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return socketQuiet
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return socketClosed
	}
	state := socketClosed
	err = rc.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		switch {
		case n > 0:
			state = socketHasData
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
			state = socketQuiet
		}
		return true // never wait
	})
	if err != nil {
		return socketClosed
	}
	return state
}
