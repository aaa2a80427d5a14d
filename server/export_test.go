package server

import "context"

// Step does the next job, as Run does in its turn.
func (s *Server) Step(ctx context.Context) (bool, error) { return s.jobs.Step(ctx) }

// Deliver makes one attempt to send a webhook, as Run does.
func (s *Server) Deliver(ctx context.Context) (bool, error) { return s.hooks.Step(ctx) }

// Sweep removes what has outlived its time, as Run does every hour.
func (s *Server) Sweep(ctx context.Context) error { return s.sweepAll(ctx) }
