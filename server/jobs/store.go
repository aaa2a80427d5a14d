package jobs

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/engine"
)

// Keys below the space: 'j' id -> job; 'q' creation in nanoseconds, id -> nothing: it has not ended; 'k' digest of
// owner and key -> digest of the request, id; 'o' digest of the owner, creation, id -> nothing; 'x' end of its time in
// seconds, id -> nothing.
func (s *Jobs) key(kind byte, parts ...[]byte) []byte {
	k := []byte{s.cfg.Space, kind}
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

func be(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) } //nolint:gosec // after 1970

func digest(parts ...string) []byte {
	h := sm3.New()
	for _, p := range parts {
		h.Write(be(int64(len(p))))
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

func (s *Jobs) jobKey(id string) ([]byte, error) {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != idBytes {
		return nil, ErrNotFound
	}
	return s.key('j', raw), nil
}

func raw(id string) []byte {
	b, _ := hex.DecodeString(id) // of a job that was found
	return b
}

func (s *Jobs) queueKey(j *Job) []byte { return s.key('q', be(j.Created.UnixNano()), raw(j.ID)) }

func (s *Jobs) ownerKey(j *Job) []byte {
	return s.key('o', digest(j.Owner), be(j.Created.UnixNano()), raw(j.ID))
}

func (s *Jobs) expiryKey(j *Job) []byte { return s.key('x', be(j.Expires.Unix()), raw(j.ID)) }

func (s *Jobs) get(r engine.Reader, id string) (*Job, error) {
	k, err := s.jobKey(id)
	if err != nil {
		return nil, err
	}
	b, err := r.Get(k)
	if errors.Is(err, engine.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	j := new(Job)
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(j); err != nil || j.ID != id {
		return nil, fmt.Errorf("%w: job", ErrDamaged)
	}
	return j, nil
}

func (s *Jobs) put(w engine.Writer, j *Job) error {
	b, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("encoding job: %w", err)
	}
	return w.Put(s.key('j', raw(j.ID)), b)
}

// Add accepts work, unless new work is refused. The same owner, key and request give the same job again, and true.
func (s *Jobs) Add(ctx context.Context, req Request) (*Job, bool, error) {
	if s.cfg.Kinds[req.Kind] == nil || req.Owner == "" || req.Key == "" {
		return nil, false, ErrConfig
	}
	spec, err := json.Marshal(req.Spec)
	if err != nil {
		return nil, false, fmt.Errorf("encoding request: %w", err)
	}
	if len(spec) > maxSpec {
		return nil, false, engine.ErrTooLarge
	}
	id := make([]byte, idBytes)
	if _, err := io.ReadFull(s.cfg.Rand, id); err != nil {
		return nil, false, err
	}
	now := s.cfg.Now().UTC()
	fresh := Job{
		ID: hex.EncodeToString(id), Kind: req.Kind, Owner: req.Owner, State: Waiting, Created: now,
		Expires: now.Add(s.cfg.Keep), Spec: spec, Key: digest(req.Owner, req.Key),
		Message: req.Message, Clerk: req.Clerk, System: req.System, Type: req.Type,
		Counted: Overhead + int64(len(spec)) + req.Makes, Makes: req.Makes,
	}
	var j *Job
	var again bool
	err = s.cfg.Engine.Update(ctx, func(w engine.Writer) error {
		j, again = nil, false
		former, err := s.former(w, &fresh)
		if former != nil || err != nil {
			j, again = former, true
			return err
		}
		if req.Refuse != nil {
			return req.Refuse
		}
		taken := fresh
		j = &taken
		return s.enqueue(w, j)
	})
	if err != nil {
		return nil, false, err
	}
	s.signal()
	return s.live.over(j), again, nil
}

// former is the job that the same request made before; nil if there is none.
func (s *Jobs) former(w engine.Reader, j *Job) (*Job, error) {
	b, err := w.Get(s.key('k', j.Key))
	if errors.Is(err, engine.ErrNotFound) {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	if err != nil {
		return nil, err
	}
	if len(b) != sm3.Size+idBytes {
		return nil, fmt.Errorf("%w: key of a request", ErrDamaged)
	}
	if !bytes.Equal(b[:sm3.Size], digest(j.Kind, string(j.Spec))) {
		return nil, s.reused(w, j, hex.EncodeToString(b[sm3.Size:]))
	}
	return s.get(w, hex.EncodeToString(b[sm3.Size:]))
}

// reused says what of a request is not as in the job of its key.
func (s *Jobs) reused(r engine.Reader, j *Job, id string) error {
	former, err := s.get(r, id)
	switch {
	case errors.Is(err, ErrNotFound): // its time is over
		return &ReusedError{}
	case err != nil:
		return err
	case former.Kind != j.Kind:
		return &ReusedError{Kind: true}
	}
	var was, is any
	if json.Unmarshal(former.Spec, &was) != nil || json.Unmarshal(j.Spec, &is) != nil {
		return fmt.Errorf("%w: request of a job", ErrDamaged)
	}
	return &ReusedError{Members: differing("", was, is)}
}

// step makes a name one step of a JSON pointer (RFC 6901).
var step = strings.NewReplacer("~", "~0", "/", "~1")

// differing are the JSON pointers of what two requests do not have in common, down to what is no object.
func differing(at string, a, b any) []string {
	one, isObject := a.(map[string]any)
	two, areObjects := b.(map[string]any)
	if !isObject || !areObjects {
		if reflect.DeepEqual(a, b) {
			return nil
		}
		return []string{at}
	}
	names := maps.Clone(one)
	maps.Copy(names, two)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out = append(out, differing(at+"/"+step.Replace(name), one[name], two[name])...)
	}
	return out
}

func (s *Jobs) enqueue(w engine.Writer, j *Job) error {
	open, err := s.openOf(w, j.Owner)
	if err != nil {
		return err
	}
	if open >= s.cfg.MaxWaiting {
		return ErrTooMany
	}
	for _, k := range [][]byte{s.queueKey(j), s.ownerKey(j), s.expiryKey(j)} {
		if err := w.Put(k, nil); err != nil {
			return err
		}
	}
	if err := w.Put(s.key('k', j.Key), append(digest(j.Kind, string(j.Spec)), raw(j.ID)...)); err != nil {
		return err
	}
	if err := s.cfg.Count(w, j.Owner, j.Counted); err != nil {
		return err
	}
	return s.put(w, j)
}

// openOf counts the jobs of an owner that have not ended.
func (s *Jobs) openOf(r engine.Reader, owner string) (int, error) {
	n := 0
	err := s.eachOpen(r, func(j *Job) bool {
		if j.Owner == owner {
			n++
		}
		return true
	})
	return n, err
}

// eachOpen visits the jobs that have not ended, the oldest first.
func (s *Jobs) eachOpen(r engine.Reader, visit func(*Job) bool) error {
	var ids []string
	err := r.Scan(engine.Range{Prefix: s.key('q'), KeysOnly: true}, func(k, _ []byte) (bool, error) {
		if len(k) != 2+8+idBytes {
			return false, fmt.Errorf("%w: queue", ErrDamaged)
		}
		ids = append(ids, hex.EncodeToString(k[10:]))
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		j, err := s.get(r, id)
		if err != nil {
			return err
		}
		if !visit(j) {
			return nil
		}
	}
	return nil
}

// Get finds a job of its owner; another's is not found.
func (s *Jobs) Get(ctx context.Context, owner, id string) (*Job, error) {
	var j *Job
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) (err error) {
		j, err = s.get(r, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if j.Owner != owner {
		return nil, ErrNotFound
	}
	return s.live.over(j), nil
}

// List gives the newest jobs of an owner.
func (s *Jobs) List(ctx context.Context, owner string, limit int) ([]*Job, error) {
	var list []*Job
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		list = nil
		var ids []string
		of := engine.Range{Prefix: s.key('o', digest(owner)), Reverse: true, KeysOnly: true}
		err := r.Scan(of, func(k, _ []byte) (bool, error) {
			ids = append(ids, hex.EncodeToString(k[len(k)-idBytes:]))
			return len(ids) < limit, nil
		})
		for _, id := range ids {
			j, getErr := s.get(r, id)
			if getErr != nil {
				return getErr
			}
			list = append(list, s.live.over(j))
		}
		return err
	})
	return list, err
}

// Cancel ends a job: at once if it waits, else as soon as its work notices. What was done stays done.
func (s *Jobs) Cancel(ctx context.Context, owner, id string) (*Job, error) {
	var j *Job
	err := s.cfg.Engine.Update(ctx, func(w engine.Writer) (err error) {
		if j, err = s.get(w, id); err != nil {
			return err
		}
		switch {
		case j.Owner != owner:
			return ErrNotFound
		case j.State == Cancelled || j.Cancelling:
			return nil
		case j.State.Ended():
			return ErrEnded
		case j.State == Waiting:
			return s.end(w, j, Cancelled)
		}
		j.Cancelling = true
		return s.put(w, j)
	})
	if err != nil {
		return nil, err
	}
	s.live.cancel(id)
	return s.live.over(j), nil
}

// end takes a job out of the queue.
func (s *Jobs) end(w engine.Writer, j *Job, state State) error {
	j.State, j.Ended, j.NotBefore = state, s.cfg.Now().UTC(), time.Time{}
	if err := w.Delete(s.queueKey(j)); err != nil {
		return err
	}
	if err := s.cfg.Count(w, j.Owner, -j.Makes); err != nil {
		return err
	}
	j.Counted, j.Makes = j.Counted-j.Makes, 0
	return s.put(w, j)
}

// Sweep removes jobs whose time is over, and with each the key of its request. A job that has not ended stays.
func (s *Jobs) Sweep(ctx context.Context) error {
	now := s.cfg.Now().Unix()
	var ids []string
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		ids = nil
		return r.Scan(engine.Range{Prefix: s.key('x'), KeysOnly: true}, func(k, _ []byte) (bool, error) {
			if len(k) != 2+8+idBytes {
				return false, fmt.Errorf("%w: end of a job's time", ErrDamaged)
			}
			if int64(binary.BigEndian.Uint64(k[2:])) > now { //nolint:gosec // written by expiryKey
				return false, nil
			}
			ids = append(ids, hex.EncodeToString(k[10:]))
			return true, nil
		})
	})
	for _, id := range ids {
		err = errors.Join(err, s.cfg.Engine.Update(ctx, func(w engine.Writer) error { return s.remove(w, id) }))
	}
	return err
}

func (s *Jobs) remove(w engine.Writer, id string) error {
	j, err := s.get(w, id)
	if err != nil || !j.State.Ended() {
		return err
	}
	for _, k := range [][]byte{s.ownerKey(j), s.expiryKey(j), s.key('k', j.Key), s.key('j', raw(id))} {
		if err := w.Delete(k); err != nil {
			return err
		}
	}
	return s.cfg.Count(w, j.Owner, -j.Counted)
}

// Backlog is what has not ended.
type Backlog struct {
	Waiting, Running int
	Oldest           time.Time // creation of the oldest; zero: there is none
}

// Backlog tells how much work there is.
func (s *Jobs) Backlog(ctx context.Context) (Backlog, error) {
	var out Backlog
	err := s.cfg.Engine.View(ctx, func(r engine.Reader) error {
		out = Backlog{}
		return s.eachOpen(r, func(j *Job) bool {
			if out.Oldest.IsZero() {
				out.Oldest = j.Created
			}
			if j.State == Waiting {
				out.Waiting++
			} else {
				out.Running++
			}
			return true
		})
	})
	return out, err
}
