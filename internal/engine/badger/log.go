package badger

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
)

// logAdapter passes Badger's messages on, and notices the one failure that Badger reports in no other way: that the
// value log could not be synced.
type logAdapter struct {
	log      *slog.Logger
	syncLost atomic.Bool
}

// syncFailure begins the message with which Badger tells that syncing the value log failed.
const syncFailure = "Error while curlf sync"

var errSync = errors.New("syncing the value log failed")

func (l *logAdapter) failure() error {
	if l.syncLost.Load() {
		return errSync
	}
	return nil
}

// Errorf implements badger.Logger.
func (l *logAdapter) Errorf(format string, args ...any) {
	if strings.HasPrefix(format, syncFailure) {
		l.syncLost.Store(true)
	}
	l.log.Error("badger", "detail", trimmed(format, args))
}

// Warningf implements badger.Logger.
func (l *logAdapter) Warningf(format string, args ...any) {
	l.log.Warn("badger", "detail", trimmed(format, args))
}

// Infof implements badger.Logger.
func (*logAdapter) Infof(string, ...any) {}

// Debugf implements badger.Logger.
func (*logAdapter) Debugf(string, ...any) {}

func trimmed(format string, args []any) string {
	return strings.TrimSpace(fmt.Sprintf(format, args...))
}
