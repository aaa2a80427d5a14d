package jobs

import (
	"context"
	"sync"
)

// live are the jobs under way in this process: how far they have come, and how each is stopped.
type live struct {
	mu   sync.Mutex
	jobs map[string]*underWay // guarded by mu
}

type underWay struct {
	stop     context.CancelCauseFunc
	progress Progress
	told     bool
}

func newLive() *live { return &live{jobs: map[string]*underWay{}} }

func (l *live) begin(j *Job, stop context.CancelCauseFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.jobs[j.ID] = &underWay{stop: stop}
}

func (l *live) end(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.jobs, id)
}

func (l *live) tell(id string, p Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if j := l.jobs[id]; j != nil {
		j.progress, j.told = p, true
	}
}

func (l *live) progress(id string) (Progress, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if j := l.jobs[id]; j != nil {
		return j.progress, j.told
	}
	return Progress{}, false
}

// cancel tells the work of a job, if it is under way.
func (l *live) cancel(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if j := l.jobs[id]; j != nil {
		j.stop(ErrCancelled)
	}
}

// over gives a job with the progress of this moment.
func (l *live) over(j *Job) *Job {
	if p, told := l.progress(j.ID); told && j.State == Running {
		j.Progress = p
	}
	return j
}
