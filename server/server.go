// Package server is the vault's HTTP interface: it tells callers apart, limits them, gives them answers that teach, and
// describes itself by OpenAPI 3.1. It adds transport, identity and limits; every rule stays in the library. The
// interface itself, value by value, is package api.
//
// A request passes, in this order: trace id, limits (before anything durable), identity, permission, the operation. A
// write carries an Idempotency-Key and may be sent again at any time; what was answered is durable. A refusal is a
// problem of RFC 9457 that names everything that is wrong, in Chinese and English; nothing internal leaks.
//
// The package opens no socket: whoever runs it gives Handler to a server with time-outs of its own.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/emmansun/gmsm/sm3"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/crowd"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/server/alarm"
	"github.com/elicense/elicense/server/feed"
	"github.com/elicense/elicense/server/files"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/server/jobs"
	"github.com/elicense/elicense/server/stored"
	"github.com/elicense/elicense/vault"
)

// ProviderPath is below which Config.Provider answers.
const ProviderPath = "/oidc"

// ErrConfig is a configuration that lacks a part.
var ErrConfig = errors.New("server: incomplete configuration")

// Config is what a service is made of. Every field without a stated zero meaning must be set.
type Config struct {
	Vault   *vault.Vault
	Callers identity.Recogniser
	Engine  engine.Engine // sealed; what the service itself keeps, apart from the vault: see keys.go
	Now     func() time.Time
	Rand    io.Reader // cryptographic
	Log     *slog.Logger
	Version string // of the program, for the description

	// Pages draws licences and makes copies of them; nil: the service offers neither.
	Pages Pages

	// Verifier judges files that anybody may drop; nil: the service judges none.
	Verifier Judge

	// Patience gives a long answer more time, as its parts go out; nil: it has the time of any other.
	Patience func(*http.ResponseController)
	// Files keeps what is uploaded and made by long work, and nothing else; nil: what needs files is not offered.
	Files     blob.Store
	MaxUpload int64 // bytes of one file; 0: 256 MiB
	// Storage says how much callers may keep; zero: its defaults.
	Storage Storage
	// Converting is what conversions need; nil: they are not offered.
	Converting *Converting
	// Verifying is what verifications need; nil: they are not offered.
	Verifying *Verifying
	// Webhooks are what messages to receivers need; nil: they are not offered.
	Webhooks *Webhooks

	// Limits say how often the service may be called; zero: its defaults.
	Limits Limits
	// Alarms notices look-ups that somebody should ask about; nil: nobody does.
	Alarms *alarm.Watcher
	// Login lets holders log in by certificate; nil: they do not.
	Login *identity.Login
	// Provider lets users log in for departments' systems (package provider), below ProviderPath; nil: it does not.
	Provider http.Handler
	// Registry is where the operator registers systems; nil: there is no such resource.
	Registry *identity.Registry

	// Collectors are told to Prometheus beside what the service counts; nil: none.
	Collectors []prometheus.Collector

	// Ready says what else must hold before the service takes requests, as room on the disk; nil: nothing.
	Ready func(context.Context) error

	// Certifier signs certificates of conformance; nil: the service gives none.
	Certifier Certifier

	// House tells what the vault's licences are verified with and when certificates end; nil: neither is told.
	House House

	// Sandbox marks every answer.
	Sandbox bool
	// Declared is told who has declared a licence type, before the answer. A sandbox lets that department issue it at
	// once; nil: whoever may issue is registered by an operator.
	Declared func(ctx context.Context, caller, typeCode string) error
}

// Server answers requests. It is safe for use by many goroutines.
type Server struct {
	cfg     Config
	handler http.Handler
	metrics *metrics
	closing atomic.Bool
	api     huma.API
	limits  *limits
	tallies *tallies
	files   *files.Store // nil: none
	stored  *stored.Accounts
	jobs    *jobs.Jobs
	hooks   *feed.Webhooks // nil: none
	turns   *turns
	room    *crowd.Seats // of strangers who have something judged
	large   *crowd.Seats // bytes of large requests, by caller

	disputes disputes
	trusted  trusted
	formats  map[string]*published // by name
	ownerKey [sm3.Size]byte        // of tokens that stand for holders
}

// New builds the service.
func New(cfg Config) (*Server, error) {
	if cfg.Vault == nil || cfg.Callers == nil || cfg.Engine == nil || cfg.Now == nil || cfg.Rand == nil ||
		cfg.Log == nil {
		return nil, ErrConfig
	}
	limits, err := newLimits(cfg.Limits, cfg.Now)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, limits: limits, large: crowd.NewSeats(largeAll, largeEach), metrics: newMetrics(),
		tallies:  newTallies(cfg.Engine, cfg.Now, cfg.Vault.Zone()),
		disputes: disputes{cfg.Engine},
	}
	s.heedJudges()
	if err := errors.Join(s.openOwners(context.Background()), s.openWork(), s.openWebhooks()); err != nil {
		return nil, err
	}
	if s.formats, err = publish(); err != nil {
		return nil, err
	}
	for _, c := range append([]prometheus.Collector{backlog{s}}, cfg.Collectors...) {
		if err := s.metrics.registry.Register(c); err != nil {
			return nil, fmt.Errorf("%w: metrics", ErrConfig)
		}
	}
	gin.SetMode(gin.ReleaseMode) // else gin prints its routes
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.RedirectTrailingSlash = false // gin would take the place from a header of the request
	router.Use(s.trace, s.measure, s.recover, s.mark)
	s.health(router)
	router.Use(s.refuseWrongMessage, s.limitAddress)
	if cfg.Provider != nil {
		router.Any(ProviderPath+"/*rest", s.provide)
	}
	router.Use(s.unambiguous)
	router.NoRoute(s.noRoute)
	router.NoMethod(s.noMethod)
	s.registerPages(router)
	s.registerSharing(router)
	s.api = humagin.New(router, s.description())
	s.api.UseMiddleware(s.recognise)
	s.register()
	s.patchProblems()
	s.handler = router
	return s, nil
}

// Handler answers HTTP.
func (s *Server) Handler() http.Handler { return s.handler }

// OpenAPI is the description of the interface in OpenAPI 3.1, as JSON.
func (s *Server) OpenAPI() ([]byte, error) { return s.api.OpenAPI().MarshalJSON() }

// register adds every operation; one method per resource, in the file of its name.
func (s *Server) register() {
	s.registerTypes()
	s.registerLicences()
	s.registerReadings()
	s.registerDocuments()
	s.registerProofs()
	s.registerActs()
	s.registerLookups()
	s.registerReceipts()
	s.registerComparisons()
	s.registerAlarms()
	s.registerLogins()
	s.registerRegistrations()
	s.registerBulk()
	s.registerBatches()
	s.registerAuthorisations()
	s.registerAccesses()
	s.registerPublic()
	s.registerQuality()
	s.registerDisputes()
	s.registerFiles()
	s.registerJobs()
	s.registerConversions()
	s.registerEvents()
	s.registerWebhooks()
	s.registerVerifications()
	s.registerReplication()
	s.registerConformance()
	s.registerScans()
	s.registerNumbers()
	s.registerCompletions()
	s.registerAudit()
	s.registerCallers()
	s.registerHouse()
	s.registerMessages()
	s.registerPublished()
}

// description is what huma needs to know of the interface as a whole.
func (s *Server) description() huma.Config {
	c := huma.DefaultConfig("elicense", s.cfg.Version)
	c.Info.Description = "电子证照库：签发、变更、查询、比对与验证 / the electronic licence vault: issue, change, look up, compare, verify"
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = api.Version+"/openapi", "", ""
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		schemeKey: {Type: "http", Scheme: "bearer", Description: "沙箱密钥或令牌 / key of a sandbox, or a token"},
		schemeTLS: {Type: "mutualTLS", Description: "登记的证书 / the registered certificate"},
	}
	c.CreateHooks = nil // no links to schemas in answers
	c.Formats = map[string]huma.Format{"application/json": strictJSON, "json": strictJSON}
	c.DefaultFormat = "application/json"
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{s.teach}
	return c
}
