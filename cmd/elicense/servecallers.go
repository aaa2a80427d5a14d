package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/alarm"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/provider"
)

// recognised is everybody whom the service knows.
type recognised struct {
	callers  identity.Chain
	registry *identity.Registry
	login    *identity.Login // nil: holders do not log in here
	provider http.Handler    // nil: no users of ours log in elsewhere
	alarms   *alarm.Watcher
	tokens   *provider.Keys // of these logins
	keys     []sandboxCaller
	began    time.Time // when signatures are taken
}

// openAlarms opens the alarms, and finishes what was begun when their process ended.
func (c *program) openAlarms(ctx context.Context, h *house, kept engine.Engine) (*alarm.Watcher, error) {
	alarms, err := alarm.Open(ctx, alarm.Config{Engine: kept, Now: c.Now, Rand: c.Rand})
	if err != nil {
		return nil, err
	}
	switch was, err := server.FinishWatch(ctx, alarms, h.vault); {
	case err != nil:
		c.serviceLog().ErrorContext(ctx, "a change of who is watched was broken off and cannot be finished", "error", err.Error())
	case was:
		c.serviceLog().WarnContext(ctx, "a change of who is watched was broken off and is finished")
	}
	return alarms, nil
}

// recognise knows systems by their registrations, and in a sandbox also callers by bearer keys.
func (c *program) recognise(ctx context.Context, h *house, kept engine.Engine, s *serveSettings) (*recognised, error) {
	registry, err := c.openRegistry(ctx, h, kept)
	if err != nil {
		return nil, err
	}
	h.registry = registry
	trust, err := identity.NewTrust(identity.TrustConfig{
		Load: func() (identity.TrustSource, error) {
			source, err := c.trustInCallers(h, s)
			if err != nil {
				c.serviceLog().ErrorContext(ctx, "callers' certificates cannot be judged", "error", err.Error())
			}
			return source, err
		},
	})
	if err != nil {
		return nil, err
	}
	systems, err := identity.NewSystems(identity.SystemsConfig{
		Registry: registry, Certificates: trust, Now: c.Now, Authorities: s.authorities(),
	})
	if err != nil {
		return nil, err
	}
	r := &recognised{registry: registry, callers: identity.Chain{systems}, began: systems.Began()}
	if r.alarms, err = c.openAlarms(ctx, h, kept); err != nil {
		return nil, err
	}
	if r.login, err = c.loginOf(h, s, trust); err != nil {
		return nil, err
	}
	if r.login != nil {
		r.callers = append(r.callers, r.login)
	}
	var own []identity.Issuer
	if h.settings.Sandbox {
		if r.tokens, err = c.tokenKeys(ctx, kept); err != nil {
			return nil, err
		}
		if r.provider, own, err = c.sandboxProvider(h, r.tokens, s); err != nil {
			return nil, err
		}
	}
	tokens, err := c.tokensOf(s, own)
	if err != nil {
		return nil, err
	}
	r.callers = append(r.callers, tokens)
	if !h.settings.Sandbox {
		r.callers = append(r.callers, identity.NoKeys{})
		return r, nil
	}
	if err := c.enrolSandbox(ctx, h, registry); err != nil {
		return nil, err
	}
	keys, list, err := c.sandboxCallers(h)
	if err != nil {
		return nil, err
	}
	r.callers, r.keys = append(r.callers, keys), list
	return r, nil
}

// authorities are the names under which the service is called: those of the settings, else where it listens.
func (s *serveSettings) authorities() []string {
	if len(s.Names) > 0 {
		return s.Names
	}
	list := []string{s.Listen}
	if _, port, err := net.SplitHostPort(s.Listen); err == nil && isLoopback(s.Listen) {
		list = append(list, net.JoinHostPort("localhost", port))
	}
	return list
}

// trustInCallers reads by what callers' certificates are judged: the roots of the data directory for signatures, the
// authorities of client_ca for connections, and the CRLs of the folder of trust for both.
func (c *program) trustInCallers(h *house, s *serveSettings) (identity.TrustSource, error) {
	c.keepRevocations(h)
	var source identity.TrustSource
	anchors := make([]pki.Anchor, 0, len(h.anchors.Certificates()))
	for _, root := range h.anchors.Certificates() {
		anchors = append(anchors, pki.Anchor{Certificate: root, Scope: pki.Scope{
			Purposes: []pki.Purpose{pki.PurposeSigning, pki.PurposeCRL, pki.PurposeOCSP}, Algorithms: []pki.KeyAlgorithm{pki.KeySM2},
		}})
	}
	if s.ClientCA != "" {
		authorities, err := tolerantCertificates(within(h.dir, s.ClientCA))
		if err != nil {
			return source, err
		}
		for _, a := range authorities {
			anchors = append(anchors, pki.Anchor{Certificate: a, Scope: pki.Scope{
				Purposes:   []pki.Purpose{pki.PurposeTLSClient, pki.PurposeCRL, pki.PurposeOCSP},
				Algorithms: []pki.KeyAlgorithm{pki.KeyECDSA, pki.KeyRSA},
			}})
		}
	}
	var err error
	if source.Anchors, err = pki.NewScopedAnchors(anchors...); err != nil {
		return source, err
	}
	folder, err := readTrust(filepath.Join(h.dir, trustFolder))
	if errors.Is(err, os.ErrNotExist) {
		return source, nil
	}
	if err != nil {
		return source, err
	}
	source.Intermediates, source.Evidence = folder.Intermediates, []pki.Evidence{folder.Evidence}
	return source, nil
}

// tolerantCertificates reads certificates of any algorithm from a PEM file.
func tolerantCertificates(path string) ([]*pki.Certificate, error) {
	blocks, err := certificateBlocks(path)
	if err != nil {
		return nil, err
	}
	list := make([]*pki.Certificate, len(blocks))
	for i, der := range blocks {
		if list[i], err = pki.ParseTolerant(der); err != nil {
			return nil, fmt.Errorf("reading %s: %w", filepath.Base(path), err)
		}
	}
	return list, nil
}
