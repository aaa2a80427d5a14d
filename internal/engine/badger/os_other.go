//go:build !unix

package badger

import "math"

const locksItself = false

// lockDir leaves the lock to Badger, which takes its own.
func lockDir(string) (unlock func(), err error) { return func() {}, nil }

// freeSpace is not known here: pass Config.FreeSpace.
func freeSpace(string) (uint64, error) { return math.MaxUint64, nil }
