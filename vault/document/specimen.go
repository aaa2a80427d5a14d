package document

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"time"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/internal/page"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Specimen is a made-up licence of a type (样张), for looking at a template: nobody has signed it, and its pages say what
// it is. With long its values are as long as any that are met: several holders, names of two lines, a scope of business
// of six hundred characters.
func (d *Drawer) Specimen(t catalogue.Type, long bool, on time.Time) (*Licence, error) {
	tmpl, err := d.template(&t)
	if err != nil {
		return nil, err
	}
	sp := &specimen{typ: &t, long: long, day: record.DateOf(on), values: make(map[string]string)}
	sp.fill()
	l := &Licence{Type: t, Signature: []byte{0x30, 0}, Token: strings.Repeat("0", tokenRunes), specimen: true}
	if l.Record, l.Values, err = sp.record(); err != nil {
		return nil, err
	}
	for _, p := range []*Page{&tmpl.Front, tmpl.Back} {
		if p == nil || p.Photo == nil {
			continue
		}
		if l.Images, err = madeUpPhoto(p.Photo); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// tokenRunes is how long the token in a code is.
const tokenRunes = 43

// specimen gathers the values of a made-up licence.
type specimen struct {
	typ    *catalogue.Type
	long   bool
	day    record.Date
	values map[string]string
}

// Made-up texts, short and long.
var (
	madeUpFirm = [2]string{
		"示例省云山食品有限公司",
		"示例省云山清溪现代农业科技发展与食品安全检验检测技术服务集团股份有限公司示例自由贸易试验区青年路第二分公司",
	}
	madeUpPlace = [2]string{
		"示例省云山市清溪区青年路123号",
		"示例省云山市清溪区（示例自由贸易试验区云山片区）青年路一百二十三号云山现代食品产业园三号楼二层东侧之二（自主申报，一照多址）",
	}
	madeUpScope = [2]string{
		"预包装食品销售；餐饮服务",
		"一般项目：技术服务、技术开发、技术咨询、技术交流、技术转让、技术推广；软件开发；信息系统集成服务；互联网销售（除销售需要许可的商品）；" +
			"日用百货销售；农副产品销售；会议及展览服务；包装服务；国内货物运输代理。许可项目：食品生产；食品销售；餐饮服务；道路货物运输" +
			"（不含危险货物）。（依法须经批准的项目，经相关部门批准后方可开展经营活动，具体经营项目以相关部门批准文件或许可证件为准）",
	}
	madeUpWords = [2]string{"示例", "示例内容较长，用以查看版面如何换行、缩小和转入附页"}
)

// longScope is how many characters a long value has at most.
const longScope = 600

func (sp *specimen) pick(list [2]string) string {
	if sp.long {
		return list[1]
	}
	return list[0]
}

func (sp *specimen) fill() {
	natural := slices.Equal(sp.typ.Holder.Kinds, []catalogue.HolderKind{catalogue.HolderNatural})
	v := sp.values
	v[catalogue.MetaNumber] = "示许字〔2026〕第990100号"
	v[catalogue.MetaHolder], v[catalogue.MetaHolderCode] = sp.pick(madeUpFirm), "91990100MA00000X0Y"
	if natural {
		v[catalogue.MetaHolder], v[catalogue.MetaHolderCode] = "张示例", "99010019900101000X"
	}
	if sp.typ.Holder.Multiple && sp.long {
		v[catalogue.MetaHolder], v[catalogue.MetaHolderCode] = "张示例^李示范^欧阳样本^示例省云山食品有限公司",
			"99010019900101000X^990100199202020001^990100199303030002^91990100MA00000X0Y"
	}
	for i := range sp.typ.Fields {
		v[sp.typ.Fields[i].Name] = sp.value(&sp.typ.Fields[i])
	}
}

// value makes one value up by the kind and the label of its element.
func (sp *specimen) value(f *catalogue.Field) string {
	switch f.Kind {
	case catalogue.KindDate:
		return sp.day.String()
	case catalogue.KindMoney:
		return "5000000 CNY"
	case catalogue.KindNumber:
		return "128.5"
	case catalogue.KindDivision:
		return "350102"
	case catalogue.KindCode:
		return "990100123456789012"
	case catalogue.KindImage:
		return ""
	case catalogue.KindText:
	}
	if len(f.Rules.Enum) > 0 {
		return f.Rules.Enum[0]
	}
	return cutRunes(sp.text(f), f.Rules.MaxLength)
}

func (sp *specimen) text(f *catalogue.Field) string {
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(f.Label, w) })
	}
	switch {
	case has("国籍"):
		return "中国"
	case has("法定代表人", "负责人", "姓名", "工程师") || strings.HasSuffix(f.Label, "人"):
		return "张示例"
	case has("范围", "项目", "内容", "附记", "备注"):
		if sp.long && !has("备注") {
			return cutRunes(strings.Repeat(madeUpScope[1], 4), longScope)
		}
		return sp.pick(madeUpScope)
	case has("地址", "坐落", "场所", "住所", "地点"):
		return sp.pick(madeUpPlace)
	case has("单位", "企业"):
		return sp.pick(madeUpFirm)
	}
	return sp.pick(madeUpWords)
}

func cutRunes(s string, most int) string {
	if r := []rune(s); most > 0 && len(r) > most {
		return string(r[:most])
	}
	return s
}

// record makes the record of the values. Its salts are no secret.
func (sp *specimen) record() ([]byte, []record.Disclosure, error) {
	t := sp.typ
	id, err := code.NewIdentifier(t.Code, t.Authority.Code, strings.Repeat("0", 20), 1)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrLicence, err)
	}
	r := record.Record{
		Identifier: id.String(), TypeCode: t.Code, TypeVersion: max(1, t.Version), TypeName: t.Name,
		IssuerCode: t.Authority.Code, IssuerName: t.Authority.Name, HolderKind: "001",
		IssuedOn: sp.day, ValidFrom: sp.day,
		Mode: record.Custody, Signer: record.Sum([]byte("specimen")), Origin: record.Issued,
	}
	if len(t.Validity.Ranges) > 0 || t.Validity.Loose {
		r.ValidUntil = sp.day
		r.ValidUntil.Year += 5
		r.ValidUntil.Day = min(r.ValidUntil.Day, 28)
	}
	if len(t.Holder.CodeTypes) > 0 {
		r.HolderKind = t.Holder.CodeTypes[0]
	}
	var values []record.Disclosure
	names := []string{catalogue.MetaNumber, catalogue.MetaHolder, catalogue.MetaHolderCode}
	for i := range t.Fields {
		names = append(names, t.Fields[i].Name)
	}
	for _, name := range names {
		if sp.values[name] == "" {
			continue
		}
		d := record.Disclosure{Name: name, Value: sp.values[name]}
		values = append(values, d)
		r.Fields = append(r.Fields, record.Field{Name: name, Digest: d.Digest()})
	}
	raw, err := r.Append(nil)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrLicence, err)
	}
	return raw, values, nil
}

// markSpecimen writes 样张 across a page, below everything else.
func (c *composer) markSpecimen(s *page.Sheet) {
	st := page.Style{
		Title: true, Size: min(s.Width, s.Height) / 3, Align: AlignCenter, Middle: true, Color: Color{244, 226, 222},
	}
	lines := page.Wrap(c.Letters("样张", st), s.Width)
	s.AddLines(page.Set(lines[:1], Box{W: s.Width, H: s.Height}, st), nil, false)
}

// madeUpPhoto draws a head and shoulders for a photo's place, two where it is wider than high.
func madeUpPhoto(p *Photo) (map[string][]byte, error) {
	const height = 441
	w := height * p.Box.W / p.Box.H
	m := image.NewRGBA(image.Rect(0, 0, max(w, 32), height))
	people := 1
	if p.Box.W > p.Box.H {
		people = 2
	}
	for y := range height {
		for x := range w {
			m.SetRGBA(x, y, portraitAt(x%(w/people), y, w/people, height))
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrImage, err)
	}
	return map[string][]byte{p.Field: b.Bytes()}, nil
}

// portraitAt is one point of a portrait: face, hair and coat are ellipses on a plain ground.
func portraitAt(x, y, w, h int) color.RGBA {
	within := func(cy, rx, ry int) bool { // in the middle; in hundredths of the width and the height
		dx, dy := (100*x-50*w)*100/(w*rx), (100*y-h*cy)*100/(h*ry)
		return dx*dx+dy*dy < 100*100
	}
	switch {
	case within(42, 19, 18):
		return color.RGBA{236, 203, 178, 255} // face
	case within(36, 23, 20):
		return color.RGBA{52, 46, 44, 255} // hair
	case within(60, 9, 9):
		return color.RGBA{226, 190, 164, 255} // neck
	case within(100, 44, 36):
		return color.RGBA{58, 76, 104, 255} // coat
	}
	return color.RGBA{214, 226, 240, 255}
}
