package code

import (
	_ "embed" // the table is written into the binary
	"slices"
	"strings"
	"sync"
)

//go:embed divisions.txt
var divisionText string

// Division is one meaning of a division code (行政区划代码) of GB/T 2260 over a span of months. A code may have had
// several meanings: 350205 was 杏林区 until 2002 and is 海沧区 since.
type Division struct {
	Code     string // 6 digits
	Name     string // 安溪县
	From, To int    // first and last month known, yyyymm; To is 0 while it is in force

	// Successors are the codes that took the place of a retired division, one step on; several after a split.
	// The slice is shared: do not change it.
	Successors []string
}

// Retired reports whether the division is no longer in force.
func (d Division) Retired() bool { return d.To != 0 }

// placeholder reports the 市辖区 line of a city, which names no place.
func (d Division) placeholder() bool { return d.Name == "市辖区" }

// FullName is the name with those above it: 福建省泉州市安溪县.
func (d Division) FullName() string {
	if !sixDigits(d.Code) || strings.HasSuffix(d.Code, "0000") {
		return d.Name
	}
	name := d.Name
	if !strings.HasSuffix(d.Code, "00") {
		if city, ok := LookupDivision(d.Code[:4] + "00"); ok {
			name = city.Name + name
		}
	}
	province, _ := Province(d.Code[:2])
	return province + name
}

// LookupDivision gives the latest meaning of a code. The table holds every code Fujian has had since 1980 and, of
// the rest of China, the provinces.
func LookupDivision(code string) (Division, bool) {
	all := divisions().byCode[code]
	if len(all) == 0 {
		return Division{}, false
	}
	return all[len(all)-1], true
}

// DivisionHistory gives all meanings of a code, oldest first.
func DivisionHistory(code string) []Division { return slices.Clone(divisions().byCode[code]) }

// CurrentDivisions follows the successors of a code to the divisions in force, in order of code. It gives one, unless
// a split made it several or the code is unknown.
func CurrentDivisions(code string) []Division {
	d, ok := LookupDivision(code)
	if !ok {
		return nil
	}
	var found []Division
	seen := map[string]bool{}
	for open := []Division{d}; len(open) > 0; {
		d, open = open[0], open[1:]
		if seen[d.Code] {
			continue
		}
		seen[d.Code] = true
		if !d.Retired() {
			found = append(found, d)
			continue
		}
		for _, next := range d.Successors {
			if s, ok := LookupDivision(next); ok {
				open = append(open, s)
			}
		}
	}
	slices.SortFunc(found, compareDivisions)
	return found
}

// FindDivisions gives all divisions that a name can mean (泉州, 泉州市, 福建省泉州市安溪县), those in force first.
func FindDivisions(name string) []Division { return slices.Clone(divisions().byName[name]) }

// FindDivision gives the only division in force that a name means; false if there is none or more than one.
func FindDivision(name string) (Division, bool) {
	all := divisions().byName[name]
	if len(all) == 0 || all[0].Retired() || len(all) > 1 && !all[1].Retired() {
		return Division{}, false
	}
	return all[0], true
}

// Divisions gives every Fujian division in force in order of code: the province, its cities and their counties.
func Divisions() []Division {
	var out []Division
	for _, all := range divisions().byCode {
		d := all[len(all)-1]
		if !d.Retired() && !d.placeholder() && strings.HasPrefix(d.Code, "35") {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, compareDivisions)
	return out
}

// Provinces gives the provinces of China in order of code.
func Provinces() []Division {
	var out []Division
	for code, all := range divisions().byCode {
		if strings.HasSuffix(code, "0000") {
			out = append(out, all[len(all)-1])
		}
	}
	slices.SortFunc(out, compareDivisions)
	return out
}

// Province names the province of a 2-digit prefix.
func Province(prefix string) (name string, ok bool) {
	if len(prefix) != 2 {
		return "", false
	}
	d, ok := LookupDivision(prefix + "0000")
	return d.Name, ok
}

// DivisionKnown reports whether a code is in the table, or lies in a province whose counties the table does not hold.
func DivisionKnown(code string) bool {
	if !sixDigits(code) {
		return false
	}
	t := divisions()
	if code[:2] == "35" {
		return len(t.byCode[code]) > 0
	}
	return t.provinces[int(code[0]-'0')*10+int(code[1]-'0')]
}

func sixDigits(s string) bool {
	_, ok := digits(s)
	return ok && len(s) == divisionBytes
}

type divisionTable struct {
	byCode    map[string][]Division // meanings, oldest first
	byName    map[string][]Division // in force first
	provinces [100]bool
}

var divisions = sync.OnceValue(func() *divisionTable { return parseDivisions(divisionText) })

// parseDivisions reads the embedded table, which a test holds to be sound; a line it cannot read is left out.
func parseDivisions(text string) *divisionTable {
	t := &divisionTable{byCode: map[string][]Division{}, byName: map[string][]Division{}}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 5 || f[0] == "#" || !sixDigits(f[0]) {
			continue
		}
		d := Division{Code: f[0], Name: f[1]}
		d.From, _ = digits(f[2])
		d.To, _ = digits(f[3])
		if f[4] != "-" {
			d.Successors = strings.Split(f[4], ",")
		}
		t.byCode[d.Code] = append(t.byCode[d.Code], d)
		if strings.HasSuffix(d.Code, "0000") {
			t.provinces[int(d.Code[0]-'0')*10+int(d.Code[1]-'0')] = true
		}
	}
	for code, all := range t.byCode {
		for _, d := range all {
			t.index(d, code)
		}
	}
	for _, all := range t.byName {
		slices.SortFunc(all, compareDivisions)
	}
	return t
}

// index files a division under each way of writing its name.
func (t *divisionTable) index(d Division, code string) {
	own := []string{d.Name}
	if d.placeholder() {
		own = nil
	} else if short := shortName(d.Name); short != d.Name {
		own = append(own, short)
	}
	if code == "350128" {
		own = append(own, "平潭综合实验区")
	}
	names := slices.Clone(own)
	if !strings.HasSuffix(code, "00") {
		if d.placeholder() {
			own = []string{d.Name}
		}
		names = append(names, t.under(code[:4]+"00", own)...)
	}
	if !strings.HasSuffix(code, "0000") {
		names = append(names, t.under(code[:2]+"0000", names)...)
	}
	for _, n := range names {
		t.byName[n] = append(t.byName[n], d)
	}
}

// under puts each way of writing the division above before each name.
func (t *divisionTable) under(above string, names []string) []string {
	var out []string
	for _, d := range t.byCode[above] {
		for _, n := range names {
			out = append(out, d.Name+n, shortName(d.Name)+n)
		}
	}
	return out
}

// shortName drops the word for the level, unless one character alone would remain: 沙县 stays.
func shortName(name string) string {
	for _, suffix := range []string{
		"特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "地区", "省", "市", "县", "区",
	} {
		if s, ok := strings.CutSuffix(name, suffix); ok && runes(s) >= 2 {
			return s
		}
	}
	return name
}

// compareDivisions puts those in force first, then by code, then the older first.
func compareDivisions(a, b Division) int {
	if a.Retired() != b.Retired() {
		if a.Retired() {
			return 1
		}
		return -1
	}
	if c := strings.Compare(a.Code, b.Code); c != 0 {
		return c
	}
	return a.From - b.From
}
