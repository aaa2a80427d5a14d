package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/internal/rule"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

// lacking refuses a request without a member that it needs.
func lacking(member string) error {
	p := codeProblem(CodeMember)
	p.Errors[0].Path = "/data/" + member
	return p
}

// member is one that a request needs.
type member struct{ name, value string }

// need refuses the first of the members that is empty.
func need(members ...member) error {
	for _, m := range members {
		if m.value == "" {
			return lacking(m.name)
		}
	}
	return nil
}

// byHolder are the licences of a type that a holder has; with a number, the one of that number.
func (r *sharing) byHolder(ctx context.Context, q *api.SharingQuery) ([]vault.Found, error) {
	err := need(member{"holderCode", q.HolderCode}, member{"holderTypeCode", q.HolderTypeCode},
		member{"certTypeCode", q.CertTypeCode}, member{"useCause", q.UseCause})
	if err != nil {
		return nil, err
	}
	query := vault.Query{
		HolderKind: q.HolderTypeCode, HolderCode: q.HolderCode, Type: q.CertTypeCode, Limit: sharedAtMost + 1,
	}
	if q.CertNo != "" {
		return r.numbered(ctx, q, query)
	}
	res, err := r.look(ctx, q.UseCause, query)
	if err != nil {
		return nil, err
	}
	if len(res.Found) > sharedAtMost {
		return nil, several()
	}
	return res.Found, nil
}

// numbered is the licence of a number among those of a holder, who may have one for each of his lorries.
func (r *sharing) numbered(ctx context.Context, q *api.SharingQuery, page vault.Query) ([]vault.Found, error) {
	for {
		res, err := r.look(ctx, q.UseCause, page)
		if err != nil {
			return nil, err
		}
		for i := range res.Found {
			if res.Found[i].Value(catalogue.MetaNumber) == q.CertNo {
				return res.Found[i : i+1], nil
			}
		}
		if page.Cursor = res.Next; page.Cursor == "" {
			return nil, absent("certNo")
		}
	}
}

// several refuses to guess which licence is meant.
func several() error {
	p := codeProblem(CodeSeveral)
	p.Errors[0].Path = "/data/certNo"
	return p
}

// sharedAtMost is how many licences one answer lists; a holder with more names the type's number.
const sharedAtMost = 200

// look finds licences; none is a refusal that says what it means.
func (r *sharing) look(ctx context.Context, cause string, q vault.Query) (*vault.Result, error) {
	if q.Type != "" {
		if err := checkType(r.caller, q.Type); err != nil {
			return nil, err
		}
	}
	a, err := r.access(cause)
	if err != nil {
		return nil, err
	}
	res, err := r.s.cfg.Vault.Lookup(ctx, a, q)
	if err != nil {
		return nil, err
	}
	if len(res.Found) == 0 {
		return nil, codeProblem(absences[res.Absence])
	}
	return res, nil
}

// absences are the refusals for what is not there.
var absences = map[vault.Absence]Code{
	"": CodeNeverIssued, vault.NeverIssued: CodeNeverIssued, vault.NotConverted: CodeNotConverted,
	vault.SourceSilent: CodeNotConverted,
}

// byID is one licence by its identifier.
func (r *sharing) byID(ctx context.Context, identifier, cause string) (*vault.Found, error) {
	if err := need(member{"certIdentifier", identifier}, member{"useCause", cause}); err != nil {
		return nil, err
	}
	if err := checkIdentifier(r.caller, identifier); err != nil {
		return nil, err
	}
	res, err := r.look(ctx, cause, vault.Query{Identifier: identifier})
	if err != nil {
		return nil, err
	}
	return &res.Found[0], nil
}

// single is the only licence of a list.
func single(list []vault.Found) (*vault.Found, error) {
	if len(list) != 1 {
		return nil, several()
	}
	return &list[0], nil
}

func listByHolder(ctx context.Context, r *sharing, q *api.SharingQuery) (any, error) {
	list, err := r.byHolder(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]api.SharingListed, len(list))
	for i := range list {
		f := &list[i]
		out[i] = api.SharingListed{
			ZZBS: f.Identifier, ZZMC: f.Record.TypeName, ZZBH: f.Value(catalogue.MetaNumber), ZZZT: f.State.Chinese(),
		}
	}
	return out, nil
}

func dataByHolder(ctx context.Context, r *sharing, q *api.SharingQuery) (any, error) {
	list, err := r.byHolder(ctx, q)
	if err != nil {
		return nil, err
	}
	f, err := single(list)
	if err != nil {
		return nil, err
	}
	return r.data(ctx, f, q), nil
}

func dataByID(ctx context.Context, r *sharing, q *api.SharingQuery) (any, error) {
	f, err := r.byID(ctx, q.CertIdentifier, q.UseCause)
	if err != nil {
		return nil, err
	}
	return r.data(ctx, f, q), nil
}

// dataByCode takes the QR code's text, whole or the token at its end.
func dataByCode(ctx context.Context, r *sharing, q *api.SharingQuery) (any, error) {
	if err := need(member{"qrcode", q.QRCode}, member{"useCause", q.UseCause}); err != nil {
		return nil, err
	}
	token := q.QRCode[strings.LastIndexByte(q.QRCode, '/')+1:]
	res, err := r.look(ctx, q.UseCause, vault.Query{Token: token})
	if err != nil {
		return nil, err
	}
	f := &res.Found[0]
	if err := checkType(r.caller, f.Record.TypeCode); err != nil {
		return nil, err
	}
	return r.data(ctx, f, q), nil
}

// data are the elements of a licence by their short names: those of the range, or all; and always what it is and how it
// stands, without which nobody may use the others.
func (r *sharing) data(ctx context.Context, f *vault.Found, q *api.SharingQuery) map[string]string {
	wanted := q.MetadataRange
	if wanted == "" {
		wanted = q.MeladataRange
	}
	out := map[string]string{"zzbs": f.Identifier, "zzzt": f.State.Chinese()}
	names := strings.Split(wanted, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	if wanted == "" || slices.Contains(names, everything) {
		for _, d := range f.Disclosures {
			out[d.Name] = d.Value
		}
		return out
	}
	for i, short := range r.s.shortNames(ctx, f.Record.TypeCode, names) {
		if value := f.Value(short); value != "" {
			out[names[i]] = value
		}
	}
	return out
}

func fileByHolder(ctx context.Context, r *sharing, q *api.SharingFileQuery) (any, error) {
	list, err := r.byHolder(ctx, &q.SharingQuery)
	if err != nil {
		return nil, err
	}
	f, err := single(list)
	if err != nil {
		return nil, err
	}
	return r.file(ctx, f, q)
}

func fileByID(ctx context.Context, r *sharing, q *api.SharingFileQuery) (any, error) {
	identifier := q.CertIdentifier
	if identifier == "" {
		identifier = q.CertificateIdentifier
	}
	cause := q.UseCause
	if cause == "" {
		cause = q.CertificateCopyCause
	}
	f, err := r.byID(ctx, identifier, cause)
	if err != nil {
		return nil, err
	}
	q.UseCause = cause
	return r.file(ctx, f, q)
}

// file is the licence as sealed, a copy for one purpose, or a picture of its first page.
func (r *sharing) file(ctx context.Context, f *vault.Found, q *api.SharingFileQuery) (*api.SharingFile, error) {
	a, err := r.access(q.UseCause)
	if err != nil {
		return nil, err
	}
	out := &api.SharingFile{ContentType: "base64", CertIdentifier: f.Identifier, FileType: q.FileType}
	switch {
	case q.FileType == "png":
		out.Content, err = r.picture(ctx, a, f.Identifier)
	case q.FileType != "" && q.FileType != "ofd":
		p := codeProblem(CodeFileType)
		p.Errors[0].Path, p.Errors[0].Found = "/data/fileType", q.FileType
		return nil, p
	case q.CertificateCopyExpiringTime != "":
		out.FileType = "ofd"
		out.Content, err = r.copy(ctx, a, f.Identifier, q)
	default:
		out.FileType = "ofd"
		out.Content, err = r.sealed(ctx, a, f)
	}
	return out, err
}

func (r *sharing) picture(ctx context.Context, a vault.Access, identifier string) ([]byte, error) {
	d, err := r.s.drawable(ctx, a, identifier)
	if err != nil {
		return nil, err
	}
	return r.s.cfg.Pages.Picture(ctx, d, Picture{Page: 1, PNG: true, DPI: 150})
}

// copy makes a purpose-bound copy for the body that calls.
func (r *sharing) copy(
	ctx context.Context, a vault.Access, identifier string, q *api.SharingFileQuery,
) ([]byte, error) {
	day, _, _ := strings.Cut(q.CertificateCopyExpiringTime, " ")
	until, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil, badDate("data/certificateCopyExpiringTime", q.CertificateCopyExpiringTime)
	}
	if err := need(member{"certificateCopyCause", q.CertificateCopyCause}); err != nil {
		return nil, err
	}
	d, err := r.s.drawable(ctx, a, identifier)
	if err != nil {
		return nil, err
	}
	return r.s.cfg.Pages.Copy(ctx, d, CopyNote{For: r.name(), Because: q.CertificateCopyCause, Until: until})
}

// name is what the caller is called on a copy.
func (r *sharing) name() string {
	if r.caller.Sharing.Name != "" {
		return r.caller.Sharing.Name
	}
	return r.caller.ID
}

// sealed is the sealed document of the version in force.
func (r *sharing) sealed(ctx context.Context, a vault.Access, f *vault.Found) ([]byte, error) {
	version := versionIn(f.Identifier)
	for _, d := range f.Documents {
		if d.Kind == vault.KindOFD && d.Version == version {
			return r.s.cfg.Vault.Content(ctx, a, f.Identifier, d)
		}
	}
	return nil, codeProblem(CodeNoDocument)
}

func remark(ctx context.Context, r *sharing, q *api.SharingQuery) (any, error) {
	if err := need(member{"certTypeCode", q.CertTypeCode}); err != nil {
		return nil, err
	}
	t, err := r.s.cfg.Vault.Type(ctx, q.CertTypeCode)
	if err != nil {
		return nil, err
	}
	var out []api.SharingElement
	for _, c := range t.Columns() {
		out = append(out, api.SharingElement{Name: c.Name, Label: c.Label, Type: string(c.Kind), Required: c.Required})
	}
	return out, nil
}

// The codes of the front.
const (
	CodeNotSharing   Code = "sharing-not-registered"
	CodeOtherItem    Code = "item-not-registered"
	CodeMember       Code = "member-missing"
	CodeSeveral      Code = "several-licences"
	CodeNeverIssued  Code = "never-issued"
	CodeNotConverted Code = "not-converted"
	CodeFileType     Code = "file-type"
)

// sharingSentences are their words.
var sharingSentences = map[Code]message{
	CodeNotSharing: {
		http.StatusForbidden, false, rule.SharedService,
		"本系统的登记没有写明共享服务的事项和依据；请运行单位在登记中补上（elicense caller register --item --ground --basis）",
		"the registration of this system names no item and ground for the sharing services; the operator adds them " +
			"(elicense caller register --item --ground --basis)",
	},
	CodeOtherItem: {
		http.StatusForbidden, false, rule.SharedService,
		"事项与登记的不同；请用登记的事项，或请运行单位另行登记",
		"the item is not the one registered; use that, or have another registered",
	},
	CodeMember: {
		http.StatusUnprocessableEntity, false, rule.SharedService,
		"缺少所指的必填项；请按 docs/sharing.md 的表填写",
		"this member is mandatory and missing; fill it in as the table of docs/sharing.md says",
	},
	CodeSeveral: {
		http.StatusConflict, false, rule.SharedService,
		"该持证主体有多本此类证照；请用 certNo 指明证照编号",
		"the holder has several licences of the type; name the number in certNo",
	},
	CodeNeverIssued: {
		http.StatusNotFound, false, rule.SharedService,
		"查无此证：该类证照已全部入库，库中没有；请核对持证主体代码和证照编号",
		"there is no such licence, and all of its type are in the vault; check holder and number",
	},
	CodeNotConverted: {
		http.StatusNotFound, false, rule.SharedService,
		"库中没有，但该类存量证照尚未全部电子化，不能据此认为没有此证；请核验纸质证照",
		"not in the vault, where older licences of the type are not all yet: that is no proof that there is none; " +
			"look at the paper",
	},
	CodeFileType: {
		http.StatusUnprocessableEntity, false, rule.SharedService,
		"fileType 只有 ofd 和 png；请改用其中之一",
		"fileType is ofd or png; use one of them",
	},
}
