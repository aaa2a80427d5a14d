package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/elicense/elicense/pki"
)

// watched tells Prometheus what wakes an operator at night and is no request: the disk, the clock, backups, checkpoints,
// revocation lists and certificates. It is read when Prometheus asks; what cannot be read is left out and counted.
// deploy/alerts.yaml is an example of what to do with it.
type watched struct {
	c       *program
	h       *house
	backups string // directory; "": none are made
}

// watch begins with the checkpoint of the start: the first is due an interval later.
func (c *program) watch(h *house, s *serveSettings) *watched {
	h.published.Store(c.Now().Unix())
	w := &watched{c: c, h: h}
	if s.Backups != "" {
		w.backups = within(h.dir, s.Backups)
	}
	return w
}

func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("elicense_"+name, help, labels, nil)
}

var (
	descTime       = described("time_seconds", "The clock by which the service works, in seconds since 1970.")
	descFree       = described("disk_free_bytes", "Space that is free where the data directory lies.")
	descReserve    = described("disk_reserve_bytes", "Free space below which writes are refused.")
	descBackup     = described("backup_last_success_timestamp_seconds", "When the newest finished backup was made; 0: there is none.")
	descCheckpoint = described("checkpoint_last_success_timestamp_seconds",
		"When a checkpoint was signed last, or there was nothing to sign; at first when the service began.")
	descCRL         = described("crl_next_update_timestamp_seconds", "Until when a revocation list holds by which seals are verified.", "file")
	descCertificate = described("certificate_not_after_timestamp_seconds", "When a certificate ends.", "whose")
)

// Describe implements prometheus.Collector.
func (w *watched) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descTime, descFree, descReserve, descBackup, descCheckpoint, descCRL, descCertificate} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (w *watched) Collect(to chan<- prometheus.Metric) {
	now := w.c.Now()
	gauge(to, descTime, float64(now.UnixNano())/float64(time.Second), nil)
	free, err := freeSpace(w.h.dir)
	gauge(to, descFree, float64(free), err)
	gauge(to, descReserve, float64(w.h.settings.reserveBytes()), nil)
	if w.backups != "" {
		at, err := newestBackup(w.backups, now)
		gauge(to, descBackup, seconds(at), err)
	}
	gauge(to, descCheckpoint, float64(w.h.published.Load()), nil)
	w.lists(to)
	ends, err := servedHouse{w.h.dir}.Certificates(context.Background())
	if err != nil {
		to <- prometheus.NewInvalidMetric(descCertificate, err)
	}
	for i := range ends {
		gauge(to, descCertificate, seconds(ends[i].NotAfter), nil, ends[i].Whose)
	}
}

// lists tells until when each revocation list of the folder of trust holds.
func (w *watched) lists(to chan<- prometheus.Metric) {
	names, err := filepath.Glob(filepath.Join(w.h.dir, trustFolder, "*.crl"))
	if err != nil {
		to <- prometheus.NewInvalidMetric(descCRL, err)
	}
	for _, name := range names {
		until, err := holdsUntil(name)
		gauge(to, descCRL, seconds(until), err, filepath.Base(name))
	}
}

func holdsUntil(file string) (time.Time, error) {
	der, err := os.ReadFile(file)
	if err != nil {
		return time.Time{}, err
	}
	crl, err := pki.ParseCRL(der)
	if err != nil {
		return time.Time{}, err
	}
	return crl.NextUpdate, nil
}

// newestBackup is when the newest finished backup was made; the zero time if there is none.
func newestBackup(dir string, now time.Time) (time.Time, error) {
	made, err := backupsIn(dir, now)
	if os.IsNotExist(err) || err == nil && len(made) == 0 {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(backupPrefix+backupTime, made[len(made)-1])
}

// gauge tells a value, or that it cannot be read.
func gauge(to chan<- prometheus.Metric, d *prometheus.Desc, value float64, err error, labels ...string) {
	if err != nil {
		to <- prometheus.NewInvalidMetric(d, err)
		return
	}
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

// seconds is a time as Prometheus counts it; 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}
