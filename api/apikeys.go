package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/model"
)

type apiKeyRequest struct {
	Name      string        `json:"name" validate:"required" example:"The shop"`
	Scopes    []model.Scope `json:"scopes" validate:"required" swaggertype:"array,string" enums:"clients:read,clients:write,suppressions:read,suppressions:write,messages:read,messages:write,mailings:read,mailings:write,mailings:send,reports:read,reports:write,system:read" example:"clients:read,clients:write"`
	ExpiresAt *time.Time    `json:"expires_at" extensions:"x-nullable" example:"2027-12-01T00:00:00Z"` // null: never
} //	@name	ApiKeyRequest

type apiKey struct {
	ID         int64         `json:"id" validate:"required" example:"4"`
	Name       string        `json:"name" validate:"required" example:"The shop"`
	Prefix     string        `json:"prefix" validate:"required" example:"prk_4fGh81Ab"` // what every key begins with, to tell them apart
	Scopes     []model.Scope `json:"scopes" validate:"required" swaggertype:"array,string" enums:"clients:read,clients:write,suppressions:read,suppressions:write,messages:read,messages:write,mailings:read,mailings:write,mailings:send,reports:read,reports:write,system:read" example:"clients:read,clients:write"`
	ExpiresAt  *time.Time    `json:"expires_at" validate:"required" extensions:"x-nullable" example:"2027-12-01T00:00:00Z"`   // null: never
	LastUsedAt *time.Time    `json:"last_used_at" validate:"required" extensions:"x-nullable" example:"2026-12-01T07:00:00Z"` // to the minute; null: not yet
	CreatedAt  time.Time     `json:"created_at" validate:"required" example:"2026-11-29T09:00:00Z"`
} //	@name	ApiKey

type newAPIKey struct {
	apiKey
	Key string `json:"key" validate:"required" example:"prk_4fGh81Ab_3kPq…"` // the key itself, told here and never again
} //	@name	NewApiKey

func apiKeyOf(k *model.APIKey) apiKey {
	return apiKey{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix, Scopes: full(k.Scopes),
		ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt, CreatedAt: k.CreatedAt,
	}
}

// apiKeys lists one's API keys.
//
//	@Summary		One's API keys
//	@Description	Newest first, expired ones too; never the keys themselves.
//	@Tags			API keys
//	@Security		Bearer
//	@Param			limit		query		int		false	"1 … 200, default 50"
//	@Param			cursor		query		string	false	"next_cursor of the page before"
//	@Param			sort		query		string	false	"id or -id (default)"
//	@Param			with_total	query		bool	false	"count all"
//	@Success		200			{object}	list[apiKey]
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem	"by an API key"
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/api-keys [get]
func (s *Server) apiKeys(c echo.Context) error {
	page, err := s.Store.APIKeys(c.Request().Context(), userOf(c).ID, queryOf(c, pageNames()...).page())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, apiKeyOf))
}

// createAPIKey makes an API key.
//
//	@Summary		Make an API key
//	@Description	A program that has it acts as you, as far as your rights and its scopes both go. The key is in this answer and nowhere else: it cannot be read again. An account has at most 50.
//	@Tags			API keys
//	@Security		Bearer
//	@Param			body	body		apiKeyRequest	true	"what it is for and what it may do"
//	@Success		201		{object}	newAPIKey
//	@Failure		400		{object}	problem
//	@Failure		401		{object}	problem
//	@Failure		403		{object}	problem	"by an API key"
//	@Failure		409		{object}	problem	"there are 50 already"
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/api-keys [post]
func (s *Server) createAPIKey(c echo.Context) error {
	if err := queryOf(c).err(); err != nil {
		return err
	}
	var in apiKeyRequest
	err := bind(c, &in)
	wanted := auth.NewKey(in)
	if model.IsKind(err, model.Invalid) {
		return model.Together(err, auth.CheckKey(userOf(c), &wanted))
	}
	if err != nil {
		return err
	}
	k, key, err := s.Auth.CreateKey(c.Request().Context(), userOf(c), wanted)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, newAPIKey{apiKeyOf(k), key})
}

// revokeAPIKey ends an API key.
//
//	@Summary		Revoke an API key
//	@Description	The next request with it is refused, and event streams that it opened end.
//	@Tags			API keys
//	@Security		Bearer
//	@Param			id	path	int	true	"the key"
//	@Success		204
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem	"by an API key"
//	@Failure		404	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/api-keys/{id} [delete]
func (s *Server) revokeAPIKey(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	if err := s.Store.RevokeAPIKey(c.Request().Context(), userOf(c).ID, id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
