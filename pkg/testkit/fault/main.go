// Command fault plays the faults that the promises of docs/delivery.md are
// about, each with an installation of its own: api and workers as processes,
// a PostgreSQL, a Redis and a sink that writes down every mail it takes.
//
//	fault [-seed N] [-seeds 1] [-rows REGEXP] [-n 1] [-parallel 4]
//
// When a fault is over it holds the sink's log against the database and the
// API, and prints a line:
//
//	LOST      recipients without a delivery, or whose delivery says something else than the sink
//	DUP       recipients whose mail was taken more than once
//	UNMARKED  of these, without possible_duplicate
//	STUCK     what is still open, leased or waiting when the run should rest
//	GAPS      deliveries whose log of attempts has holes or does not fit
//	DRIFT     counters of chunks and of the API that differ from the rows
//
// and what else that fault demands. Whatever is random comes from the seed. It
// ends with 1 when a line failed, and says where the logs of its processes are.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

func main() {
	seed := flag.Uint64("seed", 0, "where all randomness comes from; 0 for another one each time")
	seeds := flag.Int("seeds", 1, "how often to play all, with the seeds that follow")
	rows := flag.String("rows", "", "play only the rows whose name this `regexp` finds")
	scale := flag.Float64("n", 1, "so many `times` the usual number of recipients")
	parallel := flag.Int("parallel", 4, "how many rows are played at a time")
	list := flag.Bool("list", false, "name the rows and play none")
	flag.Parse()
	if *seed == 0 {
		*seed = uint64(rand.Uint32())
	}
	code, err := play(*seed, *seeds, *rows, *scale, *parallel, *list)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fault:", err)
		code = 1
	}
	os.Exit(code)
}

func play(seed uint64, seeds int, pattern string, scale float64, parallel int, list bool) (int, error) {
	find, err := regexp.Compile(pattern)
	if err != nil {
		return 1, fmt.Errorf("-rows: %w", err)
	}
	var wanted []row
	for _, r := range table() {
		if find.MatchString(r.name) {
			wanted = append(wanted, r)
		}
	}
	if list {
		for _, r := range wanted {
			fmt.Println(r.name)
		}
		return 0, nil
	}
	if len(wanted) == 0 {
		return 1, fmt.Errorf("-rows: no row is called so; -list names them")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	begin := time.Now()
	h, err := newHarness(ctx, os.Stderr)
	if err != nil {
		return 1, err
	}
	h.scale = scale
	fmt.Printf("fault: seed %d, %d rows, %d seeds; built and ready after %s\n", seed, len(wanted), seeds, time.Since(begin).Round(time.Second))
	failed := 0
	for s := range seeds {
		failed += h.playAll(ctx, os.Stdout, wanted, seed+uint64(s), parallel)
	}
	err = h.close(failed > 0)
	fmt.Printf("fault: %d of %d lines failed, %s\n", failed, seeds*len(wanted), time.Since(begin).Round(time.Second))
	if failed > 0 {
		return 1, err
	}
	return 0, err
}
