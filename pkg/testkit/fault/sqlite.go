package main

import (
	"database/sql"
	"database/sql/driver"

	_ "modernc.org/sqlite" // of the embedded process
)

// sqliteDriver tells which dialect a database speaks.
var sqliteDriver = func() driver.Driver {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	return db.Driver()
}()
