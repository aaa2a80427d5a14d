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
	Format  int              `koanf:"format"`
	Serve   serveSettings    `koanf:"serve"`
	Foreign *foreignSettings `koanf:"foreign"` // the authority for foreign systems; nil if there is none
}

// serveSettings say where and how to listen.
type serveSettings struct {
	Listen      string        `koanf:"listen"`      // host:port; a loopback address unless there is a certificate
	Certificate string        `koanf:"certificate"` // PEM chain of the server
	Key         string        `koanf:"key"`         // its key, as the program's other keys
	MaxRequests int           `koanf:"max_requests"`
	MaxBody     int64         `koanf:"max_body"` // octets
	Timeout     time.Duration `koanf:"timeout"`  // for one request
	Grace       time.Duration `koanf:"grace"`    // for requests that are under way when the service stops
}

// Defaults of serveSettings.
const (
	defaultListen      = "127.0.0.1:8443"
	defaultMaxRequests = 256
	defaultMaxBody     = 1 << 20
	defaultTimeout     = 30 * time.Second
	defaultGrace       = 15 * time.Second
)

// readSettings reads ca.yaml; a key that is not known is refused, so that a misspelt one is not silently nothing.
func readSettings(dir string) (settings, error) {
	s := settings{Serve: serveSettings{
		Listen: defaultListen, MaxRequests: defaultMaxRequests, MaxBody: defaultMaxBody, Timeout: defaultTimeout,
		Grace: defaultGrace,
	}}
	k := koanf.New(".")
	if err := k.Load(file.Provider(filepath.Join(dir, settingsFile)), yaml.Parser()); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return s, errNoAuthority
		}
		return s, badSettings(err.Error(), err.Error())
	}
	decoder := &mapstructure.DecoderConfig{
		Result: &s, TagName: "koanf", ErrorUnused: true, DecodeHook: mapstructure.StringToTimeDurationHookFunc(),
	}
	if err := k.UnmarshalWithConf("", &s, koanf.UnmarshalConf{DecoderConfig: decoder}); err != nil {
		return s, badSettings(err.Error(), err.Error())
	}
	if s.Format != settingsFormat {
		return s, badSettings(
			fmt.Sprintf("format 应为 %d，现为 %d；请使用与数据相配的程序版本", settingsFormat, s.Format),
			fmt.Sprintf("format is %d and should be %d; use the program that fits the data", s.Format, settingsFormat))
	}
	if s.Serve.MaxRequests < 1 || s.Serve.MaxBody < 1 || s.Serve.Timeout <= 0 || s.Serve.Grace <= 0 {
		return s, badSettings("serve 的各项限额必须大于零", "the limits of serve must be greater than zero")
	}
	return s, nil
}

func badSettings(zh, en string) error {
	return &cli.UsageError{Zh: settingsFile + "：" + zh, En: settingsFile + ": " + en}
}
