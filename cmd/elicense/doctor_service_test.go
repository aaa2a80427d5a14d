package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDoctorService: doctor says of a directory, as of one that was restored, which files are missing that the service needs
// to start, when its certificate ends, and what is wrong in its settings.
func TestDoctorService(t *testing.T) {
	t.Parallel()
	k := newSandbox(t)
	c := (&keyed{t: t, dir: k.dir}).program("")
	c.dir = k.dir
	look := func(text string, at time.Time) map[string]string {
		require.NoError(t, os.WriteFile(filepath.Join(k.dir, serviceFile), []byte(text), 0o600))
		x := &examination{program: c, now: at}
		x.service(&settings{Sandbox: true})
		levels := map[string]string{}
		for _, a := range x.list {
			levels[a.Code] = a.Level
		}
		return levels
	}
	now := time.Now()
	require.NoError(t, c.makeSandboxCertificate(k.dir))
	own := "certificate: " + sandboxCertificate + "\nkey: " + sandboxServerKey + "\n"
	require.Equal(t, map[string]string{"tls-certificate": levelOK}, look(own, now))
	require.Equal(t, map[string]string{"tls-certificate": levelWarning}, look(own, now.Add(sandboxServerFor-serverDays*24*time.Hour)))
	require.Equal(t, map[string]string{"tls-certificate": levelError}, look(own, now.Add(sandboxServerFor+time.Hour)))
	require.Equal(t, map[string]string{"service-file": levelError}, look("certificate: none.pem\nkey: none-key.pem\n", now))
	require.Equal(t, map[string]string{"tls-certificate": levelError},
		look("certificate: "+sandboxCertificate+"\nkey: "+sandboxCertificate+"\n", now))
	require.Equal(t, map[string]string{"service-settings": levelError}, look("lisetn: a\n", now))
	require.Empty(t, look("listen: 127.0.0.1:8443\n", now))
}
