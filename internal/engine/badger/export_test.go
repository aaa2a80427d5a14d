package badger

// WithSyncOff switches syncing off, to show that the proof of durability notices it.
func WithSyncOff(c Config) Config {
	c.syncOffUnsafe = true
	return c
}
