package api

import (
	"time"

	"github.com/postrider/postrider/pkg/model"
)

// repeatRequest says how a mailing repeats. Weekdays belong to week, month_day
// to month, cron to cron.
type repeatRequest struct {
	Every    string     `json:"every" validate:"required" enums:"day,week,month,cron" example:"week"`
	Interval *int       `json:"interval" extensions:"x-nullable" default:"1" minimum:"1" maximum:"366"`
	Weekdays []int      `json:"weekdays" extensions:"x-nullable" example:"1,5"` // 1 Monday … 7 Sunday
	MonthDay *int       `json:"month_day" extensions:"x-nullable" minimum:"1" maximum:"31"`
	Cron     *string    `json:"cron" extensions:"x-nullable" example:"0 9 * * 1"`
	Until    *time.Time `json:"until" extensions:"x-nullable" example:"2027-12-31T23:59:59+03:00"` // inclusive
	Times    *int       `json:"times" extensions:"x-nullable" minimum:"1" maximum:"100000"`        // the first one counted
} //	@name	RepeatRequest

type repeatResponse struct {
	Every    string     `json:"every" validate:"required" enums:"day,week,month,cron" example:"week"`
	Interval int        `json:"interval" validate:"required" example:"1"`
	Weekdays []int      `json:"weekdays" validate:"required" extensions:"x-nullable" example:"1,5"`
	MonthDay *int       `json:"month_day" validate:"required" extensions:"x-nullable"`
	Cron     *string    `json:"cron" validate:"required" extensions:"x-nullable"`
	Until    *time.Time `json:"until" validate:"required" extensions:"x-nullable" example:"2027-12-31T23:59:59+03:00"`
	Times    *int       `json:"times" validate:"required" extensions:"x-nullable"`
} //	@name	Repeat

func (r *repeatRequest) rule() *model.Repeat {
	if r == nil {
		return nil
	}
	out := model.Repeat{Every: r.Every, Interval: 1, MonthDay: r.MonthDay, Cron: r.Cron, Until: r.Until, Times: r.Times}
	if r.Interval != nil {
		out.Interval = *r.Interval
	}
	if len(r.Weekdays) > 0 {
		out.Weekdays = r.Weekdays
	}
	return &out
}

func repeatRequestOf(r *model.Repeat) *repeatRequest {
	if r == nil {
		return nil
	}
	return &repeatRequest{
		Every: r.Every, Interval: &r.Interval, Weekdays: r.Weekdays, MonthDay: r.MonthDay, Cron: r.Cron, Until: r.Until, Times: r.Times,
	}
}

// repeatOf shows a rule; its end is told in the mailing's zone.
func repeatOf(r *model.Repeat, zone *time.Location) *repeatResponse {
	if r == nil {
		return nil
	}
	return &repeatResponse{
		Every: r.Every, Interval: r.Interval, Weekdays: r.Weekdays, MonthDay: r.MonthDay, Cron: r.Cron,
		Until: inZone(r.Until, zone), Times: r.Times,
	}
}
