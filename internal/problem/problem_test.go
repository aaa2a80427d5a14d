package problem_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/problem"
)

// TestAnswers_A89: each answer says in two languages what is wrong, what to do and by which rule, and when it may be sent
// again; no two have one code.
func TestAnswers_A89(t *testing.T) {
	t.Parallel()
	codes := map[string]bool{}
	for _, p := range []problem.Problem{
		problem.NotFound, problem.Method, problem.TooLarge, problem.CutOff, problem.Busy, problem.TimedOut,
		problem.Unavailable,
	} {
		require.False(t, codes[p.Code], p.Code)
		codes[p.Code] = true
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		require.Equal(t, p.Status, w.Code)
		require.Equal(t, problem.Type, w.Header().Get("Content-Type"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Equal(t, p.Retry > 0, w.Header().Get("Retry-After") != "")
		require.JSONEq(t, p.Text(), w.Body.String())
		var told struct {
			Code   string              `json:"code"`
			Errors []map[string]string `json:"errors"`
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &told))
		require.Equal(t, p.Code, told.Code)
		require.Len(t, told.Errors, 1)
		for _, name := range []string{"code", "zh", "en", "fixZh", "fixEn", "ruleZh", "ruleEn", "basis"} {
			require.NotEmpty(t, told.Errors[0][name], "%s: %s", p.Code, name)
		}
	}
}
