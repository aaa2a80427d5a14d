package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/elicense/elicense/server"
)

// settings is house.yaml.
type settings struct {
	Format     int    `koanf:"format"`
	Origin     string `koanf:"origin"` // the ledger's name
	Zone       string `koanf:"zone"`   // IANA name of the legal time zone
	Sandbox    bool   `koanf:"sandbox"`
	Department string `koanf:"department"`  // caller of what only an issuing department may do, when a command does not say
	Caller     string `koanf:"caller"`      // likewise, caller of look-ups
	Basis      string `koanf:"basis"`       // and their legal basis
	PublicURL  string `koanf:"public_url"`  // where people reach the service: it goes into QR codes; "": the token alone
	ReserveMiB uint64 `koanf:"reserve_mib"` // free disk space below which writing stops; 0: 512
}

// reserveBytes is the free space that is never touched.
func (s *settings) reserveBytes() uint64 { return cmp.Or(s.ReserveMiB, 512) << 20 }

// codeLink is what stands before the token in QR codes.
func (s *settings) codeLink() string {
	if s.PublicURL == "" {
		return ""
	}
	return strings.TrimSuffix(s.PublicURL, "/") + server.PagePath
}

// checkPublicURL refuses what a telephone could not open.
func (s *settings) checkPublicURL() error {
	u, err := url.Parse(s.PublicURL)
	if s.PublicURL != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "") {
		return badSettings("public_url 应为 https://主机，现为 "+s.PublicURL, "public_url is https://HOST, and not "+s.PublicURL)
	}
	return nil
}

const houseFormat = 1

func readSettings(dir string) (settings, error) {
	var s settings
	k := koanf.New(".")
	if err := k.Load(file.Provider(filepath.Join(dir, houseFile)), yaml.Parser()); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return s, fmt.Errorf("%w: %s", errNoHouse, dir)
		}
		return s, badSettings(err.Error(), err.Error())
	}
	if err := k.Unmarshal("", &s); err != nil {
		return s, badSettings(err.Error(), err.Error())
	}
	if s.Format != houseFormat { // before all else: another format may have other names
		return s, &settingsError{
			fmt.Sprintf("format 应为 %d，现为 %d；请使用与数据相配的程序版本", houseFormat, s.Format),
			fmt.Sprintf("format is %d and should be %d; use the program that fits the data", s.Format, houseFormat), true,
		}
	}
	if err := knownHouse(k.Raw()); err != nil {
		return s, err
	}
	return s, s.checkPublicURL()
}

// houseKeys are the names of house.yaml.
var houseKeys = []string{
	"format", "origin", "zone", "sandbox", "department", "caller", "basis", "public_url", "reserve_mib",
}

// knownHouse refuses names that nothing reads.
func knownHouse(raw map[string]any) error {
	var unknown []string
	for name := range raw {
		if !slices.Contains(houseKeys, name) {
			unknown = append(unknown, name)
		}
	}
	if unknown == nil {
		return nil
	}
	zh, en := misspelt(unknown, houseKeys)
	return badSettings("没有这些设置："+zh, "no such settings: "+en)
}

// settingsError is a house.yaml that cannot be used.
type settingsError struct {
	zh, en string
	format bool // it is of another version of the program
}

func (e *settingsError) Error() string { return houseFile + ": " + e.en }

func badSettings(zh, en string) error { return &settingsError{zh: zh, en: en} }

// write makes house.yaml.
func (s *settings) write(dir string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "format: %d\norigin: %q\nzone: %q\nsandbox: %v\n", houseFormat, s.Origin, s.Zone, s.Sandbox)
	for _, x := range []struct{ name, value string }{
		{"department", s.Department}, {"caller", s.Caller}, {"basis", s.Basis},
		{"public_url", s.PublicURL},
	} {
		if x.value != "" {
			fmt.Fprintf(&b, "%s: %q\n", x.name, x.value)
		}
	}
	if s.ReserveMiB != 0 {
		fmt.Fprintf(&b, "reserve_mib: %d\n", s.ReserveMiB)
	}
	return writeFile(filepath.Join(dir, houseFile), []byte(b.String()))
}
