package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/config"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

const demoEmail = "demo@example.com"

// SeedDemo makes a demo account with clients, messages, a draft and a mailing
// for tomorrow, so that there is something to look at. An account that is there
// is left as it is.
func SeedDemo(ctx context.Context, cfg *config.Config, out io.Writer, log *slog.Logger) error {
	h, err := accounts(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer h.store.Close()
	password := randomPassword()
	u, err := h.auth.Register(ctx, auth.Registration{Email: demoEmail, Password: password, FullName: "Анна Демидова", Locale: "ru", Timezone: "Europe/Moscow"})
	if model.IsKind(err, model.Conflict) {
		fmt.Fprintf(out, "The demo account %s is there already and was left as it is.\n", demoEmail)
		return nil
	}
	if err != nil {
		return err
	}
	if err := seed(ctx, h, u.Viewer()); err != nil {
		return fmt.Errorf("make the demo data: %w", err)
	}
	fmt.Fprintf(out, "Demo account: %s\nPassword:     %s\n(the password is shown this once)\n", demoEmail, password)
	return nil
}

func seed(ctx context.Context, h *house, v model.Viewer) error {
	names := []string{"Анна Каренина", "Пётр Безухов", "Elizabeth Bennet", "Родион Раскольников", "Jane Eyre", "Наташа Ростова", "Oliver Twist", "Татьяна Ларина"}
	cities := []string{"Псков", "Казань", "London", "Томск"}
	tags := []string{"regular", "new", "vip"}
	for i := range 120 {
		c := &model.Client{
			Email: fmt.Sprintf("client%03d@example.org", i+1), FullName: names[i%len(names)],
			Tags: []string{tags[i%len(tags)]}, Attributes: map[string]any{"city": cities[i%len(cities)], "orders": float64(i % 9)},
		}
		if err := h.store.CreateClient(ctx, v, c); err != nil {
			return err
		}
	}
	if err := h.store.Suppress(ctx, &model.Suppression{OwnerID: v.UserID, Email: "client007@example.org", Reason: model.Unsubscribed}); err != nil {
		return err
	}
	m := &model.Message{
		Name: "Осенняя ярмарка", Subject: "{{ client.full_name }}, приглашаем на ярмарку",
		HTML: `<h1>Здравствуйте, {{ client.full_name }}!</h1><p>Ждём вас в городе {{ client.attributes.city | default: "вашем" }}.</p>` +
			`<p><a href="{{ unsubscribe_url }}">Отписаться</a></p>`,
	}
	if err := h.store.CreateMessage(ctx, v, m); err != nil {
		return err
	}
	service := mailing.New(h.store, nil, mailing.Options{FromEmail: "postrider@localhost", Log: h.log})
	in := mailing.Input{
		Name: "Приглашение постоянным", MessageID: m.ID, Audience: model.Audience{Tags: []string{"regular", "vip"}},
		LatePolicy: model.LateSend, LateGraceMinutes: 1440, InDoubtPolicy: model.HoldInDoubt, Draft: true,
	}
	if _, err := service.Create(ctx, v, in); err != nil {
		return err
	}
	tomorrow := time.Now().Add(24 * time.Hour).Truncate(time.Hour)
	in.Name, in.Draft, in.StartAt, in.Audience = "Завтрашнее письмо всем", false, &tomorrow, model.Audience{All: true}
	_, err := service.Create(ctx, v, in)
	return err
}
