package api

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

type reportResponse struct {
	RunID         int64           `json:"run_id" validate:"required" example:"40"`
	MailingID     int64           `json:"mailing_id" validate:"required" example:"12"`
	MailingName   string          `json:"mailing_name" validate:"required" example:"Spring news"`
	OwnerID       int64           `json:"owner_id" validate:"required" example:"3"`
	OwnerEmail    string          `json:"owner_email,omitempty" example:"anna@example.com"`
	Status        model.RunStatus `json:"status" validate:"required" swaggertype:"string" enums:"planned,running,pausing,paused,cancelling,cancelled,finished,missed"`
	PlannedAt     time.Time       `json:"planned_at" validate:"required" example:"2026-12-01T07:00:00Z"`
	StartedAt     *time.Time      `json:"started_at" validate:"required" extensions:"x-nullable" example:"2026-12-01T07:00:00Z"`
	FinishedAt    *time.Time      `json:"finished_at" validate:"required" extensions:"x-nullable" example:"2026-12-01T07:05:00Z"`
	Reason        string          `json:"reason" validate:"required" example:"smtp_auth"` // why it waits, paused or was not sent
	ParentRunID   *int64          `json:"parent_run_id" validate:"required" extensions:"x-nullable"`
	Counts        counts          `json:"counts" validate:"required"`
	RatePerSecond float64         `json:"rate_per_second" validate:"required" example:"412.5"` // brought to their end by an attempt: sent, failed, in doubt

	AttemptsRemovedAt *time.Time `json:"attempts_removed_at,omitempty" example:"2027-12-01T07:00:00Z"` // since then its attempt log is not kept
} //	@name	Report

// counts are the sums of a run; planned is always the sum of the others.
type counts struct {
	Planned   int64 `json:"planned" validate:"required" example:"100"`
	Pending   int64 `json:"pending" validate:"required" example:"0"`
	Sending   int64 `json:"sending" validate:"required" example:"0"`
	Deferred  int64 `json:"deferred" validate:"required" example:"2"`
	Sent      int64 `json:"sent" validate:"required" example:"95"`
	Failed    int64 `json:"failed" validate:"required" example:"2"`
	Skipped   int64 `json:"skipped" validate:"required" example:"1"`
	InDoubt   int64 `json:"in_doubt" validate:"required" example:"0"`
	Expired   int64 `json:"expired" validate:"required" example:"0"`
	Cancelled int64 `json:"cancelled" validate:"required" example:"0"`
} //	@name	Counts

func reportOf(r *store.Report) reportResponse {
	return reportResponse{
		RunID: r.ID, MailingID: r.MailingID, MailingName: r.MailingName, OwnerID: r.OwnerID, OwnerEmail: r.OwnerEmail,
		Status: r.Status, PlannedAt: r.PlannedAt, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Reason: r.Reason,
		ParentRunID: r.ParentRunID, Counts: counts(r.Counts), RatePerSecond: math.Round(r.RatePerSecond*100) / 100, AttemptsRemovedAt: r.AttemptsRemovedAt,
	}
}

func reportsOf(rows []store.Report) []reportResponse {
	out := make([]reportResponse, len(rows))
	for i := range rows {
		out[i] = reportOf(&rows[i])
	}
	return out
}

// reports lists runs.
//
//	@Summary		List reports, one a run
//	@Description	Newest first. Holders of reports.view_all see everyone's. With `Accept: text/csv` the whole list comes as CSV.
//	@Tags			reports
//	@Security		Bearer
//	@Produce		json,text/csv
//	@Param			mailing_id		query		int		false	"of one mailing"
//	@Param			parent_run_id	query		int		false	"those that retry this run"
//	@Param			status			query		string	false	"status of the run"			Enums(planned, running, pausing, paused, cancelling, cancelled, finished, missed)
//	@Param			from			query		string	false	"planned at or after it"	Format(date-time)
//	@Param			to				query		string	false	"planned before it"			Format(date-time)
//	@Param			owner_id		query		int		false	"owner, for those who see everyone's"
//	@Param			limit			query		int		false	"rows a page"	default(50)	minimum(1)	maximum(200)
//	@Param			cursor			query		string	false	"next_cursor of the page before"
//	@Param			sort			query		string	false	"order"	Enums(id, -id, planned_at, -planned_at)
//	@Param			with_total		query		bool	false	"count all rows too"
//	@Success		200				{object}	list[reportResponse]
//	@Failure		401				{object}	problem
//	@Failure		403				{object}	problem	"by an API key without the scope"
//	@Failure		422				{object}	problem
//	@Failure		503				{object}	problem
//	@Router			/reports [get]
func (s *Server) reports(c echo.Context) error { return s.answerReports(c, nil) }

// answerReports lists reports, of one mailing when the path names it.
func (s *Server) answerReports(c echo.Context, ofMailing *int64) error {
	names := pageNames("status", "from", "to", "owner_id", "parent_run_id")
	if ofMailing == nil {
		names = append(names, "mailing_id")
	}
	q := queryOf(c, names...)
	f := store.ReportFilter{
		MailingID: ofMailing, Status: oneOf(q, "status", model.RunStatuses), From: q.time("from"), To: q.time("to"), OwnerID: q.id("owner_id"),
		ParentID: q.id("parent_run_id"),
	}
	if ofMailing == nil {
		f.MailingID = q.id("mailing_id")
	}
	p := q.page()
	pages := func(p store.Page) (store.List[store.Report], error) {
		return s.Store.Reports(c.Request().Context(), viewerOf(c), f, p)
	}
	if wantsCSV(c) {
		return writeCSV(s, c, "reports", reportColumns, pages, p, reportCells)
	}
	page, err := pages(p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, reportOf))
}

var reportColumns = []string{
	"run_id", "mailing_id", "mailing_name", "owner_id", "status", "planned_at", "started_at", "finished_at", "reason", "parent_run_id",
	"planned", "pending", "sending", "deferred", "sent", "failed", "skipped", "in_doubt", "expired", "cancelled", "rate_per_second",
}

func reportCells(r *store.Report) []string {
	n := r.Counts
	cells := []string{
		number(r.ID), number(r.MailingID), r.MailingName, number(r.OwnerID), string(r.Status), moment(&r.PlannedAt), moment(r.StartedAt),
		moment(r.FinishedAt), r.Reason, reference(r.ParentRunID),
	}
	for _, n := range []int64{n.Planned, n.Pending, n.Sending, n.Deferred, n.Sent, n.Failed, n.Skipped, n.InDoubt, n.Expired, n.Cancelled} {
		cells = append(cells, number(n))
	}
	return append(cells, strconv.FormatFloat(r.RatePerSecond, 'f', 2, 64))
}

// number, reference and moment are cells of a CSV; what is not there is empty.
func number(n int64) string { return strconv.FormatInt(n, 10) }

func reference(id *int64) string {
	if id == nil {
		return ""
	}
	return number(*id)
}

func moment(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}

// report reads one run.
//
//	@Summary	Read a report
//	@Tags		reports
//	@Security	Bearer
//	@Param		run_id	path		int	true	"run"
//	@Success	200		{object}	reportResponse
//	@Failure	401		{object}	problem
//	@Failure	403		{object}	problem	"by an API key without the scope"
//	@Failure	404		{object}	problem
//	@Failure	422		{object}	problem
//	@Failure	503		{object}	problem
//	@Router		/reports/{run_id} [get]
func (s *Server) report(c echo.Context) error {
	r, err := s.seenReport(c)
	if err == nil {
		err = queryOf(c).err()
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, reportOf(r))
}

// seenReport is the run of the path, if the viewer sees it.
func (s *Server) seenReport(c echo.Context) (*store.Report, error) {
	id, err := idOf(c, "run_id")
	if err != nil {
		return nil, err
	}
	return s.Store.Report(c.Request().Context(), viewerOf(c), id)
}

type summaryResponse struct {
	Days      []summaryDay     `json:"days" validate:"required"` // oldest first
	Running   []reportResponse `json:"running" validate:"required"`
	Next      []summaryMailing `json:"next" validate:"required"`
	Attention []reportResponse `json:"attention" validate:"required"` // paused for a reason, or in doubt
} //	@name	Summary

// summaryDay sums the runs that started on a day of the user's zone.
type summaryDay struct {
	Date    string `json:"date" validate:"required" example:"2026-12-01"`
	Sent    int64  `json:"sent" validate:"required" example:"95"`
	Failed  int64  `json:"failed" validate:"required" example:"2"`
	InDoubt int64  `json:"in_doubt" validate:"required" example:"0"`
} //	@name	SummaryDay

type summaryMailing struct {
	ID        int64     `json:"id" validate:"required" example:"12"`
	Name      string    `json:"name" validate:"required" example:"Spring news"`
	NextRunAt time.Time `json:"next_run_at" validate:"required" example:"2026-12-01T07:00:00Z"`
	Timezone  string    `json:"timezone" validate:"required" example:"Europe/Moscow"`
} //	@name	SummaryMailing

// reportSummary tells what a person's first page shows of their own runs.
//
//	@Summary	One's own runs of the last days, and what comes next
//	@Tags		reports
//	@Security	Bearer
//	@Param		days	query		int	false	"how many days, today included"	default(30)	minimum(1)	maximum(366)
//	@Success	200		{object}	summaryResponse
//	@Failure	401		{object}	problem
//	@Failure	403		{object}	problem	"by an API key without the scope"
//	@Failure	422		{object}	problem
//	@Failure	503		{object}	problem
//	@Router		/reports/summary [get]
func (s *Server) reportSummary(c echo.Context) error {
	q := queryOf(c, "days")
	days := q.number("days", 30, 1, 366)
	if err := q.err(); err != nil {
		return err
	}
	zone, err := mailing.Zone(userOf(c).Timezone)
	if err != nil {
		zone = time.UTC
	}
	sum, err := s.Store.Summary(c.Request().Context(), viewerOf(c), days, zone)
	if err != nil {
		return err
	}
	out := summaryResponse{
		Days: make([]summaryDay, len(sum.Days)), Next: make([]summaryMailing, len(sum.Next)),
		Running: reportsOf(sum.Running), Attention: reportsOf(sum.Attention),
	}
	for i, d := range sum.Days {
		out.Days[i] = summaryDay(d)
	}
	for i, m := range sum.Next {
		out.Next[i] = summaryMailing(m)
	}
	return c.JSON(http.StatusOK, out)
}

type timelineResponse struct {
	BucketSeconds int64           `json:"bucket_seconds" validate:"required" example:"5"`
	Points        []timelinePoint `json:"points" validate:"required"`
} //	@name	Timeline

type timelinePoint struct {
	At       time.Time `json:"at" validate:"required" example:"2026-12-01T07:00:05Z"`
	Sent     int64     `json:"sent" validate:"required" example:"2061"`
	Failed   int64     `json:"failed" validate:"required" example:"3"`
	Deferred int64     `json:"deferred" validate:"required" example:"12"`
	InDoubt  int64     `json:"in_doubt" validate:"required" example:"1"`
} //	@name	TimelinePoint

// reportTimeline counts the attempts of a run over its time.
//
//	@Summary	How a run went over time
//	@Tags		reports
//	@Security	Bearer
//	@Param		run_id	path		int	true	"run"
//	@Success	200		{object}	timelineResponse
//	@Failure	401		{object}	problem
//	@Failure	403		{object}	problem	"by an API key without the scope"
//	@Failure	404		{object}	problem
//	@Failure	422		{object}	problem
//	@Failure	503		{object}	problem
//	@Router		/reports/{run_id}/timeline [get]
func (s *Server) reportTimeline(c echo.Context) error {
	id, err := idOf(c, "run_id")
	if err != nil {
		return err
	}
	line, err := s.Store.Timeline(c.Request().Context(), viewerOf(c), id)
	if err == nil {
		err = queryOf(c).err()
	}
	if err != nil {
		return err
	}
	out := timelineResponse{BucketSeconds: int64(line.Bucket / time.Second), Points: make([]timelinePoint, len(line.Points))}
	for i, p := range line.Points {
		out.Points[i] = timelinePoint(p)
	}
	return c.JSON(http.StatusOK, out)
}

type reasonsResponse struct {
	Items []reason `json:"items" validate:"required"`
} //	@name	Reasons

type reason struct {
	State    model.DeliveryState `json:"state" validate:"required" swaggertype:"string" enums:"failed,deferred,in_doubt,skipped"`
	Code     int                 `json:"code" validate:"required" example:"550"` // 0: no answer came
	Enhanced string              `json:"enhanced" validate:"required" example:"5.1.1"`
	Text     string              `json:"text" validate:"required" example:"user unknown"`
	Count    int64               `json:"count" validate:"required" example:"2"`
} //	@name	Reason

// reportReasons groups what was not sent by why.
//
//	@Summary	Why deliveries of a run failed, wait, are in doubt or were skipped
//	@Tags		reports
//	@Security	Bearer
//	@Param		run_id	path		int	true	"run"
//	@Success	200		{object}	reasonsResponse
//	@Failure	401		{object}	problem
//	@Failure	403		{object}	problem	"by an API key without the scope"
//	@Failure	404		{object}	problem
//	@Failure	422		{object}	problem
//	@Failure	503		{object}	problem
//	@Router		/reports/{run_id}/reasons [get]
func (s *Server) reportReasons(c echo.Context) error {
	id, err := idOf(c, "run_id")
	if err != nil {
		return err
	}
	rows, err := s.Store.Reasons(c.Request().Context(), viewerOf(c), id)
	if err == nil {
		err = queryOf(c).err()
	}
	if err != nil {
		return err
	}
	out := reasonsResponse{Items: make([]reason, len(rows))}
	for i, r := range rows {
		out.Items[i] = reason(r)
	}
	return c.JSON(http.StatusOK, out)
}
