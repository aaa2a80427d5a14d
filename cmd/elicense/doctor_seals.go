package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/internal/ses"
	"github.com/elicense/elicense/pki"
)

// seals looks at every department's seal (D1.10). What the seal or its certificate says first counts: after either
// nothing is sealed.
func (x *examination) seals() {
	names, err := filepath.Glob(filepath.Join(x.dir, sealsDir, "*.pem"))
	if err != nil {
		return
	}
	for _, name := range names {
		x.seal(strings.TrimSuffix(filepath.Base(name), ".pem"))
	}
}

func (x *examination) seal(uscc string) {
	renew := x.again() + " certificate renew " + uscc
	a := ailment{Code: "seal", FixZh: "换发（印章一并重做）：" + renew, FixEn: "renew it, the seal is made anew: " + renew}
	der, err := os.ReadFile(filepath.Join(x.dir, sealsDir, uscc+sealSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		a.Level, a.Zh, a.En = levelWarning, uscc+" 没有印章，所签证照没有电子文件", uscc+" has no seal: its licences get no document"
		x.found(a)
		return
	}
	var seal *ses.Seal
	if err == nil {
		seal, err = ses.ParseSeal(der)
	}
	var certs []*pki.Certificate
	if err == nil {
		certs, err = certificatesIn(filepath.Join(x.dir, sealsDir, uscc+".pem"))
	}
	if err != nil {
		a.Level, a.Zh, a.En = levelError, "印章或其证书损坏："+uscc, "a seal or its certificate is damaged: "+uscc
		x.found(a)
		return
	}
	until := seal.ValidUntil
	if certs[0].NotAfter.Before(until) {
		until = certs[0].NotAfter
	}
	day := moment.Day(until, nil)
	if !x.now.Before(until) {
		a.Level, a.Zh, a.En = levelError, seal.Name+"已于 "+day+" 到期，不能再盖章", "the seal "+seal.Name+" ended on "+day+" and seals no more"
		x.found(a)
		return
	}
	a.Level, a.Zh, a.En = levelOK, seal.Name+"到 "+day, "the seal "+seal.Name+": until "+day
	x.expiry(a, int(until.Sub(x.now).Hours()/24))
}

// sealKeys opens every seal with its key: a seal that does not open has its department's licences refused.
func (x *examination) sealKeys(h *house) {
	names, err := filepath.Glob(filepath.Join(x.dir, sealsDir, "*"+sealSuffix))
	if err != nil {
		return
	}
	for _, name := range names {
		uscc := strings.TrimSuffix(filepath.Base(name), sealSuffix)
		if _, err := x.openSeal(h, uscc); err != nil {
			what := describe(err)
			renew := x.again() + " certificate renew " + uscc
			x.found(ailment{
				levelError, "seal-key", "印章打不开（" + uscc + "），不能盖章：" + what.Zh,
				"a seal does not open (" + uscc + ") and seals nothing: " + what.En,
				"换发（印章一并重做）：" + renew, "renew it, the seal is made anew: " + renew,
			})
		}
	}
}

// crlDays is when a CRL is called out. They are good for weeks: the radar of certificates would never be silent.
const crlDays = 7

// revocations looks at the CRLs by which seals are verified offline.
func (x *examination) revocations() {
	names, err := filepath.Glob(filepath.Join(x.dir, trustFolder, "*.crl"))
	if err != nil {
		return
	}
	for _, name := range names {
		x.crl(name)
	}
}

func (x *examination) crl(name string) {
	file := filepath.Join(trustFolder, filepath.Base(name))
	a := ailment{
		Code: "crl", FixZh: "更新：" + x.again() + " certificate crl；其他 CA 的，取新的放入该目录",
		FixEn: "renew it: " + x.again() + " certificate crl; of another CA, put a new one there",
	}
	text, err := os.ReadFile(name)
	var crl *pki.CRL
	if err == nil {
		crl, err = pki.ParseCRL(text)
	}
	if err != nil {
		a.Level, a.Zh, a.En = levelError, "吊销列表损坏："+file, "a CRL is damaged: "+file
		x.found(a)
		return
	}
	a.Zh, a.En = "吊销列表 "+file+" ", "the CRL "+file
	x.lasts(a, crl.NextUpdate, crlDays, "已过期，离线验证将不予认可", "it is stale, and offline verification accepts nothing by it")
}
