package store

import (
	"database/sql"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"
	_ "modernc.org/sqlite" // the driver "sqlite", pure Go
)

// liteDialector lets GORM speak SQLite through modernc.org/sqlite. GORM's own
// driver wants cgo. It knows what this package uses: no AutoMigrate.
type liteDialector struct{ pool *sql.DB }

func (liteDialector) Name() string { return "sqlite" }

func (d liteDialector) Initialize(db *gorm.DB) error {
	db.ConnPool = d.pool
	returning := []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"}
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses: returning,
		UpdateClauses: []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses: []string{"DELETE", "FROM", "WHERE", "RETURNING"},
	})
	// SQLite has no row locks: its one writer is alone anyhow.
	db.ClauseBuilders["FOR"] = func(clause.Clause, clause.Builder) {}
	return nil
}

func (liteDialector) Migrator(*gorm.DB) gorm.Migrator { return nil }

func (liteDialector) DataTypeOf(*schema.Field) string { return "" }

func (liteDialector) DefaultValueOf(*schema.Field) clause.Expression {
	return clause.Expr{SQL: "NULL"}
}

func (liteDialector) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { _ = w.WriteByte('?') }

func (liteDialector) QuoteTo(w clause.Writer, name string) {
	for i, part := range strings.Split(name, ".") {
		if i > 0 {
			_ = w.WriteByte('.')
		}
		if part == "*" {
			_ = w.WriteByte('*')
			continue
		}
		_, _ = w.WriteString(`"` + strings.ReplaceAll(part, `"`, `""`) + `"`)
	}
}

func (liteDialector) Explain(query string, vars ...any) string {
	return logger.ExplainSQL(query, nil, `"`, vars...)
}

func (liteDialector) Translate(err error) error {
	if duplicate(err) {
		return gorm.ErrDuplicatedKey
	}
	return err
}
