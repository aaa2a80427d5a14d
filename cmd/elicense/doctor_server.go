package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/moment"
)

// remote is a service that doctor looks at from outside, as those who call it see it.
type remote struct {
	*examination

	base   string
	client *http.Client
}

// Limits of a look from outside.
const (
	remoteTimeout = 10 * time.Second
	maxSkew       = 60 * time.Second // between its clock and ours; signatures on messages allow no more
	maxAnswer     = 4 << 20
)

// doctorServer examines a running service.
func (c *program) doctorServer(ctx context.Context, server, cacert string) error {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return cli.Usage("--server 应为 https://主机:端口，现为 "+server, "--server is https://HOST:PORT, and not "+server)
	}
	roots, err := rootsIn(cacert)
	if err != nil {
		return err
	}
	r := &remote{
		examination: &examination{program: c, now: c.Now()}, base: strings.TrimRight(server, "/"),
		client: &http.Client{Timeout: remoteTimeout, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		}},
	}
	defer r.client.CloseIdleConnections()
	if r.alive(ctx) {
		r.readiness(ctx)
		r.description(ctx)
	}
	return r.report()
}

// rootsIn are the anchors for the server's certificate; nil: those of the system.
func rootsIn(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // the system's own
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, cli.Usage("其中没有证书："+path, "there is no certificate in "+path)
	}
	return pool, nil
}

// page is an answer that was read.
type page struct {
	status int
	header http.Header
	tls    *tls.ConnectionState
	text   string
}

// get asks for a page and reads its answer, within limits.
func (r *remote) get(ctx context.Context, path string) (*page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return &page{res.StatusCode, res.Header, res.TLS, string(text)}, errors.Join(err, res.Body.Close())
}

// alive reports whether anybody answers, and looks at how.
func (r *remote) alive(ctx context.Context) bool {
	res, err := r.get(ctx, "/healthz")
	if err != nil {
		r.found(unreachable(err))
		return false
	}
	if res.status != http.StatusOK {
		r.found(ailment{
			levelError, "server-unhealthy", fmt.Sprintf("服务不健康：/healthz 答复 %d", res.status),
			fmt.Sprintf("the service is not well: /healthz answers %d", res.status),
			"查看服务日志；核对地址是否是 elicense 服务", "look at its log; is this the address of an elicense service?",
		})
		return false
	}
	r.found(ailment{Level: levelOK, Code: "server-alive", Zh: "服务有应答：" + r.base, En: "the service answers: " + r.base})
	r.clock(res)
	r.certificate(res)
	return true
}

// unreachable says why nobody answers.
func unreachable(err error) ailment {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	a := ailment{Level: levelError, Code: "server-unreachable", Zh: "连不上服务：" + err.Error(), En: "no connection: " + err.Error(),
		FixZh: "核对地址、端口、防火墙，服务是否已启动", FixEn: "check address, port and firewall, and whether the service runs"}
	switch {
	case errors.As(err, &unknown):
		a.Code, a.Zh, a.En = "server-untrusted", "服务器证书不是所信任的机构签发的", "nobody trusted vouches for the server's certificate"
		a.FixZh, a.FixEn = "用 --cacert 给出其根证书；沙箱是数据目录下的 "+sandboxCertificate,
			"name its root with --cacert; of a sandbox it is "+sandboxCertificate+" of the data directory"
	case errors.As(err, &name):
		a.Code, a.Zh, a.En = "server-name", "服务器证书不是发给这个主机名的："+name.Host, "the server's certificate is not for "+name.Host
		a.FixZh, a.FixEn = "改用证书上的主机名，或换发服务器证书", "call it by a name of its certificate, or get it another certificate"
	case errors.As(err, &invalid):
		a.Code, a.Zh, a.En = "server-certificate", "服务器证书无效："+invalid.Error(), "the server's certificate is not valid: "+invalid.Error()
		a.FixZh, a.FixEn = "换发服务器证书", "get the server another certificate"
	}
	return a
}

// clock compares the two clocks: signatures and tokens live for minutes.
func (r *remote) clock(res *page) {
	at, err := http.ParseTime(res.header.Get("Date"))
	if err != nil {
		return
	}
	skew := at.Sub(r.Now()).Abs().Round(time.Second)
	if skew <= maxSkew {
		r.found(ailment{Level: levelOK, Code: "server-clock", Zh: "时钟一致", En: "the clocks agree"})
		return
	}
	r.found(ailment{
		levelError, "server-clock", "本机与服务器的时钟相差 " + skew.String(), "this clock and the server's differ by " + skew.String(),
		"校准两边的时钟（NTP），否则签名和令牌会被拒绝", "set both by NTP, or signatures and tokens are refused",
	})
}

// certificate says how long the server's certificate is still good.
func (r *remote) certificate(res *page) {
	if res.tls == nil || len(res.tls.PeerCertificates) == 0 {
		r.found(ailment{
			levelNote, "server-plain", "未用 TLS，只应在本机使用", "there is no TLS: for this machine alone", "", "",
		})
		return
	}
	end := res.tls.PeerCertificates[0].NotAfter
	left := int(end.Sub(r.now).Hours() / 24)
	r.expiry(ailment{
		Code: "server-certificate", Zh: "服务器证书有效至 " + moment.Day(end, nil),
		En:    "the server's certificate: until " + moment.Day(end, nil),
		FixZh: "换发服务器证书，替换 " + serviceFile + " 所指的文件，15 秒内生效",
		FixEn: "get another and replace the files that " + serviceFile + " names; they are taken within 15 s",
	}, left)
}

// readiness says whether a write would be taken now.
func (r *remote) readiness(ctx context.Context) {
	res, err := r.get(ctx, "/readyz")
	if err != nil {
		r.found(unreachable(err))
		return
	}
	if res.status == http.StatusOK {
		r.found(ailment{Level: levelOK, Code: "server-ready", Zh: "可以办理", En: "it takes requests"})
		return
	}
	code := strings.TrimSpace(res.text)
	r.found(ailment{
		levelError, "server-not-ready", "暂不办理：" + code, "it takes no writes: " + code,
		"在服务器上运行 doctor，按其说明处理", "run doctor on the server and do what it says",
	})
}

// description looks at what the service says of itself.
func (r *remote) description(ctx context.Context) {
	res, err := r.get(ctx, api.Version+"/openapi.json")
	if err != nil || res.status != http.StatusOK || !strings.Contains(res.text, `"openapi":"3.1`) {
		r.found(ailment{
			levelError, "server-interface", "没有接口说明 " + api.Version + "/openapi.json",
			"there is no description at " + api.Version + "/openapi.json",
			"核对地址：这可能不是 elicense 服务，或前面的网关改写了路径", "is this an elicense service, or does a gateway change paths?",
		})
		return
	}
	if res.header.Get(api.HeaderSandbox) != "" {
		r.found(ailment{Level: levelNote, Code: "server-sandbox", Zh: "这是沙箱，勿存真实数据", En: "this is a sandbox, never for real data"})
	}
}
