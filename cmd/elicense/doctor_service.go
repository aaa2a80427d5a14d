package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/moment"
)

// serverDays is when the certificate of the service's connections is called out; many hold for 90 days alone.
const serverDays = 14

// service looks at what a start of the service needs besides the vault: settings that can be used, and the files that
// they name. A backup holds the settings and not these files, whose key is not encrypted.
func (x *examination) service(h *settings) {
	if _, err := os.Stat(filepath.Join(x.dir, serviceFile)); errors.Is(err, fs.ErrNotExist) {
		return
	}
	s, err := x.serveSettings(nil, h.Sandbox)
	if err != nil {
		told := cli.Describe(err, nil)
		x.found(ailment{levelError, "service-settings", told.Zh, told.En, "改正 " + serviceFile, "correct " + serviceFile})
		return
	}
	missing := false
	for _, file := range []string{s.Certificate, s.Key, s.ClientCA} {
		if file == "" {
			continue
		}
		if _, err := os.Stat(within(x.dir, file)); err != nil {
			missing = true
			x.found(ailment{
				levelError, "service-file", serviceFile + " 所指的文件不能读取：" + file, serviceFile + " names a file that cannot be read: " + file,
				"放到该处；备份中没有它", "put it there; it is in no backup",
			})
		}
	}
	if !missing && s.Certificate != "" {
		x.connection(within(x.dir, s.Certificate), within(x.dir, s.Key))
	}
}

// connection looks at the certificate and key of the service's connections.
func (x *examination) connection(certificate, key string) {
	a := ailment{
		Code: "tls-certificate", FixZh: "换上新的证书和密钥；运行中的服务在 15 秒内改用", FixEn: "put another certificate and key there; a running service takes them within 15 s",
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	var leaf *x509.Certificate
	if err == nil {
		leaf, err = x509.ParseCertificate(pair.Certificate[0])
	}
	if err != nil {
		a.Level, a.Zh, a.En = levelError, "TLS 证书与密钥不能使用："+certificate, "the TLS certificate and key cannot be used: "+certificate
		x.found(a)
		return
	}
	a.Zh, a.En = "TLS 证书", "the TLS certificate"
	x.lasts(a, leaf.NotAfter, serverDays, "已过期", "it has ended, and callers refuse it")
}

// lasts tells until when something holds: a warning if these days are more than it has, an error in these words once it
// has ended.
func (x *examination) lasts(a ailment, until time.Time, days int, zh, en string) {
	day := moment.Day(until, nil)
	a.Zh, a.En = a.Zh+"到 "+day, a.En+": until "+day
	switch left := until.Sub(x.now); {
	case left <= 0:
		a.Level, a.Zh, a.En = levelError, a.Zh+"，"+zh, a.En+"; "+en
	case left < time.Duration(days)*24*time.Hour:
		a.Level = levelWarning
	default:
		a.Level, a.FixZh, a.FixEn = levelOK, "", ""
	}
	x.found(a)
}
