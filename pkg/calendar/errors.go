package calendar

import (
	"errors"
	"fmt"
	"strings"
)

// FieldError is one wrong field of a rule.
type FieldError struct {
	Field   string // of Rule, in snake_case
	Code    string // stable, for programs
	Message string // a clause without the field's name
}

// Errors are the wrong fields of a rule, never none.
type Errors []FieldError

// Error tells all of them.
func (e Errors) Error() string {
	parts := make([]string, len(e))
	for i, f := range e {
		parts[i] = f.Field + ": " + f.Message
	}
	return strings.Join(parts, "; ")
}

func (e *Errors) add(field, code, format string, args ...any) {
	*e = append(*e, FieldError{field, code, fmt.Sprintf(format, args...)})
}

func (r *Rule) checkWeekdays(bad *Errors) {
	if len(r.Weekdays) > 0 && r.Every != Week {
		bad.add("weekdays", "not_applicable", "belong to a rule by the week")
		return
	}
	seen := map[int]bool{}
	for _, d := range r.Weekdays {
		if d < 1 || d > 7 || seen[d] {
			bad.add("weekdays", "invalid", "days are 1 Monday to 7 Sunday, each once")
			return
		}
		seen[d] = true
	}
}

func (r *Rule) checkMonthDay(bad *Errors) {
	switch {
	case r.MonthDay == nil:
	case r.Every != Month:
		bad.add("month_day", "not_applicable", "belongs to a rule by the month")
	case *r.MonthDay < 1 || *r.MonthDay > 31:
		bad.add("month_day", "out_of_range", "must be between 1 and 31; past the end of a month it is its last day")
	}
}

var errCron = errors.New("name minute, hour, day of month, month and day of week, without seconds, a zone or @every")

// checkCron reads the line of a rule that has one.
func (r *Rule) checkCron(bad *Errors) cronLine {
	switch {
	case r.Cron == nil && r.Every == Cron:
		bad.add("cron", "required", "name the cron line")
	case r.Cron == nil:
	case r.Every != Cron:
		bad.add("cron", "not_applicable", "belongs to a rule by cron")
	default:
		line, err := parseCron(*r.Cron)
		if err == nil && len(line.tods()) == 0 {
			err = errCron // robfig/cron takes a lone comma for a field
		}
		if err != nil {
			bad.add("cron", "invalid", "is not a cron line of five fields: %s", err)
		}
		return line
	}
	return cronLine{}
}
