package combine

// Waiting is how many callers wait.
func Waiting[T any](g *Group[T]) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}
