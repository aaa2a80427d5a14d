package document_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/document"
)

// BenchmarkDraw is what one document costs before it is sealed: laid out, composed, packed.
func BenchmarkDraw(b *testing.B) {
	for _, c := range []struct {
		name  string
		fonts func(testing.TB) document.Fonts
	}{
		{"names", func(testing.TB) document.Fonts { return document.Fonts{} }},
		{"embedded", func(tb testing.TB) document.Fonts { tb.Helper(); return document.Fonts{Body: microhei(tb)} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := drawer(b, c.fonts(b))
			typ := shippedType(b, "business-licence")
			l := signed(b, typ, sample(typ))
			var size int
			b.ReportAllocs()
			for b.Loop() {
				drawing, err := d.Draw(l)
				require.NoError(b, err)
				out, err := drawing.OFD()
				require.NoError(b, err)
				size = len(out)
			}
			b.ReportMetric(float64(size), "bytes/doc")
		})
	}
}

// BenchmarkPNG is one page in dots.
func BenchmarkPNG(b *testing.B) {
	d := drawer(b, document.Fonts{Body: microhei(b)})
	typ := shippedType(b, "business-licence")
	drawing := draw(b, d, signed(b, typ, sample(typ)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := drawing.PNG(0, 150)
		require.NoError(b, err)
	}
}
