//go:build !unix

package smtp

import "net"

func looker(net.Conn) func() socketState { return func() socketState { return socketQuiet } }
