package code_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/code"
)

func TestLookupDivision(t *testing.T) {
	d, ok := code.LookupDivision("350524")
	require.True(t, ok)
	require.Equal(t, "安溪县", d.Name)
	require.False(t, d.Retired())
	require.Equal(t, "福建省泉州市安溪县", d.FullName())

	d, ok = code.LookupDivision("350205")
	require.True(t, ok)
	require.Equal(t, "海沧区", d.Name)
	history := code.DivisionHistory("350205")
	require.Len(t, history, 2)
	require.Equal(t, "杏林区", history[0].Name)
	require.True(t, history[0].Retired())

	d, ok = code.LookupDivision("352424")
	require.True(t, ok)
	require.Equal(t, "福建省晋江地区安溪县", d.FullName())
	d, ok = code.LookupDivision("440000")
	require.True(t, ok)
	require.Equal(t, "广东省", d.FullName())

	for _, c := range []string{"", "350599", "35", "440100", "3505240", "安溪县"} {
		d, ok := code.LookupDivision(c)
		require.False(t, ok, c)
		require.Zero(t, d)
		require.Empty(t, code.CurrentDivisions(c))
	}
	require.Empty(t, code.Division{}.FullName())
}

func TestCurrentDivisions(t *testing.T) {
	for from, want := range map[string][]string{
		"350524": {"350524"},
		"350427": {"350405"},
		"350402": {"350404"},
		"350182": {"350112"},
		"352327": {"350112"}, // 长乐县 of 莆田地区: by way of 350126, 359011, 350182
		"352123": {"350783"},
		"352722": {"350481"},
		"350221": {"350212"},
		"350111": {"350111"},
		"350321": {"350302", "350303", "350304", "350305"},
		"352701": {"350404"}, // split, and grown together again
		"352100": {"350700"},
	} {
		var got []string
		for _, d := range code.CurrentDivisions(from) {
			got = append(got, d.Code)
			require.False(t, d.Retired())
		}
		require.Equal(t, want, got, from)
	}
}

func TestFindDivision(t *testing.T) {
	for name, want := range map[string]string{
		"泉州": "350500", "泉州市": "350500", "福建省泉州市": "350500", "福建泉州": "350500",
		"安溪县": "350524", "安溪": "350524", "泉州市安溪县": "350524", "福建省泉州市安溪县": "350524", "福建泉州安溪": "350524",
		"南安": "350583", "福州": "350100", "鼓楼区": "350102", "南平市": "350700", "三元区": "350404", "平潭综合实验区": "350128",
		"平潭": "350128", "福建省": "350000", "福建": "350000", "内蒙古": "150000", "新疆": "650000", "香港": "810000",
		"北京":  "110000",
		"永定区": "350803", "沙县区": "350405", "沙县": "350405", "永安市": "350481", "厦门市市辖区": "350201",
	} {
		d, ok := code.FindDivision(name)
		require.True(t, ok, name)
		require.Equal(t, want, d.Code, name)
	}
	for _, name := range []string{"", "市辖区", "莆田县", "郊区", "不存在", "市", "县"} {
		_, ok := code.FindDivision(name)
		require.False(t, ok, name)
	}
	var codes []string
	for _, d := range code.FindDivisions("沙县") {
		codes = append(codes, d.Code)
	}
	require.Equal(t, []string{"350405", "350427", "352727"}, codes[:3:3], "those in force first")
}

// The table holds together: codes of six digits, months in order, successors that exist, nobody retired without one.
func TestDivisionTableIsSound(t *testing.T) {
	require.Len(t, code.Provinces(), 34)
	current := code.Divisions()
	require.Len(t, current, 1+9+84)
	for _, d := range current {
		for _, name := range []string{d.Name, d.FullName()} {
			require.NotEmpty(t, code.FindDivisions(name), name)
		}
	}
	retired := 0
	for n := 350000; n < 360000; n++ {
		last := 0
		for _, d := range code.DivisionHistory(strconv.Itoa(n)) {
			require.Greater(t, d.From, last)
			require.True(t, d.To == 0 || d.To >= d.From)
			last = d.To
			require.Equal(t, d.Retired(), len(d.Successors) > 0)
			if d.Retired() {
				retired++
				require.NotEmpty(t, code.CurrentDivisions(d.Code))
			}
			for _, s := range d.Successors {
				_, ok := code.LookupDivision(s)
				require.True(t, ok, s)
			}
		}
	}
	require.Equal(t, 114, retired)
}

func TestDivisionKnown(t *testing.T) {
	for c, want := range map[string]bool{
		"350524": true, "352424": true, "350599": false, "440106": true, "990000": false,
		"35052": false, "": false, "35052X": false,
	} {
		require.Equal(t, want, code.DivisionKnown(c), c)
	}
	name, ok := code.Province("35")
	require.True(t, ok)
	require.Equal(t, "福建省", name)
	for _, prefix := range []string{"", "3", "99", "350"} {
		_, ok := code.Province(prefix)
		require.False(t, ok)
	}
}

// Against the published tables of 2002 to 2018: the same codes with the same names in every one of them.
func TestDivisionsAgainstPublishedTables(t *testing.T) {
	dir := os.Getenv("ELICENSE_TESTDATA")
	if dir == "" {
		t.Skip("ELICENSE_TESTDATA is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "gb2260", "stats", "*.tsv"))
	require.NoError(t, err)
	require.Len(t, files, 20)
	for _, file := range files {
		month, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(file), ".tsv"))
		require.NoError(t, err)
		published := readDivisions(t, file)
		require.NotEmpty(t, published)
		require.Equal(t, published, divisionsIn(month), file)
	}
}

func divisionsIn(month int) map[string]string {
	out := map[string]string{}
	for n := range 1000000 {
		if n/10000 != 35 && n%10000 != 0 {
			continue
		}
		for _, d := range code.DivisionHistory(strconv.Itoa(n)) {
			if d.From <= month && (d.To == 0 || d.To >= month) {
				out[d.Code] = d.Name
			}
		}
	}
	return out
}

// readDivisions gives the lines of Fujian and of the provinces.
func readDivisions(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	out := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		require.Len(t, cells, 4)
		if strings.HasPrefix(cells[2], "35") || strings.HasSuffix(cells[2], "0000") {
			out[cells[2]] = cells[3]
		}
	}
	require.NoError(t, lines.Err())
	return out
}

func TestHolderCodes(t *testing.T) {
	all := code.HolderCodes()
	require.Len(t, all, 16)
	seen := map[string]string{}
	for _, h := range all {
		require.Len(t, h.Code, 3)
		require.NotEqual(t, code.HolderUnknown, h.Holder)
		got, ok := code.LookupHolderCode(h.Code)
		require.True(t, ok)
		require.Equal(t, h, got)
		for _, word := range append([]string{h.Code, h.Name}, h.Synonyms...) {
			require.Empty(t, seen[word], word)
			seen[word] = h.Code
			got, ok := code.FindHolderCode(" " + strings.ToLower(word))
			require.True(t, ok, word)
			require.Equal(t, h.Code, got.Code, word)
		}
	}
	h, ok := code.FindHolderCode("身份证")
	require.True(t, ok)
	require.Equal(t, code.HolderCodeCitizen, h.Code)
	require.Equal(t, code.HolderPerson, h.Holder)
	for _, word := range []string{"", "000", "身份", "1", "身份证1"} {
		_, ok := code.LookupHolderCode(word)
		require.False(t, ok)
		_, ok = code.FindHolderCode(word)
		require.False(t, ok)
	}
	_, ok = code.LookupHolderCode("身份证")
	require.False(t, ok)
}

func TestIssuerLevels(t *testing.T) {
	for word, want := range map[string]string{"2": "2", "省级": "2", "设区市级": "3",
		"县级": "4", "乡镇级": "5", "国家": "1", "其他": "9"} {
		l, ok := code.LookupIssuerLevel(word)
		require.True(t, ok, word)
		require.Equal(t, want, l.Code)
	}
	_, ok := code.LookupIssuerLevel("")
	require.False(t, ok)
}

func TestDate(t *testing.T) {
	require.Equal(t, "2009-03-01", code.Date{Year: 2009, Month: 3, Day: 1}.String())
	require.Empty(t, code.Date{}.String())
	for d, want := range map[code.Date]bool{
		{2000, 2, 29}: true, {1900, 2, 29}: false, {2009, 2, 30}: false, {2009, 4, 31}: false, {2009, 12, 31}: true,
		{2009, 0, 1}: false, {2009, 13, 1}: false, {2009, 1, 0}: false, {1799, 1, 1}: false,
		{9999, 12, 31}: true, {10000, 1, 1}: false,
	} {
		require.Equal(t, want, d.Valid(), d)
	}
	require.NotPanics(t, func() { _ = code.Date{Year: -5, Month: -5, Day: -5}.String() })
}

func FuzzDivision(f *testing.F) {
	f.Add("350524")
	f.Add("福建省泉州市")
	f.Fuzz(func(t *testing.T, s string) {
		if d, ok := code.LookupDivision(s); ok {
			require.Equal(t, s, d.Code)
			require.True(t, code.DivisionKnown(s))
			require.NotEmpty(t, code.CurrentDivisions(s))
		}
		for _, d := range code.FindDivisions(s) {
			require.NotEmpty(t, d.FullName())
		}
		code.FindHolderCode(s)
	})
}

func BenchmarkLookupDivision(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := code.LookupDivision("350524"); !ok {
			b.Fatal()
		}
	}
}
