package api_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestManyClientsAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		var ids []int64
		for i := range 3 {
			ids = append(ids, u.do(t, "POST", "/clients", object{"email": fmt.Sprintf("c%d@example.com", i)}).require(t, 201).id(t))
		}
		foreign := h.user(t).do(t, "POST", "/clients", object{"email": "c@example.com"}).require(t, 201).id(t)

		done := u.do(t, "POST", "/clients/bulk", object{"ids": []int64{ids[0], foreign}, "add_tags": []string{"vip"}}).require(t, 200).object(t)
		require.Equal(t, object{"done": 1.0, "changed": 1.0, "refused": 0.0, "next_cursor": nil}, done)
		require.Len(t, u.list(t, "/clients?tag=vip").Items, 1)

		u.do(t, "POST", "/clients/bulk", object{"filter": object{"tag": "vip"}, "except_ids": []int64{ids[1]}, "delete": true}).require(t, 200)
		require.Len(t, u.list(t, "/clients").Items, 2)
		u.do(t, "POST", "/clients/bulk", object{"filter": object{}, "delete": true}).require(t, 200)
		require.Empty(t, u.list(t, "/clients").Items)

		for _, c := range []struct {
			body   object
			fields []string
		}{
			{object{}, []string{"ids:required", "add_tags:required"}},
			{object{"ids": []int64{1}, "filter": object{}, "delete": true}, []string{"ids:required"}},
			{object{"filter": object{"status": "processed", "x": 1}, "delete": true}, []string{"filter.x:unknown_field", "filter.status:unknown"}},
			{object{"filter": object{}, "delete": true, "add_tags": []string{"x"}}, []string{"delete:not_allowed"}},
			{object{"filter": object{}, "delete": true, "cursor": "x"}, []string{"cursor:invalid"}},
		} {
			u.do(t, "POST", "/clients/bulk", c.body).fields(t, c.fields...)
		}
	})
}
