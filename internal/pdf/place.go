package pdf

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
)

// NewField is a signature field that is to be added.
type NewField struct {
	Value Dict // signature dictionary, without ByteRange and Contents
	Room  int  // octets for the value
	Page  int  // from 1; it is shown there, or not at all if Rect is empty
	Rect  [4]float64
	Look  Object // appearance, a form XObject; nil: none
	// Certifies has the signature certify the document against any change (DocMDP, P=1, 12.8.2.2).
	Certifies bool
}

// AddField adds a signed field behind those that are there.
func (u *Update) AddField(n NewField) error {
	pages, err := u.f.Pages()
	if err != nil {
		return err
	}
	if n.Page < 1 || n.Page > len(pages) {
		return refuse(ReasonInput, "page %d of %d", n.Page, len(pages))
	}
	page := pages[n.Page-1]
	if list, err := u.f.Signatures(); err != nil || len(list) >= MaxSignatures {
		return cmp.Or(err, refuse(ReasonLimit, "no room for another signature"))
	}
	name, err := u.f.FreeName()
	if err != nil {
		return err
	}
	if n.Certifies {
		n.Value["Reference"] = Array{Dict{
			"Type": Name("SigRef"), "TransformMethod": Name("DocMDP"),
			"TransformParams": Dict{"Type": Name("TransformParams"), "P": int64(1), "V": Name("1.2")},
		}}
	}
	rect := Array{}
	for _, x := range n.Rect {
		rect = append(rect, number(x))
	}
	const printLocked = 4 | 128 // 12.5.3
	field := Dict{
		"Type": Name("Annot"), "Subtype": Name("Widget"), "FT": Name("Sig"), "T": NewText(name),
		"F": int64(printLocked), "Rect": rect, "P": page.Ref, "V": u.AddSignature(n.Value, n.Room),
	}
	var permissions Object
	if n.Certifies {
		permissions = Dict{"DocMDP": field["V"]}
	}
	if n.Look != nil {
		field["AP"] = Dict{"N": n.Look}
	}
	ref := u.Add(field)
	if err := u.extendForm(ref, permissions); err != nil {
		return err
	}
	if err := u.extend(page.Dict, page.Ref, "Annots", ref); err != nil {
		return err
	}
	return u.oneEnd()
}

// number is an integer where that says the same.
func number(x float64) Object {
	if x == math.Trunc(x) && math.Abs(x) < math.MaxInt32 {
		return int64(x)
	}
	return x
}

// FreeName is a name that no field has: that of the next field that is added.
func (f *File) FreeName() (string, error) {
	fields, err := f.SignatureFields()
	if err != nil {
		return "", err
	}
	for i := len(fields) + 1; ; i++ {
		name := "Signature" + strconv.Itoa(i)
		if !slices.ContainsFunc(fields, func(had Field) bool { return had.Name == name }) {
			return name, nil
		}
	}
}

// extend adds an element to a list of a dictionary that is an object of its own. A list that something else refers to
// as well, another page, stays as it is, and the dictionary gets its own.
func (u *Update) extend(d Dict, at Ref, key Name, element Ref) error {
	list, err := u.f.array(d[key])
	if err != nil {
		return err
	}
	list = append(slices.Clone(list), element)
	if r, ok := u.own(d[key]); ok && len(list) > 1 {
		u.Replace(r, list)
		return nil
	}
	d = maps.Clone(d)
	d[key] = list
	u.Replace(at, d)
	return nil
}

// extendForm adds a field to the form, and the form to the catalog if there is none, with what a signature permits. A
// form in XFA is not one.
func (u *Update) extendForm(field Ref, permissions Object) error {
	root, _ := u.f.Trailer()["Root"].(Ref)
	catalog, err := u.f.catalog()
	if err != nil {
		return err
	}
	form, err := u.f.dict(catalog["AcroForm"])
	if err != nil {
		return err
	}
	if form["XFA"] != nil {
		return refuse(ReasonStructure, "a form in XFA")
	}
	list, err := u.f.array(form["Fields"])
	if err != nil {
		return err
	}
	list = append(slices.Clone(list), field)
	form = maps.Clone(form)
	if form == nil {
		form = Dict{}
	}
	const signedAppendOnly = 1 | 2 // 12.7.3
	form["SigFlags"] = int64(signedAppendOnly)
	if r, ok := u.own(form["Fields"]); ok && len(list) > 1 {
		u.Replace(r, list)
	} else {
		form["Fields"] = list
	}
	r, ok := u.own(catalog["AcroForm"])
	if ok {
		u.Replace(r, form)
	}
	if ok && permissions == nil {
		return nil
	}
	catalog = maps.Clone(catalog)
	if !ok {
		catalog["AcroForm"] = form
	}
	if permissions != nil {
		catalog["Perms"] = permissions
	}
	u.Replace(root, catalog)
	return nil
}
