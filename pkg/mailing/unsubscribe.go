package mailing

import (
	"context"

	"github.com/postrider/postrider/pkg/model"
)

// Unsubscription is what the page behind a link shows.
type Unsubscription struct {
	Email      string
	SenderName string
	// Test says that the link is one of a preview or a test mail: there is
	// nobody to unsubscribe, and the rest is empty.
	Test bool
}

// Unsubscription looks at a link of a mail and changes nothing. A forged or
// unknown token is model.NotFound.
func (s *Service) Unsubscription(ctx context.Context, token string) (*Unsubscription, error) {
	d, r, err := s.byLink(ctx, token)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return &Unsubscription{Test: true}, nil
	}
	name := r.FromName
	if name == "" {
		name = r.FromEmail
	}
	return &Unsubscription{Email: d.Email, SenderName: name}, nil
}

// Unsubscribe keeps the address of a mail from being mailed by its owner ever
// again (RFC 8058 §3.2). An address that is suppressed already stays as it is, and the link of a test changes nothing.
func (s *Service) Unsubscribe(ctx context.Context, token string) error {
	d, r, err := s.byLink(ctx, token)
	if err != nil || d == nil {
		return err
	}
	err = s.store.Suppress(ctx, &model.Suppression{OwnerID: r.OwnerID, Email: d.Email, Reason: model.Unsubscribed})
	if model.IsKind(err, model.Conflict) {
		return nil
	}
	return err
}

// byLink answers the delivery behind a link, or nil when it is one of a test.
func (s *Service) byLink(ctx context.Context, token string) (*model.Delivery, *model.Run, error) {
	purpose, id, ok := s.openLink(token)
	switch {
	case !ok:
		return nil, nil, model.E(model.NotFound, "this link is not valid")
	case purpose == linkTest:
		return nil, nil, nil
	}
	return s.store.DeliveryOf(ctx, id)
}
