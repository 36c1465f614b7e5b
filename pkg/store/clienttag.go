package store

import (
	"context"
	"strings"

	"github.com/postrider/postrider/pkg/model"
)

// mostTags is how many tags of one owner are looked through.
const mostTags = 10_000

// ClientTags are the tags of the viewer's own clients that hold a text, in any
// case, in their order and at most limit of them. It steps from tag to tag and
// not from client to client: a hundred tags on a million clients are a hundred
// looks into an index.
func (s *Store) ClientTags(ctx context.Context, v model.Viewer, q string, limit int) ([]string, error) {
	var all []string
	err := s.read(ctx).Raw(`WITH RECURSIVE t(tag) AS (
			SELECT MIN(tag) FROM client_tags WHERE owner_id = ?
			UNION ALL
			SELECT (SELECT MIN(tag) FROM client_tags WHERE owner_id = ? AND client_tags.tag > t.tag) FROM t WHERE t.tag IS NOT NULL
		) SELECT tag FROM t WHERE tag IS NOT NULL LIMIT ?`, v.UserID, v.UserID, mostTags).Scan(&all).Error
	out := []string{}
	for _, tag := range all {
		if len(out) < limit && strings.Contains(searchText(tag), searchText(q)) {
			out = append(out, tag)
		}
	}
	return out, kindOf(err, "list tags")
}
