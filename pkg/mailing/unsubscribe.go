package mailing

import (
	"context"

	"github.com/postrider/postrider/pkg/model"
)

// Unsubscription is what the page behind a link shows.
type Unsubscription struct {
	Email      string
	SenderName string
}

// Unsubscription looks at a link of a mail and changes nothing. A forged or
// unknown token is model.NotFound.
func (s *Service) Unsubscription(ctx context.Context, token string) (*Unsubscription, error) {
	d, r, err := s.byLink(ctx, token)
	if err != nil {
		return nil, err
	}
	name := r.FromName
	if name == "" {
		name = r.FromEmail
	}
	return &Unsubscription{Email: d.Email, SenderName: name}, nil
}

// Unsubscribe keeps the address of a mail from being mailed by its owner ever
// again (RFC 8058 §3.2). An address that is suppressed already stays as it is.
func (s *Service) Unsubscribe(ctx context.Context, token string) error {
	d, r, err := s.byLink(ctx, token)
	if err != nil {
		return err
	}
	err = s.store.Suppress(ctx, &model.Suppression{OwnerID: r.OwnerID, Email: d.Email, Reason: model.Unsubscribed})
	if model.IsKind(err, model.Conflict) {
		return nil
	}
	return err
}

func (s *Service) byLink(ctx context.Context, token string) (*model.Delivery, *model.Run, error) {
	id, ok := s.openLink(token)
	if !ok {
		return nil, nil, model.E(model.NotFound, "this link is not valid")
	}
	return s.store.DeliveryOf(ctx, id)
}
