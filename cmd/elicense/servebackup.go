package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Backups of a serving data directory lie in one directory, named by when they were made; what is not finished ends in
// unfinished and counts for nothing.
const (
	backupPrefix = "elicense-"
	backupTime   = "20060102T150405Z"
)

// whileBackingUp serves, and makes backups all the while if there is a directory for them.
func (c *program) whileBackingUp(ctx context.Context, h *house, s *serveSettings, serve func() error) error {
	if s.Backups == "" {
		return serve()
	}
	s.Backups = within(h.dir, s.Backups)
	if err := os.MkdirAll(s.Backups, 0o700); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { c.backups(ctx, h, s, c.serviceLog()) })
	err := serve()
	stop()
	wg.Wait()
	return err
}

// backups makes one backup after another while the service answers, until the context ends. The first is made when one
// is due by those that are there, so that restarting often does not mean backing up never, or always. Failing is logged
// and tried again after a while: a full backup disk does not stop the service.
func (c *program) backups(ctx context.Context, h *house, s *serveSettings, log *slog.Logger) {
	for {
		wait := s.BackupEvery
		due, err := c.backupDue(s)
		switch {
		case err == nil && due > 0:
			wait = due
		case err == nil:
			err = c.backupInto(ctx, h, s)
		}
		if err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "backup failed", "error", err.Error())
			wait = min(s.BackupEvery, backupAgain)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// backupAgain is when a backup that failed is tried again.
const backupAgain = 10 * time.Minute

// backupDue is how long it is until the next backup; 0: now.
func (c *program) backupDue(s *serveSettings) (time.Duration, error) {
	made, err := backupsIn(s.Backups, c.Now())
	if err != nil || len(made) == 0 {
		return 0, err
	}
	last, err := time.Parse(backupPrefix+backupTime, made[len(made)-1])
	if err != nil || last.After(c.Now()) {
		return 0, err
	}
	return max(0, last.Add(s.BackupEvery).Sub(c.Now())), nil
}

// backupsIn are the finished backups of a directory, the oldest first. One from the future was made before the clock was
// set back, and goes before all others: it must not keep the next from being made, nor outlive it.
func backupsIn(dir string, now time.Time) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if _, err := time.Parse(backupPrefix+backupTime, e.Name()); err == nil && e.IsDir() {
			list = append(list, e.Name())
		}
	}
	slices.Sort(list)
	after, _ := slices.BinarySearch(list, backupPrefix+now.UTC().Format(backupTime)+" ")
	return slices.Concat(list[after:], list[:after]), nil
}

// backupInto makes one backup and then removes those that are too many.
func (c *program) backupInto(ctx context.Context, h *house, s *serveSettings) error {
	name := filepath.Join(s.Backups, backupPrefix+c.Now().UTC().Format(backupTime))
	if err := os.RemoveAll(name + unfinished); err != nil {
		return err
	}
	if err := c.backup(ctx, h, name); err != nil {
		return err
	}
	return s.tidyBackups(c.Now())
}

// tidyBackups removes the oldest backups above the number to keep, and what a killed process left unfinished.
func (s *serveSettings) tidyBackups(now time.Time) error {
	made, err := backupsIn(s.Backups, now)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range made[:max(0, len(made)-s.BackupKeep)] {
		errs = append(errs, os.RemoveAll(filepath.Join(s.Backups, name)))
	}
	entries, err := os.ReadDir(s.Backups)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), backupPrefix) && strings.HasSuffix(e.Name(), unfinished) {
			errs = append(errs, os.RemoveAll(filepath.Join(s.Backups, e.Name())))
		}
	}
	return errors.Join(append(errs, err)...)
}
