package server

// Key spaces of the service's engine (Config.Engine), one prefix byte for each room; the vault's own keys are in
// another engine. What stands for a person or a number in a key is a token, never itself.
//
//	r  registrations of callers' credentials   server/identity
//	g  a change of a registration on its way   server/identity
//	s  marks of signatures from the future     server/identity
//	a  alarms and who is watched               server/alarm
//	o  keys of tokens                          server/provider
//	f  files                                   server/files
//	j  jobs                                    server/jobs
//	w  subscriptions of webhooks, deliveries   server/feed
//	v  verdicts that are kept                  server
//	q  counts of what departments did          server
//	d  disputes                                server
//	h  key of tokens that stand for holders    server
//	u  how much callers keep                   server/stored
//	y  cursors of vaults that are followed     server
