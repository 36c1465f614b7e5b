package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/model"
)

type emailRequest struct {
	Email string `json:"email" validate:"required" example:"anna@example.com"`
} //	@name	EmailRequest

type emailAnswer struct {
	Email string `json:"email" validate:"required" example:"anna@example.com"` // as it is kept
} //	@name	EmailAnswer

type confirmRequest struct {
	Token string `json:"token" validate:"required"` // of the mail
} //	@name	ConfirmRequest

type confirmAnswer struct {
	Email          string `json:"email" validate:"required" example:"anna@example.com"` // as it is kept
	ChoosePassword bool   `json:"choose_password" validate:"required"`                  // no password counts yet: a mail was sent by which to choose one
} //	@name	ConfirmAnswer

type resetRequest struct {
	Token    string `json:"token" validate:"required"` // of the mail
	Password string `json:"password" validate:"required" minLength:"8" example:"eight other characters"`
} //	@name	ResetRequest

// confirm makes the account of a registration whose address is confirmed.
//
//	@Summary		Confirm an address
//	@Description	By the token of the mail about a registration. It works once, within 48 hours; then the account is there and one can sign in. Where more than one registration waited for the address, none of their passwords counts: choose_password is true, and a mail with a link to choose one is on its way, as after /auth/password/forgot.
//	@Tags			accounts
//	@Param			body	body		confirmRequest	true	"the token"
//	@Success		200		{object}	confirmAnswer
//	@Failure		400		{object}	problem
//	@Failure		409		{object}	problem	"there is an account with this e-mail"
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem	"the token was used, is too old or is none"
//	@Failure		429		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/auth/confirm [post]
func (s *Server) confirm(c echo.Context) error {
	var in confirmRequest
	if err := bindAnd(c, &in, func() error { return requireToken(in.Token) }); err != nil {
		return err
	}
	if err := s.allow(c, "mail tokens from "+caller(c), tokensOfAddress); err != nil {
		return err
	}
	u, mailID, err := s.Auth.Confirm(c.Request().Context(), in.Token)
	if err != nil {
		return err
	}
	if mailID != 0 {
		s.Mailings.SendSoon(c.Request().Context(), mailID)
	}
	return c.JSON(http.StatusOK, confirmAnswer{u.Email, mailID != 0})
}

func requireToken(token string) error {
	var bad model.Fields
	if token == "" {
		bad.Add("token", "required", "must be given")
	}
	return bad.Err()
}

// confirmAgain sends the mail about a registration once more.
//
//	@Summary		Send the mail about a registration again
//	@Description	The answer is the same whether somebody has registered with this address or not.
//	@Tags			accounts
//	@Param			body	body		emailRequest	true	"the address"
//	@Success		202		{object}	emailAnswer
//	@Failure		400		{object}	problem
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem
//	@Failure		429		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/auth/confirm/resend [post]
func (s *Server) confirmAgain(c echo.Context) error { return s.mailTo(c, model.MailConfirmAgain) }

// forgotPassword sends a mail by which a new password can be set.
//
//	@Summary		Ask for a new password
//	@Description	Sends a mail with a link that works once, within an hour. The answer is the same whether there is an account with this address or not.
//	@Tags			accounts
//	@Param			body	body		emailRequest	true	"the address"
//	@Success		202		{object}	emailAnswer
//	@Failure		400		{object}	problem
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem
//	@Failure		429		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/auth/password/forgot [post]
func (s *Server) forgotPassword(c echo.Context) error { return s.mailTo(c, model.MailReset) }

func (s *Server) mailTo(c echo.Context, kind model.MailKind) error {
	var in emailRequest
	if err := bindAnd(c, &in, func() error { return auth.CheckEmail(in.Email) }); err != nil {
		return err
	}
	if err := s.mailAllowed(c, in.Email); err != nil {
		return err
	}
	email, mailID, err := s.Auth.AskForMail(c.Request().Context(), kind, in.Email)
	if err != nil {
		return err
	}
	s.Mailings.SendSoon(c.Request().Context(), mailID)
	return c.JSON(http.StatusAccepted, emailAnswer{email})
}

// resetPassword sets a new password by the token of a mail.
//
//	@Summary		Set a new password
//	@Description	By the token of the mail about a forgotten password. Ends all sessions of the account.
//	@Tags			accounts
//	@Param			body	body		resetRequest	true	"the token and the new password"
//	@Success		200		{object}	emailAnswer
//	@Failure		400		{object}	problem
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem	"also: the token was used, is too old or is none"
//	@Failure		429		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/auth/password/reset [post]
func (s *Server) resetPassword(c echo.Context) error {
	var in resetRequest
	if err := bindAnd(c, &in, func() error {
		return model.Together(requireToken(in.Token), auth.CheckPassword(in.Password))
	}); err != nil {
		return err
	}
	if err := s.allow(c, "mail tokens from "+caller(c), tokensOfAddress); err != nil {
		return err
	}
	u, err := s.Auth.Reset(c.Request().Context(), in.Token, in.Password)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, emailAnswer{u.Email})
}
