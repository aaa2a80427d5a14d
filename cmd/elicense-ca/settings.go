package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/elicense/elicense/internal/cli"
)

const (
	settingsFile   = "ca.yaml"
	settingsFormat = 1
)

// settings is ca.yaml. Paths are relative to the data directory.
type settings struct {
	Format    int                `koanf:"format"`
	Serve     serveSettings      `koanf:"serve"`
	Authority *authoritySettings `koanf:"authority"` // the SM2 authority; nil if there is none
	Foreign   *foreignSettings   `koanf:"foreign"`   // the authority for foreign systems; nil if there is none
}

// authoritySettings are the SM2 authority: see the configurations of pki/ca and pki/ca/kmc.
type authoritySettings struct {
	Base        string            `koanf:"base"`       // where certificates say that CRLs, OCSP and issuers are found
	Issuing     []string          `koanf:"issuing"`    // PEM files with key and chain; the first signs what is new
	Responders  []string          `koanf:"responders"` // PEM files with key and certificate of an OCSP responder, one for each issuer
	Timestamp   string            `koanf:"timestamp"`  // likewise of the timestamp authority; "" if there is none
	Escrow      string            `koanf:"escrow"`     // key of the key management centre; "" if there are no pairs
	Judicial    []string          `koanf:"judicial"`   // public keys that a judicial recovery may deliver to, as hexadecimal points
	Approvals   map[string]int    `koanf:"approvals"`  // by profile, where not the profile's own number
	KeepExpired time.Duration     `koanf:"keep_expired"`
	Clock       clockSettings     `koanf:"clock"`
	Officers    []officerSettings `koanf:"officers"`
}

// clockSettings say against which servers the clock of the timestamps is held; see pki/tsa. None: the machine's clock is
// believed until it jumps.
type clockSettings struct {
	Servers   []string      `koanf:"servers"`    // NTP servers as host:port, of one's own network
	Agreeing  int           `koanf:"agreeing"`   // how many of them must agree; 0: a majority, which is the least
	MaxOffset time.Duration `koanf:"max_offset"` // how far the clock may be off them; 0: 200ms
	MaxAge    time.Duration `koanf:"max_age"`    // how long an agreement counts; 0: 30m
}

// officerSettings enter an officer: whoever holds the key acts under the name.
type officerSettings struct {
	Name  string   `koanf:"name"`
	Key   string   `koanf:"key"`   // SM2 public point in hexadecimal digits
	Roles []string `koanf:"roles"` // enrol, approve, revoke, operate, inspect
}

// serveSettings say where and how to listen.
type serveSettings struct {
	Listen       string        `koanf:"listen"`               // host:port; a loopback address unless there is a certificate
	Certificate  string        `koanf:"certificate"`          // PEM chain of the server
	Key          string        `koanf:"key"`                  // its key, as the program's other keys
	MaxRequests  int           `koanf:"max_requests"`         // that are answered at once
	RequestsEach int           `koanf:"requests_per_address"` // of these from one address
	Connections  int           `koanf:"connections"`          // that are open at once
	PerAddress   int           `koanf:"per_address"`          // of these from one address
	MaxBody      int64         `koanf:"max_body"`             // octets
	Timeout      time.Duration `koanf:"timeout"`              // for one request
	Drain        time.Duration `koanf:"drain"`                // for which it says that it is not ready and still serves, when it stops
	Grace        time.Duration `koanf:"grace"`                // for requests that are under way when the service stops
}

// Defaults of serveSettings.
const (
	defaultListen       = "127.0.0.1:8443"
	defaultMaxRequests  = 256
	defaultRequestsEach = 64
	defaultConnections  = 2048
	defaultPerAddress   = 256
	defaultMaxBody      = 1 << 20
	defaultTimeout      = 30 * time.Second
	defaultDrain        = 5 * time.Second
	defaultGrace        = 15 * time.Second
)

// readSettings reads ca.yaml; a key that is not known is refused, so that a misspelt one is not silently nothing.
func readSettings(dir string) (settings, error) {
	s := settings{Serve: serveSettings{
		Listen: defaultListen, MaxRequests: defaultMaxRequests, RequestsEach: defaultRequestsEach,
		Connections: defaultConnections, PerAddress: defaultPerAddress, MaxBody: defaultMaxBody, Timeout: defaultTimeout,
		Drain: defaultDrain, Grace: defaultGrace,
	}}
	k := koanf.New(".")
	if err := k.Load(file.Provider(filepath.Join(dir, settingsFile)), yaml.Parser()); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return s, errNoAuthority
		}
		return s, badSettings(err.Error(), err.Error())
	}
	decoder := &mapstructure.DecoderConfig{
		Result: &s, TagName: "koanf", ErrorUnused: true, DecodeHook: mapstructure.ComposeDecodeHookFunc(
			mapstructure.DecodeHookFuncType(cli.TimedHook), mapstructure.StringToTimeDurationHookFunc()),
	}
	if err := k.UnmarshalWithConf("", &s, koanf.UnmarshalConf{DecoderConfig: decoder}); err != nil {
		return s, badSettings(err.Error(), err.Error())
	}
	if s.Format != settingsFormat {
		return s, badSettings(
			fmt.Sprintf("format 应为 %d，现为 %d；请使用与数据相配的程序版本", settingsFormat, s.Format),
			fmt.Sprintf("format is %d and should be %d; use the program that fits the data", s.Format, settingsFormat))
	}
	if !s.Serve.bounded() {
		return s, badSettings("serve 的各项限额必须大于零，drain 不得小于零",
			"the limits of serve must be greater than zero, and drain not less than zero")
	}
	return s, nil
}

// bounded reports whether every limit lets something in.
func (s *serveSettings) bounded() bool {
	return min(s.MaxRequests, s.RequestsEach, s.Connections, s.PerAddress) >= 1 && s.MaxBody >= 1 &&
		min(s.Timeout, s.Grace) > 0 && s.Drain >= 0
}

func badSettings(zh, en string) error {
	return &cli.UsageError{Zh: settingsFile + "：" + zh, En: settingsFile + ": " + en}
}

// marshal writes the settings of a new authority; what has its default is left out.
func (s *settings) marshal() ([]byte, error) {
	a := s.Authority
	officers := make([]map[string]any, len(a.Officers))
	for i, o := range a.Officers {
		officers[i] = map[string]any{"name": o.Name, "key": o.Key, "roles": o.Roles}
	}
	text, err := yaml.Parser().Marshal(map[string]any{"format": s.Format, "authority": map[string]any{
		"base": a.Base, "issuing": a.Issuing, "responders": a.Responders, "timestamp": a.Timestamp, "escrow": a.Escrow,
		"officers": officers,
	}})
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", settingsFile, err)
	}
	return text, nil
}
