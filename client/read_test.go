package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
)

// TestRead: a licence, its history, and the feed in which it stands.
func TestRead(t *testing.T) {
	t.Parallel()
	_, c := open(t, plain, nil)
	ctx := t.Context()
	batch, err := c.IssueBatch(ctx, api.BatchRequest{Items: []api.BatchItem{
		{IssueRequest: request(t, "P-1"), Key: "one"},
		{IssueRequest: api.IssueRequest{Type: request(t, "").Type, Values: map[string]string{}}, Key: "two"},
	}})
	require.NoError(t, err)
	require.Len(t, batch.Items, 2)
	require.NotNil(t, batch.Items[1].Problem)
	identifier := batch.Items[0].Written.Identifier
	_, err = c.Perform(ctx, client.ActSuspend, identifier, api.ActRequest{Basis: "示例条例", Reason: "整改"})
	require.NoError(t, err)

	licence, err := c.Licence(ctx, identifier, client.Reading{Purpose: "核对"}, "ZZYXQJZRQ")
	require.NoError(t, err)
	require.Equal(t, "suspended", licence.State)
	require.Equal(t, map[string]string{"ZZYXQJZRQ": "2031-02-28"}, licence.Values)
	history, err := c.History(ctx, identifier, client.Reading{Purpose: "核对"})
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(history.Events), 2)

	var kinds []string
	for e, err := range c.AllEvents(ctx, client.Follow{Limit: 1, Types: []string{request(t, "").Type}}) {
		require.NoError(t, err)
		require.Equal(t, identifier, e.Identifier)
		kinds = append(kinds, e.Kind)
	}
	require.Len(t, kinds, len(history.Events))
	require.Contains(t, kinds, "suspended")
	for e, err := range c.AllEvents(ctx, client.Follow{Kinds: []string{"misspelt"}}) {
		require.Nil(t, e)
		require.NotEmpty(t, client.CodeOf(err))
	}
	for r, err := range c.Registrations(ctx) {
		require.Nil(t, r)
		require.NotEmpty(t, client.CodeOf(err), "a department registers nobody")
	}
}
