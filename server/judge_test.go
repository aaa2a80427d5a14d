package server_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/verify"
)

// mute is a vault that cannot sign any more.
type mute struct{}

func (mute) CurrentStatus(context.Context, string) (verify.Status, error) {
	return verify.Status{}, errors.New("the key does not answer")
}

// TestUnanswered: where the vault cannot say the state of its own licences, they wait, and the operator is told; a licence
// that is not in force is told to nobody but who asked.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.judging(mute{})
	issued := w.issue("1")
	bundle := w.bundle(issued.Identifier)
	judge := func(key string) api.Verification {
		got := w.verify(key, api.VerificationRequest{Case: byLaw().Case, Documents: []api.Submitted{
			{Name: "证照.json", Content: bundle},
		}})
		require.Equal(t, http.StatusCreated, got.status, "%s", got.body)
		return into[api.Verification](t, got)
	}
	const counted = "elicense_status_unanswered_total "
	require.Contains(t, w.metrics(), counted+"0\n")
	v := judge("k")
	require.Equal(t, "INDETERMINATE", v.Indication)
	require.Contains(t, w.metrics(), counted+"1\n")
	require.Contains(t, w.log.String(), `"check":"source.answer"`)
	require.Empty(t, v.Notice, "the applicant can do nothing about it")
	require.NotEmpty(t, v.Todo)

	w.judging(server.CurrentStatus{Vault: w.vault})
	require.Equal(t, "TOTAL-PASSED", judge("l").Indication)
	require.Contains(t, w.metrics(), counted+"0\n")
}
