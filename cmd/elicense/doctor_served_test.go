package main

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
)

// TestDoctorServed: a directory that is being served is no fault; one that something else holds is.
func TestDoctorServed(t *testing.T) {
	t.Parallel()
	x := &examination{program: &program{World: &cli.World{Lang: "en"}, dir: t.TempDir()}}
	require.Equal(t, levelError, x.closed(engine.ErrLocked).Level)
	socket, err := new(net.ListenConfig).Listen(t.Context(), "unix", filepath.Join(x.dir, controlFile))
	require.NoError(t, err)
	defer socket.Close()
	a := x.closed(engine.ErrLocked)
	require.Equal(t, levelWarning, a.Level)
	require.Equal(t, "locked", a.Code)
}
