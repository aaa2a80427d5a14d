//go:build !unix

package proctest

import "time"

// ProcessorTime is 0: this system does not tell it.
func ProcessorTime() time.Duration { return 0 }
