package document_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/document"
	"github.com/elicense/elicense/vault/record"
)

// signed makes a made-up licence of a type; its signature is no signature, which this package does not look at.
func signed(t testing.TB, typ catalogue.Type, values map[string]string) *document.Licence {
	t.Helper()
	issued, err := record.ParseDate("2024-03-15")
	require.NoError(t, err)
	until, err := record.ParseDate("2029-03-14")
	require.NoError(t, err)
	r := record.Record{
		Identifier: identifier(t, typ.Code), TypeCode: typ.Code, TypeVersion: typ.Version, TypeName: typ.Name,
		IssuerCode: "11990000MB1E000137", IssuerName: "示例省市场监督管理局", HolderKind: "001",
		IssuedOn: issued, ValidFrom: issued, ValidUntil: until, Mode: record.Custody,
		Signer: record.Sum([]byte("certificate")), Origin: record.Issued,
	}
	l := &document.Licence{Type: typ, Signature: []byte{0x30, 0x00}, Token: "q7Hk2ZxWb0mPt5cVnE9sYQ"}
	for _, name := range names(typ) {
		v := values[name]
		if v == "" {
			continue
		}
		d := record.Disclosure{Name: name, Salt: record.Salt{1, 2, 3}, Value: v}
		l.Values = append(l.Values, d)
		r.Fields = append(r.Fields, record.Field{Name: name, Digest: d.Digest()})
	}
	l.Record, err = r.Append(nil)
	require.NoError(t, err)
	return l
}

func names(typ catalogue.Type) []string {
	out := []string{catalogue.MetaNumber, catalogue.MetaName, catalogue.MetaHolder, catalogue.MetaHolderCode}
	for _, f := range typ.Fields {
		out = append(out, f.Name)
	}
	return out
}

func identifier(t testing.TB, typ string) string {
	t.Helper()
	id, err := code.NewIdentifier(typ, "11990000MB1E000137", "0123456789ABCDEFGHIJ", 1)
	require.NoError(t, err)
	return id.String()
}

func shippedType(t testing.TB, name string) catalogue.Type {
	t.Helper()
	data, err := catalogue.ShippedFile(name)
	require.NoError(t, err)
	typ, err := catalogue.ParseType(data)
	require.NoError(t, err)
	return typ
}

const scope = "食品生产；食品销售；餐饮服务；道路货物运输（不含危险货物）。（依法须经批准的项目，经相关部门批准后方可开展经营活动，具体经营项目以审批结果为准）" +
	"一般项目：技术服务、技术开发、技术咨询、技术交流、技术转让、技术推广；软件开发；信息系统集成服务；互联网销售（除销售需要许可的商品）；" +
	"日用百货销售；农副产品销售；会议及展览服务；包装服务；国内货物运输代理。（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）"

// sample gives made-up values for every element of a type.
func sample(typ catalogue.Type) map[string]string {
	m := map[string]string{
		catalogue.MetaNumber: "示许字第990100号", catalogue.MetaName: typ.Name,
		catalogue.MetaHolder: "示例省云山食品有限公司", catalogue.MetaHolderCode: "91990100MA00000X0Y",
	}
	for _, f := range typ.Fields {
		switch {
		case f.Kind == catalogue.KindDate:
			m[f.Name] = "2009-03-01"
		case f.Kind == catalogue.KindMoney:
			m[f.Name] = "5000000 CNY"
		case f.Kind == catalogue.KindImage:
		case f.Kind == catalogue.KindCode:
			m[f.Name] = "990100123456"
		case len(f.Rules.Enum) > 0:
			m[f.Name] = f.Rules.Enum[0]
		case strings.Contains(f.Label, "人"):
			m[f.Name] = "张示范"
		case strings.Contains(f.Label, "范围") || strings.Contains(f.Label, "项目"):
			m[f.Name] = scope
		case strings.Contains(f.Label, "地址") || strings.Contains(f.Label, "坐落") || strings.HasSuffix(f.Label, "所"):
			m[f.Name] = "示例省云山市清溪区青年路一百二十三号云山食品产业园三号楼二层"
		default:
			m[f.Name] = "示例" + f.Label
		}
	}
	return m
}

// loaded are the fonts that were read, by path: they are large.
var loaded sync.Map

func systemFont(t testing.TB, path string) *document.Font {
	t.Helper()
	if f, ok := loaded.Load(path); ok {
		return f.(*document.Font)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no CJK font %s: apt-get install fonts-wqy-microhei fonts-lxgw-wenkai", path)
	}
	f, err := document.ParseFont(data, 0)
	require.NoError(t, err)
	loaded.Store(path, f)
	return f
}

func fonts(t testing.TB) document.Fonts {
	t.Helper()
	return document.Fonts{
		Title:    systemFont(t, "/usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-Bold.ttf"),
		Body:     systemFont(t, "/usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-Regular.ttf"),
		Fallback: systemFont(t, "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
	}
}

func microhei(t testing.TB) *document.Font {
	t.Helper()
	return systemFont(t, "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
}

func smallPNG(t testing.TB, w, h int) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 7)
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes()
}

// bombPNG is a head that promises 60,000 × 60,000 pixels.
func bombPNG() []byte {
	head := []byte{'I', 'H', 'D', 'R', 0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 0, 0, 0, 0}
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}
