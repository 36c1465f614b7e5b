//go:build !failpoints

package failpoint

// Hit does nothing in a build without the tag failpoints: it is inlined away.
func Hit(string) {}
