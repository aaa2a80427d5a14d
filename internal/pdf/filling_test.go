package pdf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/pdf"
)

// form is a document with two fields of text, the second not for filling in.
func form() []byte {
	return craft("", "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R 5 0 R]/SigFlags 3>>>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[4 0 R 5 0 R]/Contents 6 0 R>>",
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/Rect[0 0 9 9]/AP<</N 7 0 R>>>>",
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(office)/Ff 1/V(a)/Rect[0 0 9 9]>>",
		"<</Length 3>>\nstream\nq Q\nendstream", "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 3>>\nstream\nq Q\nendstream")
}

// allowing has a signature say what may follow it.
func allowing(level int64, locked ...pdf.Object) func(*pdf.NewField) {
	return func(n *pdf.NewField) {
		list := pdf.Array{pdf.Dict{"TransformMethod": pdf.Name("DocMDP"), "TransformParams": pdf.Dict{"P": level}}}
		if len(locked) > 0 {
			list = append(list, pdf.Dict{"TransformMethod": pdf.Name("FieldMDP"), "TransformParams": pdf.Dict{
				"Action": pdf.Name("Include"), "Fields": pdf.Array(locked),
			}})
		}
		n.Value["Reference"] = list
	}
}

func widget(more pdf.Dict) pdf.Dict {
	d := pdf.Dict{
		"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Widget"), "FT": pdf.Name("Tx"), "T": pdf.NewText("name"),
		"Rect": pdf.Array{int64(0), int64(0), int64(9), int64(9)}, "AP": pdf.Dict{"N": ref(7)},
	}
	for k, v := range more {
		d[k] = v
	}
	return d
}

// TestFilling: fields that the signer left open may be filled in and then signed; nothing else may be done to them.
func TestFilling(t *testing.T) {
	fill := func(u *pdf.Update) { u.Replace(ref(4), widget(pdf.Dict{"V": pdf.NewText("x")})) }
	for name, test := range map[string]struct {
		first            func(*pdf.NewField)
		edit             func(*pdf.Update)
		unsigned         bool
		filled           int
		other, forbidden []string
	}{
		"filled in":                   {first: allowing(2), edit: fill, filled: 1},
		"annotations allowed too":     {first: allowing(3), edit: fill, filled: 1},
		"the signer said nothing":     {edit: fill, other: []string{"form field object 4"}},
		"nothing allowed":             {first: allowing(1), edit: fill, other: []string{"form field object 4"}, forbidden: []string{"a signature that the certification does not permit"}},
		"nobody signed":               {first: allowing(2), edit: fill, unsigned: true, filled: 1, other: []string{"form fields filled in that nobody signed"}},
		"locked":                      {first: allowing(2, pdf.NewText("name")), edit: fill, filled: 1, forbidden: []string{"a form field that is locked"}},
		"another locked":              {first: allowing(2, pdf.NewText("nam")), edit: fill, filled: 1},
		"a lock that is not readable": {first: allowing(2, int64(1)), edit: fill, filled: 1, forbidden: []string{"a form field that is locked", "a signature in a field that is locked"}},
		"not for filling in": {first: allowing(2), edit: func(u *pdf.Update) {
			u.Replace(ref(5), pdf.Dict{
				"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Widget"), "FT": pdf.Name("Tx"), "T": pdf.NewText("office"), "Ff": int64(1),
				"V": pdf.NewText("b"), "Rect": pdf.Array{int64(0), int64(0), int64(9), int64(9)},
			})
		}, other: []string{"form field object 5"}},
		"moved over the page": {first: allowing(3), edit: func(u *pdf.Update) {
			u.Replace(ref(4), widget(pdf.Dict{"Rect": pdf.Array{int64(0), int64(0), int64(99), int64(99)}}))
		}, other: []string{"form field object 4"}},
		"with an action": {first: allowing(2), edit: func(u *pdf.Update) {
			u.Replace(ref(4), widget(pdf.Dict{"A": pdf.Dict{}}))
		}, other: []string{"form field object 4"}},
		"drawn anew": {first: allowing(2), edit: func(u *pdf.Update) {
			fill(u)
			u.Replace(ref(7), pdf.Dict{})
		}, filled: 1, other: []string{"object 7"}},
		"an annotation": {first: allowing(3), edit: func(u *pdf.Update) {
			u.Replace(ref(3), pdf.Dict{"Type": pdf.Name("Page"), "Annots": pdf.Array{u.Add(pdf.Dict{"Subtype": pdf.Name("FreeText")})}})
		}, other: []string{"page object 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			doc := update(t, sign(t, form(), test.first), test.edit)
			if !test.unsigned {
				doc = sign(t, doc, nil)
			}
			f, s := first(t, doc)
			changes, err := f.Changes(s)
			require.NoError(t, err)
			require.Equal(t, test.other, changes.Other)
			require.Equal(t, test.forbidden, changes.Forbidden)
			require.Equal(t, test.filled, changes.Filled)
		})
	}
}

// TestFillingInPlace: an appearance may be written anew in its place if it serves the field alone.
func TestFillingInPlace(t *testing.T) {
	refill := func(doc []byte) *pdf.Changes {
		doc = update(t, sign(t, doc, allowing(2)), func(u *pdf.Update) {
			u.Replace(ref(4), widget(pdf.Dict{"V": pdf.NewText("x")}))
			u.ReplaceStream(ref(7), pdf.Dict{"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Form")}, []byte("x"))
		})
		f, s := first(t, sign(t, doc, nil))
		changes, err := f.Changes(s)
		require.NoError(t, err)
		return changes
	}
	require.Empty(t, refill(form()).Other)
	shared := replaced(t, form(), "/Contents 6 0 R", "/Contents 7 0 R")
	require.Equal(t, []string{"object 7"}, refill(shared).Other)
}

// TestFillingBelow: a field has its flags from those above it.
func TestFillingBelow(t *testing.T) {
	fill := func(flags string) string {
		doc := craft("", "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/SigFlags 3>>>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
			"<</Type/Page/Parent 2 0 R/Annots[5 0 R]>>", "<</FT/Tx/T(a)/Kids[5 0 R]"+flags+">>", "<</Subtype/Widget/T(b)/Parent 4 0 R/Rect[0 0 9 9]>>")
		signed := sign(t, doc, allowing(2))
		return found(t, sign(t, revised(t, signed, "", map[int]string{5: again(t, signed, 5, "/T(b)", "/T(b)/V(x)")}), nil))
	}
	require.Equal(t, "sound, sound", fill(""))
	require.Equal(t, "changed, sound", fill("/Ff 1"))
}

// TestLock: what a field says that signing it locks counts as what the signature says.
func TestLock(t *testing.T) {
	for name, test := range map[string]struct {
		lock  pdf.Dict
		level int
		locks bool
	}{
		"all":             {pdf.Dict{"Action": pdf.Name("All")}, 0, true},
		"level":           {pdf.Dict{"Action": pdf.Name("Include"), "P": int64(1)}, 1, false},
		"no level":        {pdf.Dict{"Action": pdf.Name("Include"), "P": pdf.Name("x")}, 1, false},
		"named":           {pdf.Dict{"Action": pdf.Name("Include"), "Fields": pdf.Array{pdf.NewText("a")}}, 0, true},
		"all but":         {pdf.Dict{"Action": pdf.Name("Exclude"), "Fields": pdf.Array{pdf.NewText("a")}}, 0, false},
		"nothing is said": {pdf.Dict{}, 0, true},
	} {
		doc := sign(t, plain(), nil)
		doc = update(t, doc, func(u *pdf.Update) {
			u.Replace(ref(8), pdf.Dict{"FT": pdf.Name("Sig"), "T": pdf.NewText("Signature1"), "V": ref(7), "Lock": test.lock})
		})
		_, s := first(t, doc)
		require.Equal(t, test.level, s.Permissions.Level, name)
		require.Equal(t, test.locks, s.Permissions.Locks("a.b"), name)
		require.False(t, s.Permissions.Certifies)
	}
	unread := pdf.Dict{"Action": pdf.Name("Exclude"), "Fields": pdf.Array{&pdf.String{Value: []byte{0xe9}}}}
	doc := update(t, sign(t, plain(), nil), func(u *pdf.Update) {
		u.Replace(ref(8), pdf.Dict{"FT": pdf.Name("Sig"), "T": pdf.NewText("Signature1"), "V": ref(7), "Lock": unread})
	})
	_, s := first(t, doc)
	require.True(t, s.Permissions.Locks(pdf.Text([]byte{0xea})), "another letter that is not read either")
}
