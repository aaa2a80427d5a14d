package vault_test

import (
	"bytes"
	"encoding/hex"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// photo is a made-up picture in one shade.
func photo(t testing.TB, shade uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 60, 80))
	for i := range m.Pix {
		m.Pix[i] = shade
	}
	m.Set(3, 3, color.White)
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, m, nil))
	return b.Bytes()
}

func digestOf(content []byte) string {
	d := record.Sum(content)
	return hex.EncodeToString(d[:])
}

// newImageWorld is a vault in which food licences bear a photo.
func newImageWorld(t *testing.T) (*world, *drawings) {
	t.Helper()
	w, d := newDrawingWorld(t)
	_, err := w.redefine(foodType, func(def *catalogue.Type) {
		def.Version++
		def.Fields = append(def.Fields, catalogue.Field{
			Name: "KZ_ZP", Label: "照片", Kind: catalogue.KindImage, Rules: catalogue.Rules{MaxBytes: 64 << 10},
		})
	})
	require.NoError(t, err, problemsOf(err))
	return w, d
}

func withPhoto(req vault.Request, content []byte) vault.Request {
	req.Images = map[string][]byte{"KZ_ZP": content}
	return req
}

// TestImage_A72: the photo of a licence is a blob that its record names by its digest; it is on the page, and with the
// licence in every later version, whoever brings the next one.
func TestImage_A72(t *testing.T) {
	w, d := newImageWorld(t)
	first, second := photo(t, 90), photo(t, 190)
	a, err := w.v.Issue(t.Context(), department(0), withPhoto(w.complete(food("k", number(1))), first))
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, map[string][]byte{"KZ_ZP": first}, d.images)
	res, err := w.v.Lookup(t.Context(), byLaw(), vault.Query{Type: foodType, Number: number(1)})
	require.NoError(t, err)
	require.Equal(t, digestOf(first), res.Found[0].Version.Value("KZ_ZP"))
	act := vault.Act{
		Key: "c", Identifier: a.Identifier, Reason: "理由", Basis: "依据", Values: map[string]string{"CZZT": "示例改名有限公司"},
	}
	a, err = w.v.Change(t.Context(), department(0), act)
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, map[string][]byte{"KZ_ZP": first}, d.images, "it stays")
	act = vault.Act{
		Key: "p", Identifier: a.Identifier, Reason: "理由", Basis: "依据", Images: map[string][]byte{"KZ_ZP": second},
	}
	a, err = w.v.Change(t.Context(), department(0), act)
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, map[string][]byte{"KZ_ZP": second}, d.images)
	got, err := w.v.Image(t.Context(), byLaw(), a.Identifier, "KZ_ZP")
	require.NoError(t, err)
	require.Equal(t, second, got)
	drawable, err := w.v.Drawable(t.Context(), byLaw(), a.Identifier)
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"KZ_ZP": second}, drawable.Images)
	_, err = w.v.Image(t.Context(), byLaw(), a.Identifier, "KZ_ZS")
	require.ErrorIs(t, err, vault.ErrNotFound)
	CheckVault(t, w.v)
}

// TestImageOfReservation_A72: the photo of a reservation waits with it, and the sweep leaves it alone.
func TestImageOfReservation_A72(t *testing.T) {
	w, d := newImageWorld(t)
	req := withPhoto(w.complete(food("k", "")), photo(t, 90))
	req.Paper, req.Division = "", "350102"
	ticket, err := w.v.Reserve(t.Context(), department(0), req)
	require.NoError(t, err, problemsOf(err))
	w.now = w.now.AddDate(0, 0, 40)
	_, err = w.v.Sweep(t.Context(), operator(), w.now, false)
	require.NoError(t, err)
	_, err = w.v.Confirm(t.Context(), department(0), vault.Confirmation{
		Key: "confirm", Identifier: ticket.Identifier, Paper: "纸后",
	})
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, req.Images, d.images)
	req = withPhoto(w.complete(food("one call", "")), photo(t, 91))
	req.Division = "350102"
	_, err = w.v.Issue(t.Context(), department(0), req)
	require.NoError(t, err, problemsOf(err))
	require.Equal(t, req.Images, d.images)
	CheckVault(t, w.v)
}

// TestImageRefused: what is no photo of the type is refused with everything else that is wrong, and stored nowhere.
func TestImageRefused(t *testing.T) {
	w, _ := newImageWorld(t)
	good := photo(t, 90)
	w.issue("other", number(9))
	for _, tc := range []struct {
		name  string
		do    func(*vault.Request)
		wants []vault.Code
	}{
		{"no image", func(r *vault.Request) { r.Images["KZ_ZP"] = []byte("GIF89a") },
			[]vault.Code{vault.Code(catalogue.CodeImageKind)}},
		{"too large", func(r *vault.Request) { r.Images["KZ_ZP"] = append(bytes.Clone(good), make([]byte, 64<<10)...) },
			[]vault.Code{vault.Code(catalogue.CodeImageBytes)}},
		{"element without images", func(r *vault.Request) { r.Images["KZ_ZS"] = good },
			[]vault.Code{vault.Code(catalogue.CodeValueImage)}},
		{"no such element", func(r *vault.Request) { r.Images["KZ_NONE"] = good }, []vault.Code{vault.CodeFieldUnknown}},
		{"digest alone", func(r *vault.Request) { r.Images, r.Values["KZ_ZP"] = nil, digestOf(good) },
			[]vault.Code{vault.CodeImageUnknown}},
		{"digest of another", func(r *vault.Request) { r.Values["KZ_ZP"] = digestOf([]byte("x")) },
			[]vault.Code{vault.CodeFieldTwice}},
		{"together with other problems", func(r *vault.Request) {
			r.Images["KZ_ZP"], r.Values["CZZT"] = []byte("x"), ""
		}, []vault.Code{vault.Code(catalogue.CodeImageKind), vault.Code(catalogue.CodeValueMissing)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before, blobs := content(t, w.engine), keysOf(t, w.blobs)
			req := withPhoto(w.complete(food(tc.name, number(1))), good)
			tc.do(&req)
			_, err := w.v.Issue(t.Context(), department(0), req)
			require.ErrorIs(t, err, vault.ErrInvalid)
			var codes []vault.Code
			for _, p := range problemsIn(err) {
				codes = append(codes, p.Code)
			}
			require.Equal(t, tc.wants, codes, problemsOf(err))
			_, err = w.v.Validate(t.Context(), department(0), req)
			require.ErrorIs(t, err, vault.ErrInvalid)
			require.Equal(t, before, content(t, w.engine))
			require.Equal(t, blobs, keysOf(t, w.blobs))
		})
	}
}

// TestImageOfAnother: knowing the digest of somebody else's photo brings it on no licence of one's own.
func TestImageOfAnother(t *testing.T) {
	w, _ := newImageWorld(t)
	_, err := w.v.Issue(t.Context(), department(0), withPhoto(w.complete(food("k", number(1))), photo(t, 90)))
	require.NoError(t, err)
	other := w.issue("o", number(2))
	_, err = w.v.Change(t.Context(), department(0), vault.Act{
		Key: "c", Identifier: other.Identifier, Reason: "理由", Basis: "依据",
		Values: map[string]string{"KZ_ZP": digestOf(photo(t, 90))},
	})
	require.ErrorIs(t, err, vault.ErrInvalid)
	require.Equal(t, vault.CodeImageUnknown, vault.CodeOf(err))
}

// removeAll takes every key that begins so out of an engine.
func removeAll(t *testing.T, e engine.Engine, prefix string) {
	t.Helper()
	for _, k := range keysOf(t, e) {
		if strings.HasPrefix(k, prefix) {
			remove(t, e, k)
		}
	}
}

// TestImageIsInspected: an image that is gone, or that nothing finds any more, does not pass the inspection.
func TestImageIsInspected(t *testing.T) {
	for name, damage := range map[string]func(*testing.T, *world){
		"gone": func(t *testing.T, w *world) {
			t.Helper()
			removeAll(t, w.blobs, "")
		},
		"not found by its licence": func(t *testing.T, w *world) {
			t.Helper()
			removeAll(t, w.engine, "I")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := newImageWorld(t)
			d.none = true
			_, err := w.v.Issue(t.Context(), department(0), withPhoto(w.complete(food("k", number(1))), photo(t, 90)))
			require.NoError(t, err)
			in, err := w.v.Inspect(t.Context(), operator(), nil)
			require.NoError(t, err)
			require.Empty(t, in.Findings)
			require.Equal(t, 1, in.Blobs)
			damage(t, w)
			in, err = w.v.Inspect(t.Context(), operator(), nil)
			require.NoError(t, err)
			require.NotEmpty(t, in.Findings)
		})
	}
}

// TestConvertedImage_A73: a converted row brings its photo; one whose value no image opens is no draft.
func TestConvertedImage_A73(t *testing.T) {
	w, d := newImageWorld(t)
	lt, err := w.v.Type(t.Context(), foodType)
	require.NoError(t, err)
	b, err := w.v.OpenBatch(t.Context(), department(0), vault.BatchSpec{
		Type: foodType, File: record.Sum([]byte("file")), Mapping: record.Sum([]byte("mapping")), FileName: "f.csv",
	})
	require.NoError(t, err)
	scan, err := b.PutScan(t.Context(), photo(t, 90))
	require.NoError(t, err)
	m := vault.Image(scan)
	values := food("", number(1)).Values
	values["KZ_ZP"] = m.Value()
	w.fill(lt, values)
	d0 := fixtures.Departments()[0]
	values["ZZMC"], values["ZZBFJG"], values["ZZBFJGDM"] = lt.Definition.Name, d0.Name, d0.Code
	row, _, problems := lt.Normalise(values, record.DateOf(w.now))
	require.Empty(t, problems)
	issuer, name := b.Issuer()
	draft := vault.Draft{
		Row: row, Issuer: issuer, Source: &record.Source{File: record.Sum([]byte("file")), Row: 1, Batch: "b"},
	}
	_, problems = lt.Check(draft, name, record.DateOf(w.now), true)
	require.Equal(t, vault.CodeImageUnknown, problems[0].Code)
	draft.Images = []vault.Image{m}
	checked, problems := lt.Check(draft, name, record.DateOf(w.now), true)
	require.Empty(t, problems)
	p, err := b.Prepare(t.Context(), 0, []vault.BatchRow{{Row: 1, Draft: checked}})
	require.NoError(t, err)
	_, err = b.Commit(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"KZ_ZP": photo(t, 90)}, d.images)
	CheckVault(t, w.v)
}

// TestChangeOfNothing: a change to what the licence says already makes no version, and its answer says so, also when it
// is asked for once more; anything that differs makes one.
func TestChangeOfNothing(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	act := vault.Act{
		Key: "c", Identifier: a.Identifier, Reason: "理由", Basis: "依据", Values: map[string]string{"CZZT": "示例食品有限公司"},
	}
	before := content(t, w.engine)
	same, err := w.v.Change(t.Context(), department(0), act)
	require.NoError(t, err, problemsOf(err))
	want := &vault.Answer{
		Identifier: a.Identifier, Version: 1, State: vault.Valid, Record: a.Record, Unchanged: true,
	}
	require.Equal(t, want, same)
	after := content(t, w.engine)
	require.Len(t, after, len(before)+1, "the key and its answer")
	entries := w.auditEntries()
	require.Equal(t, "unchanged", entries[len(entries)-1].Result)
	again, err := w.v.Change(t.Context(), department(0), act)
	require.NoError(t, err)
	want.Replayed = true
	require.Equal(t, want, again)
	for key, differs := range map[string]func(*vault.Act){
		"value": func(a *vault.Act) { a.Values = map[string]string{"CZZT": "示例改名有限公司"} },
		"paper": func(a *vault.Act) { a.Paper = "新纸" },
	} {
		act := act
		act.Key = key
		differs(&act)
		got, err := w.v.Change(t.Context(), department(0), act)
		require.NoError(t, err, problemsOf(err))
		require.False(t, got.Unchanged, key)
		act.Identifier = got.Identifier
	}
	_, err = w.redefine(foodType, func(def *catalogue.Type) { def.Version++; def.Name = "改名许可证" })
	require.NoError(t, err, problemsOf(err))
	act.Key, act.Values = "definition", nil
	got, err := w.v.Change(t.Context(), department(0), act)
	require.NoError(t, err, problemsOf(err))
	require.False(t, got.Unchanged, "its type is another now")
	CheckVault(t, w.v)
}

// TestForbiddenNamesTheState: the refusal says in which state the licence is and what is possible from there.
func TestForbiddenNamesTheState(t *testing.T) {
	w := newWorld(t)
	a := w.issue("k", number(1))
	act := vault.Act{Key: "r", Identifier: a.Identifier, Reason: "理由", Basis: "依据"}
	_, err := w.v.Resume(t.Context(), department(0), act)
	require.ErrorIs(t, err, vault.ErrTransition)
	p := problemsIn(err)[0]
	require.Equal(t, vault.CodeStateForbids, p.Code)
	require.Equal(t, "valid", p.Found)
	require.Equal(t, "证照当前状态为“有效”，不允许恢复；此状态下可以办理：批量转换、变更、延续、补证、换证、暂停、注销、吊销、撤销、替换、附上文件", p.Zh)
	act.Key, act.Kind = "e", record.EventRevoked
	_, err = w.v.Revoke(t.Context(), department(0), act)
	require.NoError(t, err)
	act.Key = "s"
	_, err = w.v.Suspend(t.Context(), department(0), act)
	require.Equal(t, "the licence is revoked, which does not allow: suspend; possible now: attach a document",
		problemsIn(err)[0].En)
}
