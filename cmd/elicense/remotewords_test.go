package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
)

// TestServiceTold: whatever comes back from a service has words and a code.
func TestServiceTold(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		code string
	}{
		"cut off":   {fmt.Errorf("x: %w", client.ErrCut), "service-answer"},
		"in part":   {fmt.Errorf("x: %w", client.ErrFile), "service-answer"},
		"foreign":   {fmt.Errorf("x: %w", client.ErrAnswer), "service-answer"},
		"nonsense":  {fmt.Errorf("x: %w", errAnswer), "service-answer"},
		"too large": {client.ErrTooLarge, "service-answer-large"},
		"nobody":    {fmt.Errorf("x: %w", client.ErrConnection), "service-unreachable"},
		"a proxy":   {&client.ProblemError{Problem: api.Problem{Code: "http-502", Title: "Bad Gateway"}}, "http-502"},
		"one": {&client.ProblemError{Problem: api.Problem{
			Code: "a", Title: "甲", Detail: "A", Errors: []api.Defect{{Code: "a", Zh: "甲", En: "A"}},
		}}, "a"},
		"several": {&client.ProblemError{Problem: api.Problem{
			Code: "a", Title: "甲", Errors: []api.Defect{{Code: "a", Zh: "甲", En: "A"}, {Code: "b", Zh: "乙", En: "B"}},
		}}, "invalid"},
	} {
		s := describe(test.err)
		require.Equal(t, test.code, s.Code, name)
		require.NotEmpty(t, s.Zh, name)
		require.NotEmpty(t, s.En, name)
	}
	require.NoError(t, serviceTold(nil, errStrangeToService))
	p := problemIn(nil, &api.Defect{Code: "x", Path: "/values/CZZT", Zh: "错", En: "wrong", FixZh: "改", FixEn: "mend"})
	require.Equal(t, "CZZT", p.Where)
	require.Equal(t, "错；改", p.Zh)
	require.Equal(t, "wrong; mend", p.En)
}

var errStrangeToService = errors.New("none of a service")
