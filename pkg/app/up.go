package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/postrider/postrider/pkg/config"
	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/queue"
)

// errFolderInUse is what a second process gets.
var errFolderInUse = errors.New("another Postrider works in this data folder")

// folder is the data folder of the embedded mode, held by this process alone.
type folder struct {
	path string
	lock *os.File
}

// openFolder makes the folder if it is not there and locks it. The lock ends
// with the process, however it ends.
func openFolder(path string) (*folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the data folder: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s", errFolderInUse, path)
		}
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	return &folder{path: path, lock: lock}, nil
}

func (f *folder) close() { _ = f.lock.Close() }

// shared are the locks this process holds beside SQLite files; they end with it.
var shared = map[string]*os.File{}

// shareFile takes a lock that many processes may share.
func shareFile(path string) (*os.File, error) {
	if f := shared[path]; f != nil {
		return f, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock the database: %w", err)
	}
	shared[path] = f
	return f, nil
}

// alone does what only the one process of a database may do, if this is it.
// Meanwhile nobody joins.
func alone(f *os.File, do func() error) error {
	defer func() { _ = unix.Flock(int(f.Fd()), unix.LOCK_SH) }() // also a refusal loses the shared one
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil // others are there, or it cannot be known
	}
	return do()
}

// secretPath is where the folder keeps its own secret key.
func (f *folder) secretPath() string { return filepath.Join(f.path, "secret.key") }

// secret is the folder's own secret key, nil without one.
func (f *folder) secret() ([]byte, error) {
	text, err := os.ReadFile(f.secretPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the secret key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) < 32 {
		return nil, fmt.Errorf("%s does not hold a secret key; if it is lost, sessions and links in sent mails end with it: remove the file, and without one in the settings a new one is made", f.secretPath())
	}
	return key, nil
}

// newSecret makes the folder's own secret key.
func (f *folder) newSecret() ([]byte, error) {
	path, key := f.secretPath(), make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	// written beside and renamed, so that a death leaves no half of it
	if err := os.WriteFile(path+".new", []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("write the secret key: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, fmt.Errorf("write the secret key: %w", err)
	}
	return key, nil
}

// Up runs everything in one process until ctx ends: database, queue, worker,
// API, web interface and, without a mail server, the captured inbox. It prints
// what a person must know to out, last the line "ready: URL".
func Up(ctx context.Context, cfg *config.Config, out io.Writer, log *slog.Logger) error {
	f, err := openFolder(cfg.DataDir)
	if err != nil {
		return err
	}
	defer f.close()
	e, err := f.openEmbedded(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer e.close()
	if err := firstStart(ctx, e.house, out); err != nil {
		return err
	}
	parts, ctx := errgroup.WithContext(ctx)
	engine := mailing.NewEngine(e.mailings, e.ways)
	registry := e.metrics(engine)
	e.serveMetrics(ctx, parts, registry)
	parts.Go(func() error { return e.serveTasks(ctx, engine, e.redisURL) })
	parts.Go(func() error { return engine.Run(ctx) })
	parts.Go(func() error {
		return e.serveAPI(ctx, e.inbox, registry, func(addr net.Addr) {
			if e.inbox != nil && !e.hasTransports(ctx) {
				fmt.Fprintln(out, "No mail server is set: mails go to the captured inbox, and none leaves this machine.")
			}
			fmt.Fprintf(out, "ready: %s\n", pageURL(addr))
		})
	})
	return parts.Wait()
}

// pageURL is where a browser on this machine finds a listener.
func pageURL(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "http://" + addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// embedded is a house in a folder, with its own queue and way out.
type embedded struct {
	*house
	redisURL string
	redis    *queue.Embedded  // nil when a Redis was named
	inbox    *mailbox.Mailbox // nil when a mail server was named
	ways     mailing.Ways
}

func (f *folder) openEmbedded(ctx context.Context, cfg *config.Config, log *slog.Logger) (*embedded, error) {
	own := *cfg
	key, err := f.secret()
	switch {
	case err != nil && len(own.SecretKey) > 0: // a former key at most
		log.Warn("the secret key of the settings is used; what that of the data folder has signed or encrypted cannot be read", "error", err)
	case err != nil:
		return nil, err
	case len(own.SecretKey) > 0 && key != nil && !bytes.Equal(key, own.SecretKey):
		own.SecretKeyPrevious = append(slices.Clone(own.SecretKeyPrevious), key)
		log.Warn("the secret key of the settings is used; that of the data folder counts as a former one, as long as it is there", "file", f.secretPath())
	case len(own.SecretKey) > 0:
	case key != nil:
		own.SecretKey = key
	default:
		if own.SecretKey, err = f.newSecret(); err != nil {
			return nil, err
		}
	}
	st, err := openStore(ctx, &own, log)
	if err != nil {
		return nil, err
	}
	e := &embedded{house: &house{store: st, log: log}, redisURL: own.RedisURL}
	if err := e.open(ctx, f, &own); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

func (e *embedded) open(ctx context.Context, f *folder, cfg *config.Config) (err error) {
	st, log := e.store, e.log
	if _, err := st.Migrate(ctx); err != nil {
		return err
	}
	if path, ok := strings.CutPrefix(cfg.DatabaseURL, "sqlite:"); ok {
		lock, err := shareFile(path + ".lock")
		if err != nil {
			return err
		}
		err = alone(lock, func() error { // whoever held leases is gone
			_, err := st.ReturnDeadLeases(ctx, true)
			return err
		})
		if err != nil {
			return err
		}
	}
	if e.redisURL == "" {
		if e.redis, err = queue.StartEmbedded(); err != nil {
			return err
		}
		e.redisURL = e.redis.URL()
	}
	if e.house, err = openHouse(ctx, cfg, st, e.redisURL, log); err != nil {
		e.house = &house{store: st, log: log}
		return err
	}
	inboxAddr := ""
	if cfg.SMTPURL == "" {
		if e.inbox, err = mailbox.Open(filepath.Join(f.path, "inbox"), mailbox.Options{Log: log}); err != nil {
			return fmt.Errorf("open the captured inbox: %w", err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("open the captured inbox: %w", err)
		}
		e.inbox.Serve(l)
		inboxAddr = l.Addr().String()
	}
	e.ways, err = e.house.ways(inboxAddr)
	return err
}

func (e *embedded) close() {
	e.house.close()
	if e.inbox != nil {
		_ = e.inbox.Close()
	}
	if e.redis != nil {
		e.redis.Close()
	}
	_ = e.store.Close()
}

// firstStart makes the superuser and the group of managers when they are not
// there, and prints a password that it made up, once.
func firstStart(ctx context.Context, h *house, out io.Writer) error {
	if _, err := h.auth.CreateManagers(ctx); err != nil {
		return err
	}
	some, err := h.store.HasSuperuser(ctx)
	if err != nil || some {
		return err
	}
	return createSuperuser(ctx, h, out)
}

func createSuperuser(ctx context.Context, h *house, out io.Writer) error {
	password, made := h.cfg.AdminPassword, false
	if password == "" {
		password, made = randomPassword(), true
	}
	created, err := h.auth.CreateSuperuser(ctx, h.cfg.AdminEmail, password)
	switch {
	case err != nil:
		return err
	case !created:
		fmt.Fprintf(out, "The account %s is there already and was left as it is.\n", h.cfg.AdminEmail)
	case made:
		fmt.Fprintf(out, "Superuser: %s\nPassword:  %s\n(the password is shown this once)\n", h.cfg.AdminEmail, password)
	default:
		fmt.Fprintf(out, "The superuser %s was created.\n", h.cfg.AdminEmail)
	}
	return nil
}

// randomPassword has 120 bits and no letters that are easily confused.
func randomPassword() string { return strings.ToLower(rand.Text())[:24] }
