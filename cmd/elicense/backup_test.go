package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
)

// TestBackupBrokenOff: what is left of a backup that was broken off is never taken for one, by name and by content, and
// each command says what to do about it.
func TestBackupBrokenOff(t *testing.T) {
	t.Parallel()
	data, dir := newSandbox(t), t.TempDir()
	refused := func(r *runner, says string, args ...string) {
		got := r.run(args...)
		require.Equal(t, cli.ExitUsage, got.code, "%s", got.err)
		require.Contains(t, got.err, says)
	}
	whole := filepath.Join(dir, "whole")
	data.ok("backup", whole)
	require.NoDirExists(t, whole+unfinished)
	refused(data, "另起目录名", "backup", whole)

	require.NoError(t, os.Mkdir(filepath.Join(dir, "half"+unfinished), 0o700))
	refused(data, "未完成的备份", "backup", filepath.Join(dir, "half"))
	require.NoDirExists(t, filepath.Join(dir, "half"))

	back := &runner{t, filepath.Join(dir, "back")}
	refused(back, "不是备份目录", "restore", dir)
	require.NoError(t, os.Remove(filepath.Join(whole, houseFile)))
	refused(back, "没有做完", "restore", whole)
	require.NoDirExists(t, back.dir)
	require.NoDirExists(t, back.dir+unfinished)

	named := filepath.Join(data.dir, serviceFile)
	require.NoError(t, os.WriteFile(named, []byte("certificate: server.pem\nkey: key.pem\n"), 0o600))
	refused(data, "server.pem；请放到该处", "serve", "--sandbox", "--listen", "127.0.0.1:0")

	require.NoError(t, os.Mkdir(back.dir+unfinished, 0o700))
	refused(back, "未完成的建库或恢复", "serve")
}
