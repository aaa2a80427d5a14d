package main

import "runtime/debug"

// heapLimit is the memory at which the runtime collects during a conversion by the command, and only then: garbage of
// millions of rows fills it up and is swept in few large rounds, so that memory is the same however long the file is.
// internal/bench measures with it. It is also the default of the service's memory_mib.
const heapLimit = 512 << 20

// leastMemory is the smallest memory_mib: a conversion keeps some 300 MiB alive, and below that the runtime would
// collect all the time.
const leastMemory = 256

// collectAtLimit sets the limit unless whoever runs the program has set one, and returns what takes it back.
func (c *program) collectAtLimit() (restore func()) {
	if c.Env("GOGC") != "" {
		return func() {}
	}
	back := c.limitMemory(heapLimit)
	if back == nil {
		return func() {}
	}
	percent := debug.SetGCPercent(-1)
	return func() {
		debug.SetGCPercent(percent)
		back()
	}
}

// limitMemory has the runtime collect the sooner the nearer memory comes to a limit in bytes, and returns what takes
// that back; nil where whoever runs the program has set a limit, which counts more.
func (c *program) limitMemory(limit int64) (restore func()) {
	if c.Env("GOMEMLIMIT") != "" {
		return nil
	}
	former := debug.SetMemoryLimit(limit)
	return func() { debug.SetMemoryLimit(former) }
}
