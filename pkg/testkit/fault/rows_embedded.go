package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// embeddedRows are the embedded process, and disks that are full.
var embeddedRows = []row{
	{name: "kill -9 of the embedded process, 5 times", quick: true, play: func(c *scenario) {
		const kills, connections = 5, 5
		n := c.count(1500)
		w := c.emptyWorld("", plan{clients: n, connections: connections, sink: []string{"--latency", "20ms"}})
		w.startSink()
		up := w.embed(filepath.Join(w.dir, "data"))
		m := w.mail(nil)
		var back time.Duration
		for k := range kills {
			w.sent(n * (k + 1) / (kills + 2))
			up.kill()
			begin, n := time.Now(), w.count()
			up = w.up(filepath.Join(w.dir, "data"))
			w.sent(n + connections + 1)
			back = max(back, time.Since(begin))
		}
		w.until(2*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.note("in doubt %d, sending again after %s at most", r.in("in_doubt"), seconds(back))
		c.want(r.in("sent")+r.in("in_doubt") == n && r.in("in_doubt") <= kills*connections, "%v", r.Counts)
		c.want(r.figures.doubled == 0, "mailed twice under hold")
		c.want(back <= 30*time.Second, "it did not go on within 30 s")
	}},
	{name: "disk full under the embedded process", play: func(c *scenario) {
		const connections = 5
		n := c.count(3000)
		w := c.emptyWorld("", plan{clients: n, connections: connections, sink: []string{"--latency", "20ms"}})
		disk := w.smallDisk(32)
		w.startSink()
		up := w.embed(filepath.Join(disk, "data"))
		m := w.mail(nil)
		w.sent(n / 4)
		w.fill(disk)
		c.sleep(12 * time.Second)
		during := w.count()
		w.must(os.Remove(ballast(disk)), "free the disk")
		w.until(3*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.note("in doubt %d, %d sent when the disk was free again", r.in("in_doubt"), during)
		c.want(!up.over(), "the process ended: %v", up.cmd.ProcessState)
		c.want(r.in("sent")+r.in("in_doubt") == n && r.in("in_doubt") <= connections, "%v", r.Counts)
		c.want(r.figures.doubled == 0, "mailed twice")
	}},
	{name: "disk full under PostgreSQL", play: func(c *scenario) {
		const connections = 10
		n := c.count(10_000)
		home := c.emptyWorld("disk", plan{})
		disk := home.smallDisk(180)
		w := c.newWorld("", plan{clients: n, connections: connections, own: true, dir: disk, sink: []string{"--latency", "20ms"}})
		workers := w.workers(2)
		m := w.mail(nil)
		w.sent(n / 5)
		w.fill(disk)
		c.sleep(15 * time.Second)
		during := w.count()
		w.must(os.Remove(ballast(disk)), "free the disk")
		fell := ""
		if conn, err := net.Dial("tcp", w.postgres.Addr); err == nil {
			_ = conn.Close()
		} else { // it gives up where it cannot write its log
			w.must(w.postgres.Stop("immediate"), "stop PostgreSQL")
			w.must(w.postgres.Start(), "start PostgreSQL")
			fell = ", PostgreSQL had to be started again"
		}
		w.until(3*time.Minute, m, "finished")
		r := w.audit(m, "finished")
		c.note("in doubt %d, %d sent when the disk was free again%s", r.in("in_doubt"), during, fell)
		c.want(during < n, "the disk was not full in time")
		c.want(r.in("sent") == n && r.figures.doubled == 0, "%v", r.Counts)
		w.alive(workers)
	}},
}

// embed starts everything in one process, with the clients.
func (w *world) embed(folder string) *process {
	p := w.up(folder)
	w.register()
	w.open("sqlite", "file:"+filepath.Join(folder, "postrider.db")+"?_pragma=busy_timeout(10000)")
	w.insertClients()
	return p
}

// up starts the embedded process on a folder.
func (w *world) up(folder string) *process {
	p := w.spawn("up", append([]string{"POSTRIDER_DATA_DIR=" + folder, "POSTRIDER_HTTP_ADDR=127.0.0.1:0"}, w.env...), "postrider", "up")
	w.base = p.says("ready: ")
	return p
}

// smallDisk mounts a file system of some MB in memory until the row ends.
func (w *world) smallDisk(mb int) string {
	dir := filepath.Join(w.dir, "disk")
	w.must(makeDir(dir), "make a folder")
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=755", mb), "tmpfs", dir).CombinedOutput()
	if err != nil {
		w.must(fmt.Errorf("%w: %s", err, out), "mount a small disk, which needs root")
	}
	w.atEnd(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			w.want(false, "umount: %v: %s", err, out)
		}
	})
	return dir
}

func ballast(disk string) string { return filepath.Join(disk, "ballast") }

// fill leaves no free byte on a disk.
func (w *world) fill(disk string) {
	f, err := os.Create(ballast(disk))
	w.must(err, "fill the disk")
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10, 1} {
		for block := make([]byte, size); ; {
			if n, err := f.Write(block); err != nil || n < size {
				break
			}
		}
	}
}
