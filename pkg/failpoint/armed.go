//go:build failpoints

package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

var (
	armed string
	left  atomic.Int64
)

func init() {
	value := os.Getenv(Env)
	if value == "" {
		return
	}
	name, hits, _ := strings.Cut(value, ":")
	n, err := strconv.ParseInt(hits, 10, 64)
	if name == "" || err != nil || n < 1 {
		fmt.Fprintf(os.Stderr, "%s must look like after_354:200, not %q\n", Env, value)
		os.Exit(2)
	}
	armed = name
	left.Store(n)
}

// Hit kills this process if it is the armed place and its turn has come.
func Hit(name string) {
	if name != armed || left.Add(-1) != 0 {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal may take a moment; nothing behind it is done
}
