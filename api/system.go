package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// QueueState is what a queue of hints holds at an instant.
type QueueState struct {
	Name      string
	Waiting   int           // ready to be taken
	Active    int           // at a worker
	Scheduled int           // for later
	Retrying  int           // failed, and waiting for another try
	Lag       time.Duration // how long the oldest ready one has waited
}

type systemWorker struct {
	ID        string    `json:"id" validate:"required" example:"mail1-4711-5f3a"`
	Host      string    `json:"host" validate:"required" example:"mail1"`
	PID       int64     `json:"pid" validate:"required" example:"4711"`
	Alive     bool      `json:"alive" validate:"required"` // it gave a sign of life within 12 s; what another one holds is taken from it
	StartedAt time.Time `json:"started_at" validate:"required"`
	BeatAt    time.Time `json:"beat_at" validate:"required"`
} //	@name	SystemWorker

type systemQueue struct {
	Name       string  `json:"name" validate:"required" enums:"control,deliver" example:"deliver"`
	Waiting    int     `json:"waiting" validate:"required" example:"0"`     // ready to be taken
	Active     int     `json:"active" validate:"required" example:"1"`      // at a worker
	Scheduled  int     `json:"scheduled" validate:"required" example:"3"`   // for later
	Retrying   int     `json:"retrying" validate:"required" example:"0"`    // failed, and waiting for another try
	LagSeconds float64 `json:"lag_seconds" validate:"required" example:"0"` // how long the oldest ready one has waited
} //	@name	SystemQueue

type systemLoad struct {
	RunsDue     int64      `json:"runs_due" validate:"required" example:"0"`              // their time has come and no worker has started them
	DueSince    *time.Time `json:"due_since" validate:"required" extensions:"x-nullable"` // when the longest waiting of them was due
	RunsSending int64      `json:"runs_sending" validate:"required" example:"2"`
	MailsOpen   int64      `json:"mails_open" validate:"required" example:"48210"` // of those runs, not sent yet
	SystemMails int64      `json:"system_mails" validate:"required" example:"0"`   // test mails and others of the installation that wait
} //	@name	SystemLoad

type systemRest struct {
	TransportID *int64    `json:"transport_id" validate:"required" extensions:"x-nullable" example:"2"` // null for that of the settings
	Name        string    `json:"name" validate:"required" example:"The provider"`                      // empty for that of the settings
	Until       time.Time `json:"until" validate:"required"`
	Reason      string    `json:"reason" validate:"required" example:"connection"` // connection or auth
	Answer      string    `json:"answer" validate:"required"`                      // what the server said
} //	@name	SystemRest

type system struct {
	Version string         `json:"version" validate:"required" example:"1.0.0"` // of the program that answers
	Now     time.Time      `json:"now" validate:"required"`                     // by the clock of the database
	Redis   string         `json:"redis" validate:"required" enums:"ok,degraded"`
	Workers []systemWorker `json:"workers" validate:"required"`
	Queues  []systemQueue  `json:"queues" validate:"required"` // empty while Redis is away
	Load    systemLoad     `json:"load" validate:"required"`
	Resting []systemRest   `json:"resting" validate:"required"` // ways out that no mail goes by at the moment
} //	@name	System

// system tells how the installation is.
//
//	@Summary		How the installation is
//	@Description	Workers, queues and what is to be done. Redis carries hints alone: while it is away things come later, and nothing is lost.
//	@Tags			administration
//	@Security		Bearer
//	@Success		200	{object}	system
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/system [get]
func (s *Server) system(c echo.Context) error {
	ctx := c.Request().Context()
	load, err := s.Store.Load(ctx)
	if err != nil {
		return err
	}
	workers, err := s.Store.KnownWorkers(ctx)
	if err != nil {
		return err
	}
	resting, err := s.resting(c)
	if err != nil {
		return err
	}
	out := system{
		Version: s.Version, Now: load.Now, Redis: "ok", Workers: []systemWorker{}, Queues: []systemQueue{}, Resting: resting,
		Load: systemLoad{
			RunsDue: load.RunsDue, DueSince: load.DueSince, RunsSending: load.Sending, MailsOpen: load.Mails, SystemMails: load.System,
		},
	}
	for _, w := range workers {
		out.Workers = append(out.Workers, systemWorker{
			ID: w.ID, Host: w.Host, PID: w.PID, StartedAt: w.StartedAt, BeatAt: w.BeatAt,
			Alive: w.BeatAt.After(load.Now.Add(-store.DeadAfter)),
		})
	}
	queues, err := s.Queues(ctx)
	if err != nil {
		out.Redis = "degraded"
	}
	for _, q := range queues {
		out.Queues = append(out.Queues, systemQueue{
			Name: q.Name, Waiting: q.Waiting, Active: q.Active, Scheduled: q.Scheduled, Retrying: q.Retrying, LagSeconds: q.Lag.Seconds(),
		})
	}
	return c.JSON(http.StatusOK, out)
}

// resting are the ways out in trouble, in their order.
func (s *Server) resting(c echo.Context) ([]systemRest, error) {
	breakers, err := s.Store.Breakers(c.Request().Context())
	if err != nil {
		return nil, err
	}
	ways, err := s.Store.EnabledTransports(c.Request().Context())
	if err != nil {
		return nil, err
	}
	ways = append(ways, model.Transport{})
	out := []systemRest{}
	for _, t := range ways {
		key, id := model.DefaultTransport, (*int64)(nil)
		if t.ID != 0 {
			key, id = store.TransportKey(t.ID), &t.ID
		}
		if b, known := breakers[key]; known && !b.Proven {
			out = append(out, systemRest{TransportID: id, Name: t.Name, Until: b.Until, Reason: b.Reason, Answer: b.Answer})
		}
	}
	return out, nil
}
