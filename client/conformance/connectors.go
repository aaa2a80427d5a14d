package conformance

import (
	"bytes"
	"context"
	"errors"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/vault/catalogue"
)

// push is the connector of a self-built system (省直自建系统): it pushes its own licences, each message signed, and pulls
// back what became of them.
func push(ctx context.Context, d *day) error {
	l := &licence{request: d.request("signed")}
	w, err := d.cfg.Signed.Issue(ctx, l.request, d.key("signed"))
	if err != nil {
		return err
	}
	if w.State != "valid" || w.Version != 1 {
		return wrong("state %q, version %d", w.State, w.Version)
	}
	l.identifier, l.number, l.version = w.Identifier, w.Number, w.Version
	d.licences["signed"] = l
	history, err := d.cfg.Signed.History(ctx, l.identifier, reading)
	if err != nil {
		return err
	}
	for i := range history.Events {
		if history.Events[i].By != d.caller {
			return wrong("event %d is recorded as done by another system", i+1)
		}
	}
	return nil
}

// pull is the connector of a centre's business system (中心业务系统): by look-up and comparison it has what the other
// system pushed a moment ago.
func pull(ctx context.Context, d *day) error {
	asked, err := d.lawful(ctx)
	if err != nil {
		return err
	}
	l := d.licences["signed"]
	q := d.byNumber(l, holderName, d.until())
	q.Asked = asked
	found, err := d.cfg.Centre.LookUp(ctx, q)
	if err != nil {
		return err
	}
	if len(found.Licences) != 1 || found.Licences[0].Values[d.until()] != l.request.Values[d.until()] {
		return wrong("the licence is not found with what was pushed")
	}
	answer, err := d.cfg.Centre.Compare(ctx, api.ComparisonRequest{
		Asked: asked, Comparison: d.question(l, map[string]string{holderName: d.holder.name}),
	})
	if err != nil {
		return err
	}
	return same("the comparison", "matched", answer.Result)
}

// front asks the same by the services of GB/T 36906.
func front(ctx context.Context, d *day) error {
	l := d.licences["signed"]
	head := api.SharingHead{BusinessCode: "CASE-" + d.run[:12]}
	var data map[string]string
	err := d.cfg.Centre.Share(ctx, "GetCertificateDataByCertificateID", head, api.SharingQuery{
		CertIdentifier: l.identifier, UseCause: reading.Purpose, MetadataRange: d.until(),
	}, &data)
	if err != nil {
		return sharingTold(err)
	}
	if data["zzzt"] != "有效" || data[d.until()] != l.request.Values[d.until()] {
		return wrong("the data are not what was pushed")
	}
	for claim, want := range map[string]string{d.holder.name: api.InfoValid, d.holder.other: api.InfoWrong} {
		var verdict api.SharingVerdict
		err := d.cfg.Centre.Share(ctx, "VerifyCertificateData", head, api.SharingInfo{
			CertTypeCode: d.cfg.Type, UseCause: reading.Purpose,
			CertData: map[string]string{
				catalogue.MetaNumber: l.number, catalogue.MetaIssuerCode: d.department, holderName: claim,
			},
		}, &verdict)
		if err != nil {
			return sharingTold(err)
		}
		if err := same("the result of a verification", want, verdict.Result); err != nil {
			return err
		}
	}
	return d.frontFile(ctx, head, l)
}

// frontFile fetches the file, which is the one that the department has, and has it verified.
func (d *day) frontFile(ctx context.Context, head api.SharingHead, l *licence) error {
	var file api.SharingFile
	err := d.cfg.Centre.Share(ctx, "GetCertificateFileByCertificateID", head, api.SharingFileQuery{
		SharingQuery: api.SharingQuery{CertIdentifier: l.identifier, UseCause: reading.Purpose}, FileType: "ofd",
	}, &file)
	if err != nil {
		return sharingTold(err)
	}
	own, err := d.sealed(ctx, l)
	if err != nil {
		return err
	}
	if !bytes.Equal(own, file.Content) {
		return wrong("the file is not the one that the department has")
	}
	return nil
}

// sharingTold adds the sentence of a refusal in an envelope.
func sharingTold(err error) error {
	var e *client.SharingError
	if errors.As(err, &e) {
		return wrong("%v: %s", err, e.Message)
	}
	return err
}
