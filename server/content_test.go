package server_test

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
)

// everything is the whole content of every engine of a world, byte for byte, but the audit of the vault and the counts of
// refusals: what was refused stands there too.
func (w *world) everything() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for name, e := range w.engines {
		require.NoError(w.t, e.View(w.t.Context(), func(r engine.Reader) error {
			return r.Scan(engine.Range{}, func(k, v []byte) (bool, error) {
				if name == "vault" && audit(k) || name == "service" && k[0] == tallySpace {
					return true, nil
				}
				out[fmt.Sprintf("%s %q", name, k)] = hex.EncodeToString(v)
				return true, nil
			})
		}))
	}
	return out
}

// unchanged says which keys are not as they were, and only those.
func (w *world) unchanged(before map[string]string, format string, args ...any) {
	w.t.Helper()
	var changed []string
	after := w.everything()
	for k, v := range after {
		if was, ok := before[k]; !ok || was != v {
			changed = append(changed, k)
		}
	}
	for k := range before {
		if _, ok := after[k]; !ok {
			changed = append(changed, "gone: "+k)
		}
	}
	require.Empty(w.t, changed, fmt.Sprintf(format, args...))
}

// The spaces of the vault's audit (vault/keys.go), and that of the service's counts (server/keys.go).
const (
	auditSpaces = "aAH"
	tallySpace  = 'q'
)

func audit(key []byte) bool { return len(key) > 0 && strings.IndexByte(auditSpaces, key[0]) >= 0 }
