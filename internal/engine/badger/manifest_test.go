package badger_test

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/internal/engine/badger"
	"github.com/elicense/elicense/internal/engine/enginetest"
)

// killedDir is the directory of a process that was killed while it wrote, after some tables were made and given up.
func killedDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	c := child(t, "writers", dir)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	lines := make([]byte, 1<<10)
	for {
		_, err := out.Read(lines)
		require.NoError(t, err)
		if text, err := os.ReadFile(filepath.Join(dir, "MANIFEST")); err == nil && len(boundaries(text)) > 20 {
			break
		}
	}
	require.NoError(t, c.Process.Kill())
	require.Error(t, c.Wait())
	return dir
}

// boundaries are the ends of the manifest's records: a head of eight bytes, then length(4), checksum(4), record.
func boundaries(manifest []byte) []int {
	ends := []int{8}
	for at := 8; at+8 <= len(manifest); {
		at += 8 + int(binary.BigEndian.Uint32(manifest[at:]))
		if at > len(manifest) {
			break
		}
		ends = append(ends, at)
	}
	return ends
}

// copyDir copies a directory; tables are never changed and may be shared.
func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := filepath.Join(to, d.Name())
		if strings.HasSuffix(path, ".sst") {
			return os.Link(path, name)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(name, text, 0o600)
	}))
	return to
}

func tables(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.sst*"))
	require.NoError(t, err)
	for i := range list {
		list[i] = filepath.Base(list[i])
	}
	return list
}

func everything(t *testing.T, dir string) []enginetest.Pair {
	t.Helper()
	e, err := badger.Open(small(dir))
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	return enginetest.Pairs(t, e, engine.Range{})
}

// TestCutManifest cuts the manifest of a killed process at the end of every record and inside every record: the
// directory opens with everything that was in it, or it is refused and every table stays where it is.
func TestCutManifest(t *testing.T) {
	killed := killedDir(t)
	manifest, err := os.ReadFile(filepath.Join(killed, "MANIFEST"))
	require.NoError(t, err)
	want := everything(t, copyDir(t, killed))
	require.NotEmpty(t, want)

	ends := boundaries(manifest)
	cuts := slices.Clone(ends)
	for i, end := range ends[:len(ends)-1] {
		cuts = append(cuts, end+1, end+7, (end+ends[i+1])/2, ends[i+1]-1)
	}
	if testing.Short() {
		cuts = ends[max(0, len(ends)-12):]
	}
	refused, opened := 0, 0
	for _, cut := range cuts {
		dir := copyDir(t, killed)
		require.NoError(t, os.Truncate(filepath.Join(dir, "MANIFEST"), int64(cut)))
		before := tables(t, dir)
		e, err := badger.Open(small(dir))
		if err == nil {
			opened++
			got := enginetest.Pairs(t, e, engine.Range{})
			require.NoError(t, e.Close())
			require.Equal(t, len(want), len(got), "cut at %d of %d", cut, len(manifest))
			require.True(t, slices.Equal(want, got), "cut at %d of %d", cut, len(manifest))
			continue
		}
		refused++
		require.ErrorIs(t, err, engine.ErrCorrupt, "cut at %d of %d", cut, len(manifest))
		require.Subset(t, tables(t, dir), before, "cut at %d of %d", cut, len(manifest))
		_, err = badger.Open(small(dir))
		require.ErrorIs(t, err, engine.ErrCorrupt, "it stays refused; cut at %d of %d", cut, len(manifest))
	}
	require.NotZero(t, refused)
	require.NotZero(t, opened, "the whole manifest at least")
	t.Logf("%d records; %d cuts refused, %d opened with everything", len(ends)-1, refused, opened)
}

// TestGivenUpTables: tables that were given up and are there still, because somebody was reading them when the process
// was killed, are no fault, though what they hold is long superseded.
func TestGivenUpTables(t *testing.T) {
	dir, kept := t.TempDir(), t.TempDir()
	e, err := badger.Open(small(dir))
	require.NoError(t, err)
	value := strings.Repeat("v", 1000)
	gone := 0
	for round := 0; gone == 0; round++ {
		require.NoError(t, e.Update(t.Context(), func(w engine.Writer) error {
			for i := range 200 {
				if err := w.Put(fmt.Appendf(nil, "key %03d", i), fmt.Appendf(nil, "%d %s", round, value)); err != nil {
					return err
				}
			}
			return w.Delete(fmt.Appendf(nil, "key %03d", round%200))
		}))
		for _, name := range tables(t, dir) {
			_ = os.Link(filepath.Join(dir, name), filepath.Join(kept, name)) // it may be gone in this moment
		}
		gone = 0
		for _, name := range tables(t, kept) {
			if !slices.Contains(tables(t, dir), name) {
				gone++
			}
		}
	}
	require.NoError(t, e.Close())
	want := everything(t, copyDir(t, dir))
	for _, name := range tables(t, kept) {
		_ = os.Link(filepath.Join(kept, name), filepath.Join(dir, name)) // those that are there need none
	}
	require.True(t, slices.Equal(want, everything(t, dir)))
	require.Empty(t, slices.DeleteFunc(tables(t, dir), func(name string) bool { return strings.HasSuffix(name, ".sst") }))
}

// TestBrokenOffOpening: what an opening that was killed had set aside is judged again; half a table is no loss.
func TestBrokenOffOpening(t *testing.T) {
	dir := t.TempDir()
	e, err := badger.Open(small(dir))
	require.NoError(t, err)
	enginetest.Set(t, e, "k", "v")
	require.NoError(t, e.Close())
	content, err := os.ReadFile(filepath.Join(dir, "000001.sst"))
	require.NoError(t, err)
	for name, text := range map[string][]byte{
		"000001.sst.0.unlisted": content, "000009.sst.0.unlisted": content[:len(content)/2], "000010.sst": {}, "000011.sst": content,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	require.Equal(t, []enginetest.Pair{{Key: "k", Value: "v"}}, everything(t, dir))
	require.NotContains(t, strings.Join(tables(t, dir), " "), "unlisted")
	require.NotContains(t, tables(t, dir), "000011.sst")

	// A table of another database is everything that this one has lost.
	other := t.TempDir()
	e, err = badger.Open(small(other))
	require.NoError(t, err)
	enginetest.Set(t, e, "elsewhere", "v")
	require.NoError(t, e.Close())
	lost := filepath.Join(dir, "000012.sst")
	require.NoError(t, os.Link(filepath.Join(other, "000001.sst"), lost))
	_, err = badger.Open(small(dir))
	require.ErrorIs(t, err, engine.ErrCorrupt)
	require.FileExists(t, lost)
}

// TestLostDeletions: a manifest that has lost the table of a deletion would bring back what was deleted.
func TestLostDeletions(t *testing.T) {
	dir := t.TempDir()
	for _, fn := range []func(w engine.Writer) error{
		func(w engine.Writer) error { return w.Put([]byte("k"), []byte("v")) },
		func(w engine.Writer) error { return w.Delete([]byte("k")) },
	} {
		e, err := badger.Open(small(dir))
		require.NoError(t, err)
		require.NoError(t, e.Update(t.Context(), fn))
		require.NoError(t, e.Close())
	}
	path := filepath.Join(dir, "MANIFEST")
	manifest, err := os.ReadFile(path)
	require.NoError(t, err)
	ends := boundaries(manifest)
	require.Greater(t, len(ends), 2)
	require.NoError(t, os.Truncate(path, int64(ends[len(ends)-2])))
	_, err = badger.Open(small(dir))
	require.ErrorIs(t, err, engine.ErrCorrupt)
}

func FuzzManifestDeletions(f *testing.F) {
	f.Add([]byte{0, 0, 0, 4, 0, 0, 0, 0, 10, 2, 8, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		if err := badger.EachDeletion(b, func(uint64) { n++ }); err != nil {
			require.ErrorIs(t, err, engine.ErrCorrupt)
		}
		require.LessOrEqual(t, n, len(b))
	})
}
