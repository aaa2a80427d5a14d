package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPublicURL: QR codes lead to where people reach the service, and what no telephone could open is refused.
func TestPublicURL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	read := func(url string) (settings, error) {
		s := settings{Origin: "vault.example", Zone: "Asia/Shanghai", PublicURL: url}
		require.NoError(t, s.write(dir))
		return readSettings(dir)
	}
	for url, link := range map[string]string{
		"": "", "https://licences.example": "https://licences.example/v/", "https://licences.example/a/": "https://licences.example/a/v/",
	} {
		s, err := read(url)
		require.NoError(t, err)
		require.Equal(t, link, s.codeLink())
	}
	for _, url := range []string{"licences.example", "http://licences.example", "https://", "https://a?b=c", "https://a#b"} {
		_, err := read(url)
		require.Error(t, err, url)
	}
	require.NoError(t, os.Remove(filepath.Join(dir, houseFile)))
}
