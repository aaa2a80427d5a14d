package pdf

import (
	"maps"
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
		rect = append(rect, x)
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
	return u.extend(page.Dict, page.Ref, "Annots", ref)
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

// extend adds an element to a list of a dictionary that is an object of its own.
func (u *Update) extend(d Dict, at Ref, key Name, element Ref) error {
	list, err := u.f.array(d[key])
	if err != nil {
		return err
	}
	list = append(slices.Clone(list), element)
	if r, ok := d[key].(Ref); ok && len(list) > 1 {
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
	if r, ok := form["Fields"].(Ref); ok && len(list) > 1 {
		u.Replace(r, list)
	} else {
		form["Fields"] = list
	}
	r, ok := catalog["AcroForm"].(Ref)
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
