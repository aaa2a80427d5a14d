package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/server/feed"
)

// TestReceivers: webhooks go to named hosts by https, and never to the machine itself but from a sandbox.
func TestReceivers(t *testing.T) {
	hosts := []string{"hooks.example", "*.gov.example", "*", "*."}
	for _, c := range []struct {
		url              string
		allowed, sandbox bool
	}{
		{"https://hooks.example/a?b=c", true, true},
		{"https://hooks.example:8443/", true, true},
		{"https://HOOKS.example/", true, true},
		{"https://a.gov.example/", true, true},
		{"https://gov.example/", false, false},
		{"https://evilgov.example/", false, false},
		{"https://elsewhere.example/", false, false},
		{"http://hooks.example/", false, false},
		{"https://user@hooks.example/", false, false},
		{"https://hooks.example/#x", false, false},
		{"http://127.0.0.1:9000/", false, true},
		{"http://localhost:9000/", false, true},
		{"file:///etc/passwd", false, false},
		{"://", false, false},
	} {
		require.Equal(t, c.allowed, receivers{hosts: hosts}.allowed(c.url), c.url)
		require.Equal(t, c.sandbox, receivers{hosts: hosts, sandbox: true}.allowed(c.url), c.url)
	}
	for address, inward := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:1": true, "[::ffff:127.0.0.1]:1": true, "0.0.0.0:1": true, "169.254.169.254:80": true,
		"[fe80::1]:1": true, "224.0.0.1:1": true, "100.100.100.200:80": true, "[fd00:ec2::254]:80": true, "[::ffff:100.100.100.200]:80": true, "10.1.2.3:443": false, "192.0.2.1:443": false,
	} {
		err := receivers{}.control("tcp", address, nil)
		if inward {
			require.ErrorIs(t, err, feed.ErrURL, address)
		} else {
			require.NoError(t, err, address)
		}
	}
	require.NoError(t, receivers{sandbox: true}.control("tcp", "127.0.0.1:1", nil))
	require.ErrorIs(t, receivers{sandbox: true}.control("tcp", "169.254.169.254:80", nil), feed.ErrURL)
	require.ErrorIs(t, receivers{}.control("tcp", "name:1", nil), feed.ErrURL)
}
