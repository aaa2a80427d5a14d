package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/cli"
)

// TestKeyOfAnother puts another department's key before a department's certificate: nothing is signed with it, and
// doctor
// says which file it is.
func TestKeyOfAnother(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	name := func(i int) string { return filepath.Join(r.dir, staffDir, fixtures.Departments()[i].Code+".pem") }
	read := func(i int) (key, certificates []byte) {
		text, err := os.ReadFile(name(i))
		require.NoError(t, err)
		at := bytes.Index(text, []byte(certificateHead))
		return text[:at], text[at:]
	}
	_, mine := read(0)
	other, _ := read(1)
	require.NoError(t, os.WriteFile(name(0), append(bytes.Clone(other), mine...), 0o600))
	got := r.run("doctor")
	require.Equal(t, cli.ExitFailed, got.code)
	require.Contains(t, got.out, filepath.Join(staffDir, filepath.Base(name(0)))+"：密钥文件中的私钥与证书不相配")
	got = r.run("issue", "--type", "食品经营许可证", "--key", "k", "--paper", "p", "--division", "350102", "CZZT=示例公司",
		"CZZTDM="+fixtures.FirmAt(1).Code, "CZZTDMLXDM=001", "ZZBFRQ=2026-03-02", "KZ_FDDBR=张示例", "KZ_ZS=示例路1号",
		"KZ_JYCS=示例路1号", "KZ_ZTYT=食品销售经营者", "KZ_JYXM=预包装食品销售")
	require.Equal(t, cli.ExitFailed, got.code)
	require.Contains(t, got.err, "私钥与证书不相配")

	require.NoError(t, os.WriteFile(name(0), append([]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"), mine...),
		0o600))
	got = r.run("doctor")
	require.Equal(t, cli.ExitFailed, got.code)
	require.Contains(t, got.out, "密钥文件已损坏")
}

// TestDamagedEngine damages a table of the database: doctor and every command say what it is, without a stack.
func TestDamagedEngine(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	manifest := filepath.Join(r.dir, "vault", "MANIFEST")
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(manifest, text[:len(text)/2], 0o600))
	got := r.run("doctor")
	require.Equal(t, cli.ExitFailed, got.code, got.out)
	require.NotContains(t, got.out+got.err, "goroutine")
	got = r.run("type", "list")
	require.Equal(t, cli.ExitFailed, got.code)
	require.NotContains(t, got.out+got.err, "goroutine")
	require.NotEmpty(t, got.err)
}
