// Package store is the only place that speaks SQL, and the only importer of
// GORM. There is one Store; a file per noun; PostgreSQL and SQLite behind the
// same methods.
//
// # What it promises
//
// Rows with an owner are read and written through a model.Viewer: a foreign id
// answers exactly like an unknown one (model.NotFound); a row that may be seen
// but not changed answers model.Forbidden. Lists are keyset pages, stable under
// concurrent writes. What can be a constraint of the schema is one, and a
// breach comes back as a kind (model.Conflict for a uniqueness). A database
// that is away is model.Unavailable. Everything else is internal.
//
// # Locks
//
// A transaction that needs several rows takes them in this order, so that no
// two can wait for each other: suppressions, mailings, transports, runs, chunks
// (by id), deliveries (by id), retries. Breakers, permits and rates are locked
// last, one at a time. What copies the addresses of clients into deliveries and what
// erases one are ordered by an advisory lock, taken before chunks. A run is
// given its deliveries under another one, which comes before all rows; of the run
// it changes the place it has come to, last, while nobody sees the chunks that it
// made. Counters of a
// chunk are changed only by a transaction that holds the chunk's row.
//
// # Time
//
// Leases and due-checks compare with the database's clock, Now. Times are
// stored in UTC with microseconds.
package store
