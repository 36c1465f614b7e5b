package api

import (
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

type figures struct {
	Mailings       int64 `json:"mailings" validate:"required" example:"12"`
	ActiveMailings int64 `json:"active_mailings" validate:"required" example:"2"`
	Clients        int64 `json:"clients" validate:"required" example:"40213"`
} //	@name	HomeFigures

// homeCache remembers the figures of the home page. Anybody may ask for them,
// so an answer is kept for twenty times as long as it took: a small
// installation is exact to the moment, a large one spends at most a twentieth
// of one connection on all visitors together.
type homeCache struct {
	mu    sync.Mutex
	last  figures
	until time.Time
}

// home shows the figures of the installation.
//
//	@Summary		Figures for the home page
//	@Description	Mailings of all users, those scheduled or under way, and different client addresses. On a large installation they are some seconds old.
//	@Tags			public
//	@Success		200	{object}	figures
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/public/home [get]
func (s *Server) home(cache *homeCache) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := queryOf(c).err(); err != nil {
			return err
		}
		cache.mu.Lock()
		defer cache.mu.Unlock()
		began := time.Now()
		if began.After(cache.until) {
			f, err := s.Store.Figures(c.Request().Context())
			if err != nil {
				return err
			}
			cache.last = figures{Mailings: f.Mailings, ActiveMailings: f.ActiveMailings, Clients: f.Clients}
			cache.until = time.Now().Add(20 * time.Since(began))
		}
		return c.JSON(http.StatusOK, cache.last)
	}
}
