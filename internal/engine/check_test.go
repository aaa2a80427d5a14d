package engine_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
)

func TestBudget(t *testing.T) {
	var b engine.Budget
	value := make([]byte, engine.MaxValueBytes-1)
	for i := range byte(8) {
		require.NoError(t, b.Add([]byte{i}, value))
	}
	require.Equal(t, engine.MaxTxBytes, b.Used())
	require.ErrorIs(t, b.Add([]byte{9}, nil), engine.ErrTooLarge)
	require.ErrorIs(t, b.Add(nil, nil), engine.ErrInvalidKey)
	require.Equal(t, engine.MaxTxBytes, b.Used(), "what is refused is not counted")
}

func TestPrefixEnd(t *testing.T) {
	for prefix, want := range map[string]string{"a": "b", "a\xff": "b", "a\xff\xff": "b", "\x00": "\x01", "ab": "ac"} {
		require.Equal(t, []byte(want), engine.PrefixEnd([]byte(prefix)))
	}
	require.Nil(t, engine.PrefixEnd(nil))
	require.Nil(t, engine.PrefixEnd(bytes.Repeat([]byte{0xff}, 3)))
}
