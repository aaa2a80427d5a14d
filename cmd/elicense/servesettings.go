package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/server"
)

// serviceFile says how the service listens. It may be absent. What the environment says (ELICENSE_SERVE_LISTEN and so
// on) goes before it, what the command line says before both.
const serviceFile = "service.yaml"

// serveSettings are service.yaml. Paths are relative to the data directory.
type serveSettings struct {
	Listen       string        `koanf:"listen"`               // address:port
	Plain        bool          `koanf:"plain"`                // without TLS, on a loopback address only
	Certificate  string        `koanf:"certificate"`          // PEM chain of the server
	Key          string        `koanf:"key"`                  // its key, PEM
	ClientCA     string        `koanf:"client_ca"`            // PEM of the authorities of callers' certificates
	Names        []string      `koanf:"names"`                // by which it is called, host[:port]; none: where it listens
	LoginCaller  string        `koanf:"login_caller"`         // of the vault, that vouches for logins by certificate; "": none
	Receivers    []string      `koanf:"receivers"`            // hosts that webhooks may be sent to, host or *.domain; none: no webhooks
	Metrics      string        `koanf:"metrics"`              // address:port for Prometheus; "": none
	MaxRequests  int           `koanf:"max_requests"`         // that are answered at once
	RequestsEach int           `koanf:"requests_per_address"` // of these from one address
	Connections  int           `koanf:"connections"`          // that are open at once
	PerAddress   int           `koanf:"per_address"`          // of these from one address
	Backups      string        `koanf:"backups"`              // directory for online backups; "": none
	BackupEvery  time.Duration `koanf:"backup_every"`         // from one to the next
	BackupKeep   int           `koanf:"backup_keep"`          // of the newest; older ones are removed
	Checkpoints  time.Duration `koanf:"checkpoint_every"`     // from one signed checkpoint of the ledger to the next
	Timeout      time.Duration `koanf:"timeout"`              // for one request, reading and answering
	Drain        time.Duration `koanf:"drain"`                // for which it says that it is not ready and still serves, when it stops
	Grace        time.Duration `koanf:"grace"`                // for requests that are under way when the service stops
	Stored       int64         `koanf:"stored_mib"`           // MiB that one caller may keep: files, results, verdicts
	StoredHolder int64         `koanf:"stored_holder_mib"`    // MiB of these that one holder may keep who has logged in
	Memory       int64         `koanf:"memory_mib"`           // MiB of memory at which garbage is collected the sooner; 0: none

	Issuers  []issuerSettings `koanf:"issuers"`   // identity providers; in the file only
	StoredOf map[string]int64 `koanf:"stored_of"` // MiB by caller, for those that have a quota of their own; in the file only
}

// serveKeys are the names of settings, as file, environment and command line spell them.
var serveKeys = []string{
	"listen", "plain", "certificate", "key", "client_ca", "names", "login_caller", "receivers", "metrics", "max_requests",
	"requests_per_address", "timeout", "drain", "grace", "stored_mib", "stored_holder_mib", "memory_mib",
	"connections", "per_address", "backups", "backup_every", "backup_keep", "checkpoint_every",
}

// fileOnly are the names that stand in the file alone.
var fileOnly = []string{"issuers", "stored_of"}

// given is a source of settings that is no file.
type given map[string]any

// ReadBytes is not how these are read.
func (given) ReadBytes() ([]byte, error) { return nil, errors.ErrUnsupported }

// Read gives the settings.
func (g given) Read() (map[string]any, error) { return g, nil }

// serveSettings reads what file, environment and flags say, the later before the earlier.
func (c *program) serveSettings(flags given, sandbox bool) (serveSettings, error) {
	s := serveSettings{}
	k := koanf.New("/") // no name of a setting or caller holds one
	if err := k.Load(serveDefaults(sandbox), nil); err != nil {
		return s, fmt.Errorf("reading defaults: %w", err)
	}
	path := filepath.Join(c.dir, serviceFile)
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, badService(err.Error(), err.Error())
	}
	environment, err := c.serveEnvironment()
	if err != nil {
		return s, err
	}
	for _, more := range []given{environment, flags} {
		if err := k.Load(more, nil); err != nil {
			return s, badService(err.Error(), err.Error())
		}
	}
	if err := knownSettings(k.Raw()); err != nil {
		return s, err
	}
	err = k.UnmarshalWithConf("", &s, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		Result: &s, TagName: "koanf", ErrorUnused: true, WeaklyTypedInput: true,
		DecodeHook: mapstructure.ComposeDecodeHookFunc(
			mapstructure.DecodeHookFuncType(cli.TimedHook), mapstructure.StringToTimeDurationHookFunc(), mapstructure.StringToSliceHookFunc(",")),
	}})
	if err != nil {
		return s, badService(err.Error(), err.Error())
	}
	return s, s.check()
}

// serveDefaults hold where nothing else is said. Nobody shares requests out before a sandbox, so it does not wait for it.
func serveDefaults(sandbox bool) given {
	g := given{
		"listen": "127.0.0.1:8443", "max_requests": 512, "requests_per_address": 128, "timeout": "5m", "drain": "5s",
		"grace": "30s", "connections": 4096, "per_address": 1024, "backup_every": "24h", "backup_keep": 7,
		"checkpoint_every": "10m", "stored_mib": 50 << 10, "stored_holder_mib": 512, "memory_mib": heapLimit >> 20,
	}
	if sandbox {
		g["drain"] = "0s"
	}
	return g
}

// knownSettings refuses names that nothing reads, all at once.
func knownSettings(raw map[string]any) error {
	known := append(slices.Sorted(slices.Values(serveKeys)), fileOnly...)
	var unknown []string
	for name := range raw {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	if unknown == nil {
		return nil
	}
	zh, en := misspelt(unknown, known)
	return badService("没有这些设置："+zh+"；可用的设置："+strings.Join(known, "、"),
		"no such settings: "+en+"; there are "+strings.Join(known, ", "))
}

// misspelt lists names that nothing reads, each with what may have been meant.
func misspelt(unknown, known []string) (string, string) {
	slices.Sort(unknown)
	var listZh, listEn []string
	for _, name := range unknown {
		zh, en := cli.Meant(name, known)
		listZh, listEn = append(listZh, name+zh), append(listEn, name+en)
	}
	return strings.Join(listZh, "；"), strings.Join(listEn, "; ")
}

// serveVariable begins the names of settings in the environment.
const serveVariable = "ELICENSE_SERVE_"

// serveEnvironment reads the settings of the environment. One that nothing reads is refused as one in the file is.
func (c *program) serveEnvironment() (given, error) {
	g := given{}
	var known []string
	for _, key := range serveKeys {
		name := serveVariable + strings.ToUpper(key)
		known = append(known, name)
		if v := c.Env(name); v != "" {
			g[key] = v
		}
	}
	if c.Environ == nil {
		return g, nil
	}
	var unknown []string
	for _, pair := range c.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, serveVariable) && !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	if unknown == nil {
		return g, nil
	}
	zh, en := misspelt(unknown, known)
	return nil, cli.Usage("没有这些环境变量："+zh, "the environment has what nothing reads: "+en)
}

func badService(zh, en string) error { return cli.Usage(serviceFile+"："+zh, serviceFile+": "+en) }

// check refuses settings by which nobody should serve.
func (s *serveSettings) check() error {
	switch {
	case s.Plain && !isLoopback(s.Listen):
		return badService("plain 只能用于本机回环地址，如 127.0.0.1:8080",
			"plain is for a loopback address, as 127.0.0.1:8080")
	case s.Metrics != "" && !isLoopback(s.Metrics):
		return badService("metrics 只能用于本机回环地址，如 127.0.0.1:9090",
			"metrics is for a loopback address, as 127.0.0.1:9090")
	case (s.Certificate == "") != (s.Key == ""):
		return badService("certificate 与 key 须一起给出", "certificate and key go together")
	case min(s.MaxRequests, s.RequestsEach, s.Connections, s.PerAddress) < 1 || min(s.Timeout, s.Grace) <= 0:
		return badService("max_requests、requests_per_address、timeout、grace、connections、per_address 须大于零",
			"max_requests, requests_per_address, timeout, grace, connections and per_address are greater than zero")
	case s.Drain < 0:
		return badService("drain 不得小于零", "drain is not less than zero")
	case !soundQuotas(s):
		return badService("stored_mib、stored_holder_mib 与 stored_of 的各项须在 1 与 1 PiB 之间",
			"stored_mib, stored_holder_mib and each of stored_of lie between 1 and 1 PiB")
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		return badService("listen 应为 地址:端口，现为 "+s.Listen, "listen is ADDRESS:PORT, and not "+s.Listen)
	}
	return s.checkUpkeep()
}

// checkUpkeep refuses settings of what the service does by itself.
func (s *serveSettings) checkUpkeep() error {
	switch {
	case s.Memory != 0 && (s.Memory < leastMemory || s.Memory > maxStored):
		return badService("memory_mib 须为 0（不限）或至少 "+strconv.Itoa(leastMemory),
			"memory_mib is 0, for no limit, or at least "+strconv.Itoa(leastMemory))
	case s.Checkpoints < time.Second:
		return badService("checkpoint_every 至少 1s", "checkpoint_every is at least 1s")
	case s.BackupEvery < time.Minute || s.BackupKeep < 1:
		return badService("backup_every 至少 1m，backup_keep 至少 1", "backup_every is at least 1m, backup_keep at least 1")
	}
	return nil
}

// maxStored is more than any disk has, in MiB, and safe to count in bytes.
const maxStored = 1 << 30

func soundQuotas(s *serveSettings) bool {
	for _, n := range append(slices.Collect(maps.Values(s.StoredOf)), s.Stored, s.StoredHolder) {
		if n < 1 || n > maxStored {
			return false
		}
	}
	return true
}

// storage is that in bytes.
func (s *serveSettings) storage() server.Storage {
	const mib = 1 << 20
	out := server.Storage{PerCaller: s.Stored * mib, PerHolder: s.StoredHolder * mib, Of: map[string]int64{}}
	for caller, n := range s.StoredOf {
		out.Of[caller] = n * mib
	}
	return out
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
