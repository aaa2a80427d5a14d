package catalogue_test

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/vault/catalogue"
)

func encoded(t *testing.T, w, h int, format string) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 7)
	}
	var b bytes.Buffer
	switch format {
	case "jpeg":
		require.NoError(t, jpeg.Encode(&b, m, nil))
	case "gif": // which the program of the test can decode
		require.NoError(t, gif.Encode(&b, m, nil))
	default:
		require.NoError(t, png.Encode(&b, m))
	}
	return b.Bytes()
}

func TestCheckImage(t *testing.T) {
	c := compile(t, base)
	col, _ := c.Column("KZ_ZP")
	good := encoded(t, 60, 80, "jpeg")
	for _, tc := range []struct {
		name    string
		content []byte
		want    catalogue.Code
	}{
		{"jpeg", good, ""},
		{"png", encoded(t, 60, 80, "png"), ""},
		{"nothing", nil, catalogue.CodeImageBytes},
		{"more bytes than the type takes", append(bytes.Clone(good), make([]byte, 1<<20)...), catalogue.CodeImageBytes},
		{"another format", encoded(t, 60, 80, "gif"), catalogue.CodeImageKind},
		{"text", []byte("照片"), catalogue.CodeImageKind},
		{"cut in the middle", good[:len(good)/2], catalogue.CodeImageKind},
		{"cut in its head", good[:20], catalogue.CodeImageKind},
		{"too small", encoded(t, 31, 80, "png"), catalogue.CodeImagePixels},
		{"too many pixels", encoded(t, 5000, 5000, "png"), catalogue.CodeImagePixels},
	} {
		t.Run(tc.name, func(t *testing.T) {
			problems := col.CheckImage(tc.content)
			if tc.want == "" {
				require.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			require.Equal(t, tc.want, problems[0].Code)
			require.NotEmpty(t, problems[0].Text(catalogue.ZH))
			require.NotEmpty(t, problems[0].Fix(catalogue.EN))
		})
	}
	other, _ := c.Column("KZ_LB")
	require.Equal(t, catalogue.CodeValueImage, other.CheckImage(good)[0].Code)
}
