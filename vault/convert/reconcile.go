package convert

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// Reconciliation (对账) holds the rows of a file against the numbers they bear: for each year of issue and series of
// numbers, what was seen and what is missing between the first and the last. A number that a refused row bears counts
// as seen: it is in the ledger. Numbers whose year cannot be read make no range: they stand in one line,
// record.YearUnreadable, and fill a gap only where their series has numbers of a single year.
type Reconciliation struct {
	Balanced bool          `json:"balanced"` // every row is accounted for
	Spans    []record.Span `json:"spans"`
	Gaps     []Gap         `json:"gaps,omitempty"`
	MoreGaps int           `json:"more_gaps,omitempty"` // gaps that are not listed
	Capped   bool          `json:"capped,omitempty"`    // too many numbers to hold each: some gaps are only counted
	Merged   int           `json:"merged,omitempty"`    // series that were too many to list and are added up in "-"
}

// Gap is a run of numbers that a series lacks.
type Gap struct {
	Year   int    `json:"year"`
	Series string `json:"series"`
	From   string `json:"from"`
	To     string `json:"to"`
	Count  int    `json:"count"`
}

// Limits of what is held in memory and listed.
const (
	maxSeries   = 4096    // followed number by number
	maxSpans    = 200     // in a report and a certificate
	maxGaps     = 1000    // in a report
	maxChunks   = 1 << 16 // of chunkBits numbers each: 16 MiB
	chunkWords  = 16
	chunkBits   = chunkWords * 64
	maxRunning  = 18 // digits of a running number
	openSeries  = "-"
	maxWordSize = 200
)

// ledgerNumbers follows the numbers of a file.
type ledgerNumbers struct {
	rule   *catalogue.Rule // nil: none
	series map[seriesKey]*series
	rest   map[int]*series // by year, for series beyond maxSeries and numbers that do not run
	chunks int
	capped bool
	merged int
}

// chunk is which of chunkBits numbers were seen.
type chunk [chunkWords]uint64

type seriesKey struct {
	year   int
	prefix string
}

func (k seriesKey) compare(o seriesKey) int {
	return cmp.Or(cmp.Compare(k.year, o.year), cmp.Compare(k.prefix, o.prefix))
}

// series is the numbers of one year that differ in their running digits only.
type series struct {
	digits      int // of the shortest, for printing
	first, last uint64
	seen        int // different numbers; rows, if not every number is held
	chunks      map[uint64]*chunk
	loose       bool // numbers are not held
}

func newLedgerNumbers(rule catalogue.Numbering) *ledgerNumbers {
	r, err := rule.Rule()
	if err != nil { // numbers of this type follow no rule
		r = nil
	}
	return &ledgerNumbers{rule: r, series: make(map[seriesKey]*series), rest: make(map[int]*series)}
}

// add notes the number of a row and its year of issue, 0 if that cannot be read.
func (n *ledgerNumbers) add(number string, year int) {
	if number == "" {
		return
	}
	prefix, running, digits := n.split(number)
	if prefix == openSeries {
		n.addLoose(year)
		return
	}
	k := seriesKey{year, prefix}
	s := n.series[k]
	if s == nil {
		if len(n.series) == maxSeries {
			n.merged++
			n.addLoose(year)
			return
		}
		s = &series{digits: digits, first: running, last: running, chunks: make(map[uint64]*chunk)}
		n.series[k] = s
	}
	n.mark(s, running, digits)
}

func (n *ledgerNumbers) addLoose(year int) {
	s := n.rest[year]
	if s == nil {
		s = &series{loose: true}
		n.rest[year] = s
	}
	s.seen++
}

func (n *ledgerNumbers) mark(s *series, running uint64, digits int) {
	s.first, s.last, s.digits = min(s.first, running), max(s.last, running), min(s.digits, digits)
	if s.loose {
		s.seen++
		return
	}
	at, bit := running/chunkBits, running%chunkBits
	c := s.chunks[at]
	if c == nil {
		if n.chunks == maxChunks {
			n.capped, s.loose = true, true
			n.chunks -= len(s.chunks)
			s.chunks = nil
			s.seen++
			return
		}
		n.chunks++
		c = new(chunk)
		s.chunks[at] = c
	}
	if mask := uint64(1) << (bit % 64); c[bit/64]&mask == 0 {
		c[bit/64] |= mask
		s.seen++
	}
}

// split parts a number into its series and its running digits: by the type's rule, or else the last run of digits.
// Numbers with a check digit at their end, as credit codes, do not run.
func (n *ledgerNumbers) split(number string) (prefix string, running uint64, digits int) {
	if n.rule != nil {
		if in, err := n.rule.Parse(number); err == nil {
			if scope, err := n.rule.ScopeKey(in); err == nil {
				return seriesName(scope), in.Sequence, 1
			}
		}
	}
	if len(number) == 18 && (code.CheckUSCC(number) == nil || code.CheckCitizenNumber(number) == nil) {
		return openSeries, 0, 0
	}
	end := strings.LastIndexAny(number, "0123456789") + 1
	from := end
	for from > 0 && end-from < maxRunning && number[from-1] >= '0' && number[from-1] <= '9' {
		from--
	}
	if from == end {
		return openSeries, 0, 0
	}
	running, err := strconv.ParseUint(number[from:end], 10, 64)
	if err != nil {
		return openSeries, 0, 0
	}
	return seriesName(number[:from] + "#" + number[end:]), running, end - from
}

// seriesName is a word that a certificate can hold.
func seriesName(s string) string {
	s = strings.Map(func(c rune) rune {
		if c <= ' ' || c == 0x7f || c == '\u3000' {
			return '_'
		}
		return c
	}, s)
	if s == "" || s == openSeries || len(s) > maxWordSize {
		return "#"
	}
	return s
}

// reconcile adds everything up.
func (n *ledgerNumbers) reconcile(counts record.Counts) Reconciliation {
	r := Reconciliation{Balanced: counts.Balanced(), Capped: n.capped, Merged: n.merged}
	undated := n.undated()
	keys := make([]seriesKey, 0, len(n.series))
	for k := range n.series {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b seriesKey) int {
		return cmp.Or(cmp.Compare(n.series[b].seen, n.series[a].seen), a.compare(b))
	})
	if room := maxSpans - 1 - len(n.rest); len(keys) > max(room, 0) {
		for _, k := range keys[max(room-1, 0):] { // the smallest are added up by year
			r.Merged++
			n.addLoose(k.year)
			n.rest[k.year].seen += n.series[k].seen - 1
		}
		keys = keys[:max(room-1, 0)]
	}
	slices.SortFunc(keys, seriesKey.compare)
	for _, k := range keys {
		r.span(k, n.series[k], undated.of(k.prefix))
	}
	years := make([]int, 0, len(n.rest))
	for y := range n.rest {
		years = append(years, y)
	}
	slices.Sort(years)
	for _, y := range years[:min(len(years), maxSpans-1)] {
		sp := record.Span{Year: y, Series: openSeries, First: openSeries, Last: openSeries, Seen: n.rest[y].seen}
		r.Spans = append(r.Spans, sp)
	}
	if undated.seen > 0 {
		r.Spans = append(r.Spans, record.Span{
			Series: record.YearUnreadable, First: openSeries, Last: openSeries, Seen: undated.seen,
		})
	}
	return r
}

// undated is the numbers whose year cannot be read.
type undated struct {
	seen   int
	series map[string]*series // by prefix; only where every number is held and the prefix has one year
}

func (u *undated) of(prefix string) *series { return u.series[prefix] }

// undated takes the numbers without a year out of the ranges.
func (n *ledgerNumbers) undated() *undated {
	u := &undated{series: make(map[string]*series)}
	years := make(map[string]int, len(n.series))
	for k := range n.series {
		if k.year != 0 {
			years[k.prefix]++
		}
	}
	for k, s := range n.series {
		if k.year != 0 {
			continue
		}
		u.seen += s.seen
		if years[k.prefix] == 1 && !s.loose {
			u.series[k.prefix] = s
		}
		delete(n.series, k)
	}
	if s := n.rest[0]; s != nil {
		u.seen += s.seen
		delete(n.rest, 0)
	}
	return u
}

// span describes one series and lists its gaps, without those that numbers of an unreadable year fill.
func (r *Reconciliation) span(k seriesKey, s, filling *series) {
	sp := record.Span{Year: k.year, Series: k.prefix, First: s.print(s.first), Last: s.print(s.last), Seen: s.seen}
	if s.loose {
		if width := s.last - s.first + 1; width > uint64(s.seen) { //nolint:gosec // a count
			sp.Missing = int(min(width-uint64(s.seen), record.MaxNumber)) //nolint:gosec // bounded
		}
		r.Spans = append(r.Spans, sp)
		return
	}
	missing := uint64(0)
	s.gaps(filling, func(from, to uint64) {
		missing += to - from + 1
		r.gap(Gap{
			Year: k.year, Series: k.prefix, From: s.print(from), To: s.print(to),
			Count: int(min(to-from+1, record.MaxNumber)),
		})
	})
	sp.Missing = int(min(missing, record.MaxNumber))
	r.Spans = append(r.Spans, sp)
}

func (r *Reconciliation) gap(g Gap) {
	if len(r.Gaps) == maxGaps {
		r.MoreGaps++
		return
	}
	r.Gaps = append(r.Gaps, g)
}

func (s *series) print(n uint64) string {
	text := strconv.FormatUint(n, 10)
	if len(text) < s.digits {
		text = strings.Repeat("0", s.digits-len(text)) + text
	}
	return text
}

// gaps visits the runs of numbers between first and last that were seen neither here nor in filling, which may be nil.
func (s *series) gaps(filling *series, visit func(from, to uint64)) {
	next := s.first
	s.numbers(filling, func(n uint64) {
		if n < next || n > s.last {
			return
		}
		if n > next {
			visit(next, n-1)
		}
		next = n + 1
	})
}

// numbers visits the numbers of one or two series, the lowest first.
func (s *series) numbers(other *series, visit func(uint64)) {
	var at []uint64
	sets := [2]map[uint64]*chunk{s.chunks, nil}
	if other != nil {
		sets[1] = other.chunks
	}
	for _, set := range sets {
		for a := range set {
			at = append(at, a)
		}
	}
	slices.Sort(at)
	for _, a := range slices.Compact(at) {
		for i := range uint64(chunkWords) {
			word := uint64(0)
			for _, set := range sets {
				if c := set[a]; c != nil {
					word |= c[i]
				}
			}
			for ; word != 0; word &= word - 1 {
				visit(a*chunkBits + i*64 + uint64(bits.TrailingZeros64(word))) //nolint:gosec // below 64
			}
		}
	}
}
