// Package calendar tells when a repeating mailing starts: it turns a rule, a
// start and a time zone into instants. It is pure and knows no clock.
//
// A rule names wall times: every n days, weeks or months at the wall time of
// the start, or the lines of cron(8). Zones skip wall times and repeat them;
// what then holds is decided here and nowhere else:
//
//   - A wall time that the zone skips (02:30 on the night the clocks go forward,
//     the whole of 2011-12-30 in Samoa) happens once, at the first instant
//     after the gap: Note is Gap. Several in one gap are one occurrence, and so
//     are they with one of the rule at exactly that instant.
//   - A wall time that the zone repeats happens once, the first time: Note is
//     Fold.
//   - A cron line whose hour field names every hour means elapsed time and
//     follows the clock as it is shown: it fires in both passes of a repeated
//     hour and does not make up for a skipped one. */15 fires each quarter of an
//     hour through either change.
//
// The first occurrence is the first of the rule at or after the start; it has
// the ordinal 1. Occurrences strictly increase. An occurrence and its ordinal
// depend on the rule, the start and the zone alone, never on where one began to
// look: days, weeks and months are found by arithmetic, cron by looking at
// dates, at most nine years of them.
//
// A rule that cannot be is Errors, with all its wrong fields.
package calendar
