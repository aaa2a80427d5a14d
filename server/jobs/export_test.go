package jobs

import "context"

// Claim begins the oldest job, as Step does before its work, and expects it to be the one named.
func (s *Jobs) Claim(ctx context.Context, id string) error {
	j, err := s.claim(ctx)
	if err == nil && (j == nil || j.ID != id) {
		return ErrNotFound
	}
	return err
}

// Recover takes back what was running.
func (s *Jobs) Recover(ctx context.Context) error { return s.recover(ctx) }

// JobKey is where a job lies.
func (s *Jobs) JobKey(id string) []byte { return s.key('j', raw(id)) }
