package server_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
)

// TestCompareNames_A78: an applicant's form may call elements as GB/T 36903 does; a refusal points to the name that was
// written; and an answer says how long it is.
func TestCompareNames_A78(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	issued, name := w.issue("one"), foodRequest(t).Values["CZZT"]
	compare := func(claims map[string]string) reply {
		return w.call("reviewer", http.MethodPost, "/comparisons", api.ComparisonRequest{
			Asked: byLaw(), Comparison: api.Comparison{Identifier: issued.Identifier, Claims: claims},
		})
	}
	r := compare(map[string]string{"certificateHolderName": name})
	require.Equal(t, strconv.Itoa(len(r.body)), r.header.Get("Content-Length"))
	judged := into[api.ComparisonAnswer](t, r)
	require.Equal(t, "matched", judged.Result)
	require.Equal(t, "CZZT", judged.Fields[0].Field)

	twice := compare(map[string]string{"certificateHolderName": name, "CZZT": name})
	refused(t, twice, http.StatusUnprocessableEntity, "field-twice")
	require.Contains(t, []string{"/claims/certificateHolderName", "/claims/CZZT"},
		into[api.Problem](t, twice).Errors[0].Path)
	unknown := compare(map[string]string{"没有/此项": "x"})
	refused(t, unknown, http.StatusUnprocessableEntity, "claim-unknown")
	require.Equal(t, "/claims/没有~1此项", into[api.Problem](t, unknown).Errors[0].Path)
}
