package server_test

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
)

// everything is the whole content of every engine of a world, byte for byte, but the audit of the vault: refusals stand
// there too.
func (w *world) everything() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for name, e := range w.engines {
		require.NoError(w.t, e.View(w.t.Context(), func(r engine.Reader) error {
			return r.Scan(engine.Range{}, func(k, v []byte) (bool, error) {
				if name == "vault" && audit(k) {
					return true, nil
				}
				out[fmt.Sprintf("%s %q", name, k)] = hex.EncodeToString(v)
				return true, nil
			})
		}))
	}
	return out
}

// auditSpaces are the spaces of the vault's audit; see vault/keys.go.
const auditSpaces = "aAH"

func audit(key []byte) bool { return len(key) > 0 && strings.IndexByte(auditSpaces, key[0]) >= 0 }
