package api

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/limit"
	"github.com/postrider/postrider/pkg/model"
)

// calls is how often somebody may call: far above what a person at the interface
// does, and low enough that one script cannot take the place from all others. The
// keys of a user count beside the user: those that run wild leave the person
// room. Together they have as much as the user: another key is not more room.
type calls struct{ user, key limit.Rate }

var usualCalls = calls{
	user: limit.Rate{Events: 3000, Per: time.Minute, Burst: 500},
	key:  limit.Rate{Events: 1200, Per: time.Minute, Burst: 200},
}

// limitCalls refuses who calls too often (RFC 6585 §4).
func (s *Server) limitCalls(c echo.Context) error {
	who := model.ActorOf(c.Request().Context())
	user := strconv.FormatInt(who.UserID, 10)
	if who.KeyID == 0 {
		return s.allow(c, "calls:user:"+user, s.calls.user)
	}
	if err := s.allow(c, "calls:key:"+strconv.FormatInt(who.KeyID, 10), s.calls.key); err != nil {
		return err
	}
	return s.allow(c, "calls:keys of user:"+user, s.calls.user)
}
