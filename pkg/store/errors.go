package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/postrider/postrider/pkg/model"
)

var lockUpdate = clause.Locking{Strength: "UPDATE"}

// lockRunUpdate leaves room for the key shares that foreign keys take: chunks and
// deliveries may be added to a run that is held.
var lockRunUpdate = clause.Locking{Strength: "NO KEY UPDATE"}

// notFound is the one answer for rows that are not there and rows that are
// somebody else's.
func notFound() error {
	return &model.Error{Kind: model.NotFound, Message: "there is no such thing, or it is not yours"}
}

// forbidden is the answer for rows that may be seen and not changed.
func forbidden() error {
	return &model.Error{Kind: model.Forbidden, Message: "you may look at this but not change it"}
}

func stale() error {
	return &model.Error{Kind: model.PreconditionFailed, Message: "it was changed since you read it; read it again"}
}

// kindOf turns what the database said into a kind, and tells what was being
// done. It leaves errors that have a kind, and nil, as they are.
func kindOf(err error, doing string) error {
	var known *model.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, gorm.ErrRecordNotFound), errors.Is(err, sql.ErrNoRows):
		return notFound()
	case dangling(err):
		return &model.Error{Kind: model.Conflict, Message: "something that it refers to was removed meanwhile", Err: fmt.Errorf("%s: %w", doing, err)}
	case away(err): // before the deadline: a dial that timed out is both
		return &model.Error{Kind: model.Unavailable, Message: "the database is not available now", Err: fmt.Errorf("%s: %w", doing, err)}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// IsData reports whether the database refused what it was given, so that the
// same would be refused again: PostgreSQL's classes 21 cardinality, 22 data, 23
// integrity, 42 statement, 54 limits, and SQLite's equals. All else may pass.
func IsData(err error) bool {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case errors.As(err, &pg):
		switch pg.Code[:2] {
		case "21", "22", "23", "42", "54":
			return true
		}
	case errors.As(err, &lite):
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_ERROR:
			return true
		}
	}
	return false
}

// away reports whether the database cannot be reached or cannot work now.
func away(err error) bool {
	if err == nil {
		return false
	}
	var dial *pgconn.ConnectError
	var pg *pgconn.PgError
	var op net.Error
	var lite *sqlite.Error
	switch {
	case errors.As(err, &dial): // whatever was the matter
		return true
	case errors.Is(err, context.Canceled): // nobody wants to know any more
		return false
	case errors.Is(err, context.DeadlineExceeded): // it did not answer in time
		return true
	case errors.As(err, &pg):
		// classes 08 connection, 53 resources, 57 operator, 58 system; a standby; a lock or deadlock that lasted
		switch pg.Code[:2] {
		case "08", "53", "57", "58", "40":
			return true
		}
		return pg.Code == "25006" || pg.Code == "55P03"
	case errors.As(err, &op), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
		return true
	case errors.As(err, &lite):
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
			sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
			return true
		}
	}
	return err != nil && (strings.Contains(err.Error(), "unexpected EOF") || strings.Contains(err.Error(), "conn closed"))
}

// Refuses tells in a sentence why a PostgreSQL server that answers will not let
// this program in, whatever time passes: the password or the role is wrong, or
// there is no such database. It is "" for all else.
func Refuses(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "28P01", "28000", "3D000": // invalid_password, invalid_authorization_specification, invalid_catalog_name
			return "the database refuses the connection: " + pg.Message
		}
	}
	return ""
}

func rerunnable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// dangling reports whether err is a breach of a foreign key.
func dangling(err error) bool {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	return errors.As(err, &pg) && pg.Code == "23503" ||
		errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// duplicate reports whether err is a breach of a uniqueness.
func duplicate(err error) bool {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return true
	case errors.As(err, &pg):
		return pg.Code == "23505"
	case errors.As(err, &lite):
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}
