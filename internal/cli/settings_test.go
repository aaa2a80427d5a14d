package cli_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
)

// TestNear: slips of the pen are told what they may have meant; other words are not.
func TestNear(t *testing.T) {
	t.Parallel()
	known := []string{"listen", "drain", "grace", "backup_every", "backup_keep", "key"}
	for word, want := range map[string][]string{
		"lisetn": {"listen"}, "listn": {"listen"}, "Listen": {"listen"}, "darin": {"drain"}, "backup_ever": {"backup_every"},
		"kay": {"key"}, "zzz": nil, "": nil, "replicas": nil,
	} {
		require.Equal(t, want, cli.Near(word, known), word)
	}
	zh, en := cli.Meant("lisetn", known)
	require.Equal(t, "，是不是 listen, did you mean listen", zh+en)
	zh, en = cli.Meant("replicas", known)
	require.Empty(t, zh+en)
}

// TestTimedHook: how long something takes has a unit.
func TestTimedHook(t *testing.T) {
	t.Parallel()
	long := reflect.TypeFor[time.Duration]()
	for _, bad := range []any{5, int64(5), uint(5), 1.5} {
		_, err := cli.TimedHook(reflect.TypeOf(bad), long, bad)
		require.Error(t, err, "%v", bad)
		v, err := cli.TimedHook(reflect.TypeOf(bad), reflect.TypeFor[int](), bad)
		require.NoError(t, err)
		require.Equal(t, bad, v)
	}
	for _, good := range []any{0, "5s", 5 * time.Second} {
		v, err := cli.TimedHook(reflect.TypeOf(good), long, good)
		require.NoError(t, err)
		require.Equal(t, good, v)
	}
}
