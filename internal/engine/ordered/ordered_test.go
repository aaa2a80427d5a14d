package ordered_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/elicense/elicense/internal/engine/ordered"
)

// list walks over a map in one direction.
func list(m ordered.Map[int], step func(m ordered.Map[int], from []byte) ([]byte, int, bool)) (keys []string) {
	var from []byte
	for {
		key, _, found := step(m, from)
		if !found {
			return keys
		}
		keys = append(keys, string(key))
		from = key
	}
}

func check(t *rapid.T, m ordered.Map[int], model map[string]int) {
	want := slices.Sorted(maps.Keys(model))
	require.Equal(t, want, list(m, func(m ordered.Map[int], from []byte) ([]byte, int, bool) {
		return m.Next(from, from == nil)
	}))
	slices.Reverse(want)
	require.Equal(t, want, list(m, func(m ordered.Map[int], from []byte) ([]byte, int, bool) {
		return m.Prev(from, false)
	}))
	for key, value := range model {
		got, found := m.Get([]byte(key))
		require.True(t, found)
		require.Equal(t, value, got)
	}
}

// TestMap compares a map and its copies with a plain map.
func TestMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.StringMatching(`[ab]{0,12}`)
		var m, old ordered.Map[int]
		model, oldModel := map[string]int{}, map[string]int{}
		for i := range rapid.IntRange(0, 2000).Draw(t, "steps") {
			key := keys.Draw(t, "key")
			switch rapid.IntRange(0, 99).Draw(t, "what") {
			case 0:
				check(t, old, oldModel)
				old, oldModel = m, maps.Clone(model)
				m = m.Copy()
			case 1:
				checkStep(t, m, model, keys)
			default:
				if i%3 == 2 {
					m.Delete([]byte(key))
					delete(model, key)
				} else {
					m.Put([]byte(key), i)
					model[key] = i
				}
			}
		}
		check(t, m, model)
		check(t, old, oldModel)
	})
}

func checkStep(t *rapid.T, m ordered.Map[int], model map[string]int, keys *rapid.Generator[string]) {
	from := keys.Draw(t, "from")
	inclusive := rapid.Bool().Draw(t, "inclusive")
	want := slices.Sorted(maps.Keys(model))
	after := slices.DeleteFunc(slices.Clone(want), func(k string) bool {
		c := strings.Compare(k, from)
		return c < 0 || c == 0 && !inclusive
	})
	before := slices.DeleteFunc(want, func(k string) bool {
		c := strings.Compare(k, from)
		return c > 0 || c == 0 && !inclusive
	})
	key, _, found := m.Next([]byte(from), inclusive)
	require.Equal(t, len(after) > 0, found)
	if found {
		require.Equal(t, after[0], string(key))
	}
	key, _, found = m.Prev([]byte(from), inclusive)
	require.Equal(t, len(before) > 0, found)
	if found {
		require.Equal(t, before[len(before)-1], string(key))
	}
}
