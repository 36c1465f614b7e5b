package api

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/limit"
	"github.com/postrider/postrider/pkg/model"
)

// calls is how often somebody may call: far above what a person at the interface
// does, and low enough that one script cannot take the place from all others. A
// key counts beside its user: one that runs wild leaves the person room.
type calls struct{ user, key limit.Rate }

var usualCalls = calls{
	user: limit.Rate{Events: 3000, Per: time.Minute, Burst: 500},
	key:  limit.Rate{Events: 1200, Per: time.Minute, Burst: 200},
}

// limitCalls refuses who calls too often (RFC 6585 §4).
func (s *Server) limitCalls(c echo.Context) error {
	who := model.ActorOf(c.Request().Context())
	name, rate := "calls:user:"+strconv.FormatInt(who.UserID, 10), s.calls.user
	if who.KeyID != 0 {
		name, rate = "calls:key:"+strconv.FormatInt(who.KeyID, 10), s.calls.key
	}
	return s.allow(c, name, rate)
}
