package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
)

// TestAlertsNameMetrics: every metric of the example of alerts is one that a service tells.
func TestAlertsNameMetrics(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	metrics := l.Addr().String()
	require.NoError(t, l.Close())
	s := serve(t, newSandbox(t).dir, "--memory-mib", "768", "--metrics", metrics, "--backups", t.TempDir(), "--receivers", "hook.example")
	status, _, err := s.get(t.Context(), api.Version+"/licence-types")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+metrics+"/metrics", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	told := string(body)
	require.Contains(t, told, "\ngo_gc_gomemlimit_bytes 8.05306368e+08\n", "the service keeps to no limit")
	rules, err := os.ReadFile("../../deploy/alerts.yaml")
	require.NoError(t, err)
	names := regexp.MustCompile(`elicense_[a-z_]+`).FindAllString(string(rules), -1)
	require.NotEmpty(t, names)
	for _, name := range names {
		require.Regexp(t, `(?m)^`+name+`[ {]`, told)
		require.Contains(t, told, "# HELP "+name+" ")
	}
}

// TestWatched: what an operator is woken by is told as it is: the newest backup and not one of the future, until when a
// revocation list holds; one that is damaged is an error and no value.
func TestWatched(t *testing.T) {
	t.Parallel()
	k := newSandbox(t)
	c := (&keyed{t: t, dir: k.dir}).program("")
	now := time.Date(2026, 3, 2, 1, 30, 0, 0, time.UTC)
	c.Now = func() time.Time { return now }
	h := &house{dir: k.dir}
	backups := t.TempDir()
	w := c.watch(h, &serveSettings{Backups: backups})
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(w))
	value := func(name string) (values []float64) {
		families, err := registry.Gather()
		require.NoError(t, err)
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == name {
					values = append(values, m.GetGauge().GetValue())
				}
			}
		}
		return values
	}
	at := float64(now.Unix())
	require.Equal(t, []float64{at}, value("elicense_time_seconds"))
	require.Equal(t, []float64{at}, value("elicense_checkpoint_last_success_timestamp_seconds"))
	require.Equal(t, []float64{0}, value("elicense_backup_last_success_timestamp_seconds"))
	for _, name := range []string{"elicense-20260301T013000Z", "elicense-20260228T013000Z", "elicense-20270101T000000Z"} {
		require.NoError(t, os.Mkdir(filepath.Join(backups, name), 0o700))
	}
	require.Equal(t, []float64{at - 86400}, value("elicense_backup_last_success_timestamp_seconds"))
	require.NotEmpty(t, value("elicense_certificate_not_after_timestamp_seconds"))
	lists, err := filepath.Glob(filepath.Join(k.dir, trustFolder, "*.crl"))
	require.NoError(t, err)
	require.NotEmpty(t, lists)
	require.Len(t, value("elicense_crl_next_update_timestamp_seconds"), len(lists))
	require.NoError(t, os.WriteFile(lists[0], []byte("damaged"), 0o600))
	_, err = registry.Gather()
	require.Error(t, err)
}
