package record_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/record"
)

// twentyFields are as many as a licence of the stock commonly has.
func twentyFields() []record.Disclosure {
	list := make([]record.Disclosure, 20)
	for i := range list {
		list[i] = record.Disclosure{Name: fmt.Sprintf("element-%02d", i), Salt: salt(byte(i)), Value: "示范县样例食品有限公司"}
	}
	return list
}

func BenchmarkRecordAppend(b *testing.B) {
	r := convertedRecord()
	r.Fields = fields(twentyFields())
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Append(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRecordParse(b *testing.B) {
	r := convertedRecord()
	r.Fields = fields(twentyFields())
	raw := bytesOf(b, r)
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := record.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEventAppend(b *testing.B) {
	e := issuedEvent()
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Append(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEventParse(b *testing.B) {
	raw := bytesOf(b, issuedEvent())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := record.ParseEvent(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAuditAppend(b *testing.B) {
	e := lookupEntry()
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Append(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDisclosureDigest(b *testing.B) {
	for _, n := range []int{1, 11, 200} {
		d := record.Disclosure{Name: "holder-name", Salt: salt(1), Value: strings.Repeat("字", n)}
		b.Run(fmt.Sprintf("%dB", len(d.Value)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Digest()
			}
		})
	}
}

func BenchmarkDisclosures(b *testing.B) {
	list := twentyFields()
	raw, err := record.AppendDisclosures(nil, list)
	require.NoError(b, err)
	r := recordOf(list)
	b.Run("append", func(b *testing.B) {
		buf := make([]byte, 0, 4096)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := record.AppendDisclosures(buf, list); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := record.ParseDisclosures(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := r.CheckDisclosures(list); err != nil {
				b.Fatal(err)
			}
		}
	})
}
