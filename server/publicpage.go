package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/vault"
)

// PagePath is the address that QR codes on licences hold before their token: a phone that reads one gets a page for
// people, a program the same as JSON.
const PagePath = api.PagePath

// registerPages adds the page that QR codes lead to.
func (s *Server) registerPages(router *gin.Engine) { router.GET(PagePath+":token", s.publicPage) }

// maxToken bounds what may stand in the place of a token.
const maxToken = 64

// publicPage says whether a licence is in force. Whatever goes wrong, it never says that it is.
func (s *Server) publicPage(c *gin.Context) {
	c.Set(operationKey, "getPublicPage")
	token := c.Param("token")
	var v *vault.Validity
	err := absent("token")
	if len(token) <= maxToken {
		v, err = s.cfg.Vault.PublicState(c.Request.Context(), token)
	}
	if !wantsHTML(c.Request) {
		s.publicJSON(c, v, err)
		return
	}
	status, page := http.StatusOK, publicPage{At: s.cfg.Now().In(s.cfg.Vault.Zone())}
	switch {
	case err == nil:
		page.state(v)
	case errors.Is(err, vault.ErrNotFound):
		status = http.StatusNotFound
		page.say("unknown", "查无此证照", "No such licence")
		page.Zh, page.En = "二维码不是本证照库的，或证照已撤出。", "The QR code is not of this vault, or the licence was taken out."
	default:
		status = s.problem(c.Request.Context(), err).Status
		page.say("unknown", "暂时无法核验", "Cannot tell now")
		page.Zh = "请稍后再扫一次；此页不能证明证照有效。"
		page.En = "Scan again later; this page does not show that the licence is in force."
	}
	s.writePage(c, status, &page)
}

// wantsHTML: browsers name text/html, programs do not.
func wantsHTML(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

func (s *Server) publicJSON(c *gin.Context, v *vault.Validity, err error) {
	if err != nil {
		s.writeProblem(c, s.problem(c.Request.Context(), err))
		return
	}
	c.JSON(http.StatusOK, api.PublicState{
		State: string(v.State), StateZh: v.State.Chinese(), Version: v.Version, At: v.At,
	})
}

// publicPage is what the page says.
type publicPage struct {
	Class       string // in-force, not-in-force or unknown; the zero value is none of them
	HeadZh      string
	HeadEn      string
	Zh, En      string
	Version     int
	At          time.Time
	Style       template.CSS
	SandboxOnly bool
}

func (p *publicPage) say(class, zh, en string) { p.Class, p.HeadZh, p.HeadEn = class, zh, en }

// When is the time of the answer by the clock of the vault's people.
func (p *publicPage) When() string { return moment.Say(p.At, p.At.Location(), "zh") }

// state fills in how a licence stands. Only one word means that it is in force.
func (p *publicPage) state(v *vault.Validity) {
	p.Version, p.At = v.Version, v.At.In(p.At.Location())
	if v.State == vault.Valid {
		p.say("in-force", "有效", "In force")
		return
	}
	p.say("not-in-force", v.State.Chinese(), "Not in force: "+strings.ReplaceAll(string(v.State), "-", " "))
}

func (s *Server) writePage(c *gin.Context, status int, p *publicPage) {
	p.Style, p.SandboxOnly = template.CSS(pageStyle), s.cfg.Sandbox //nolint:gosec // a constant of ours
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		s.writeProblem(c, codeProblem(CodeInternal))
		return
	}
	c.Header("Content-Security-Policy", pagePolicy)
	c.Header("Referrer-Policy", "no-referrer")
	c.Header("X-Frame-Options", "DENY")
	c.Data(status, "text/html; charset=utf-8", b.Bytes())
}

// pagePolicy lets a page do nothing but be seen, in our own style.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

const pageStyle = `
body { margin: 0; background: #f4f5f7; color: #1d2129;
  font: 17px/1.6 "PingFang SC", "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif; }
main { max-width: 26rem; margin: 0 auto; padding: 1.5rem 1rem; }
.verdict { background: #6b7280; color: #fff; border-radius: 14px; padding: 2rem 1rem; text-align: center; }
.in-force { background: #0b7a3b; }
.not-in-force { background: #b42318; }
.verdict b { display: block; font-size: 2.2rem; line-height: 1.3; }
dl { background: #fff; border-radius: 14px; margin: 1rem 0; padding: .5rem 1rem; }
dl div { display: flex; justify-content: space-between; padding: .5rem 0; }
dd { margin: 0; text-align: right; font-weight: 600; }
p { margin: .75rem .25rem; }
small, .en { color: #5b6472; font-size: .85rem; }
.verdict .en { color: #fff; font-size: 1.05rem; }
`

var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.HeadZh}} · 电子证照核验</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<div class="verdict {{.Class}}"><b>{{.HeadZh}}</b><span class="en" lang="en">{{.HeadEn}}</span></div>
{{if .Zh}}<p>{{.Zh}}<br><span class="en" lang="en">{{.En}}</span></p>{{end}}
<dl>
{{if .Version}}<div><dt>版本 <small lang="en">version</small></dt><dd>{{.Version}}</dd></div>{{end}}
<div><dt>核验时间 <small lang="en">asked at</small></dt><dd>{{.When}}</dd></div>
</dl>
{{if .Version}}<p>手中证照的版本与此不同的，以此为准。<br>
<span class="en" lang="en">A paper or file of another version is out of date.</span></p>{{end}}
<p>此页只说明二维码所指证照的效力，不证明手中纸张的内容，也不显示任何人的信息；请核对网址属于颁发机构。<br>
<span class="en" lang="en">This page tells whether the licence that the code stands for is in force.
It does not prove what the paper in your hand says, and names nobody.
Check that the address belongs to the authority.</span></p>
{{if .SandboxOnly}}<p><b>沙箱环境，数据均为虚构。</b>
<span class="en" lang="en">A sandbox: everything in it is made up.</span></p>{{end}}
</main>
</body>
</html>
`))
