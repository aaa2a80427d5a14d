package server

import "context"

// Step does the next job, as Run does in its turn.
func (s *Server) Step(ctx context.Context) (bool, error) { return s.jobs.Step(ctx) }
