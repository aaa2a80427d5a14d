package main

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMemoryLimit: a limit holds until it is taken back, and one that stands in the environment is left as it is.
func TestMemoryLimit(t *testing.T) {
	now := func() int64 { return debug.SetMemoryLimit(-1) }
	former := now()
	c := (&keyed{t: t, dir: t.TempDir()}).program("")
	c.Env = func(string) string { return "" }
	back := c.limitMemory(1 << 40)
	require.EqualValues(t, 1<<40, now())
	back()
	require.Equal(t, former, now())
	c.collectAtLimit()()
	require.Equal(t, former, now())
	c.Env = func(name string) string { return map[string]string{"GOMEMLIMIT": "3GiB"}[name] }
	require.Nil(t, c.limitMemory(1<<40))
	require.Equal(t, former, now())
}
