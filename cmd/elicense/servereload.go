package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
	"time"
)

// tlsLook is how often the files of the TLS certificate are looked at; SIGHUP has that done at once.
const tlsLook = 15 * time.Second

// tlsFace is what the service shows in TLS: certificate, key and the authorities that it names to callers. It is read
// anew when the files change; connections that are open stay as they are.
type tlsFace struct {
	paths   [3]string // certificate, key, authorities of callers ("": none)
	texts   [3][]byte // as they were read last, whether or not they could be used
	present atomic.Pointer[tls.Config]
}

// newTLSFace is nil for plain HTTP.
func (c *program) newTLSFace(h *house, s *serveSettings) (*tlsFace, error) {
	if s.Plain {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	certificate, key, err := c.tlsFiles(h, s)
	if err != nil {
		return nil, err
	}
	f := &tlsFace{paths: [3]string{within(h.dir, certificate), within(h.dir, key)}}
	if s.ClientCA != "" {
		f.paths[2] = within(h.dir, s.ClientCA)
	}
	_, err = f.reload()
	if missing := new(fs.PathError); errors.Is(err, fs.ErrNotExist) && errors.As(err, &missing) {
		err = badService("所指的文件不存在："+missing.Path+"；请放到该处，备份中没有它",
			"names a file that is not there: "+missing.Path+"; put it there, it is in no backup")
	}
	return f, err
}

// config is for the listener: it takes what is present with every new connection.
func (f *tlsFace) config() *tls.Config {
	if f == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return f.present.Load(), nil },
	}
}

// reload reads the files and takes them if they differ from the last time and can be used; else the former stay.
func (f *tlsFace) reload() (changed bool, err error) {
	var texts [3][]byte
	for i, path := range f.paths {
		if path == "" {
			continue
		}
		if texts[i], err = os.ReadFile(path); err != nil {
			return false, about(err, path)
		}
		changed = changed || !bytes.Equal(texts[i], f.texts[i])
	}
	if !changed {
		return false, nil
	}
	f.texts = texts
	config, err := newTLSConfig(texts)
	if err != nil {
		return false, err
	}
	f.present.Store(config)
	return true, nil
}

// newTLSConfig asks callers for their certificates. The connection proves that they have the key; whether the
// certificate is registered and holds is judged for every request (server/identity), since it may change under an open
// connection. The authorities of client_ca are named to them, so that they find the right one.
func newTLSConfig(texts [3][]byte) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(texts[0], texts[1])
	if err != nil {
		return nil, badService("TLS 证书不能用："+err.Error(), "the TLS certificate cannot be used: "+err.Error())
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert,
		NextProtos: nextProtocols,
	}
	if texts[2] == nil {
		return config, nil
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(texts[2]) {
		return nil, badService("client_ca 中没有证书", "there is no certificate in client_ca")
	}
	return config, nil
}

// watchTLS reads the files anew when they change or somebody asks for it, until the context ends. Files that cannot be
// used are logged once, and the service goes on with the former ones.
func (c *program) watchTLS(ctx context.Context, f *tlsFace, asked <-chan os.Signal) {
	log, look := c.serviceLog(), time.NewTicker(tlsLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case <-asked:
		}
		switch changed, err := f.reload(); {
		case err != nil:
			log.ErrorContext(ctx, "TLS certificate not reloaded", "error", err.Error())
		case changed:
			log.InfoContext(ctx, "TLS certificate reloaded")
		}
	}
}
