package mailing

import (
	"context"

	"github.com/postrider/postrider/pkg/template"
)

// Bodies renders a message as the sender does.
func Bodies(subject, html, text string, vars template.Vars) (htmlPart, textPart string, err error) {
	c, err := parse(subject, html, text)
	if err != nil {
		return "", "", err
	}
	out, err := c.render(vars)
	return out.HTML, out.Text, err
}

// Turns is the line of the runs of a way out.
type Turns = turns

// The line, as its pumps and those who bring work use it.
var (
	NewTurns  = newTurns
	TurnsAdd  = (*turns).add
	TurnsMore = (*turns).again
	TurnsNext = (*turns).next
	TurnsDone = (*turns).done
	TurnsStop = (*turns).stop
)

// MaxPumps is how many pumps a run may have at a way out.
const MaxPumps = maxPumps

// CheckBooks and Tidy do now what a worker does now and then.
func (e *Engine) CheckBooks(ctx context.Context) error { return e.checkBooks(ctx) }
func (e *Engine) Tidy(ctx context.Context) error       { return e.tidy(ctx) }
