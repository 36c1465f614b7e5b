//go:build !unix

package smtp

import "net"

func look(net.Conn) socketState { return socketQuiet }
