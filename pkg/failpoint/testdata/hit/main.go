// Command hit passes two places five times.
package main

import "github.com/postrider/postrider/pkg/failpoint"

func main() {
	for range 5 {
		failpoint.Hit("here")
		failpoint.Hit("there")
		print(".")
	}
}
