package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server/identity"
	"github.com/elicense/elicense/vault"
)

// The services of GB/T 36906 are a front over the same functions, for systems that speak them already; see package api.
// What the request has no room for, the item and the right by which is asked, comes from the caller's registration. An
// answer has the status of HTTP only where nobody was recognised or the service could not listen; then the body is the
// envelope all the same.

// maxShared bounds the body of a service that takes a file: base64 of the largest file that is verified.
const maxShared = maxPublicFile/3*4 + smallBody

// service is one of them: Q is its data.
type service[Q any] struct {
	name    string
	may     identity.Permission
	maxBody int64
	answer  func(context.Context, *sharing, *Q) (any, error)
}

// sharing is one request on its way.
type sharing struct {
	s      *Server
	caller *identity.Caller
	head   api.SharingHead
}

// registerSharing adds the services to the router.
func (s *Server) registerSharing(router *gin.Engine) {
	offer(s, router, service[api.SharingQuery]{"GetCertificateListByHolder", identity.MayLookUp, 0, listByHolder})
	offer(s, router, service[api.SharingQuery]{"GetCertificateDataByHolder", identity.MayLookUp, 0, dataByHolder})
	offer(s, router, service[api.SharingQuery]{"GetCertificateDataByCertificateID", identity.MayLookUp, 0, dataByID})
	offer(s, router, service[api.SharingQuery]{"GetCertificateDataByQRCode", identity.MayLookUp, 0, dataByCode})
	offer(s, router, service[api.SharingFileQuery]{"GetCertificateFileByHolder", identity.MayLookUp, 0, fileByHolder})
	offer(s, router, service[api.SharingFileQuery]{
		"GetCertificateFileByCertificateID", identity.MayLookUp, 0, fileByID,
	})
	offer(s, router, service[api.SharingQuery]{"GetCertificateRemark", identity.MayReadTypes, 0, remark})
	offer(s, router, service[api.SharingInfo]{"VerifyCertificateData", identity.MayCompare, 0, verifyInfo})
	offer(s, router, service[api.SharingFileCheck]{"VerifyCertificateFile", identity.MayVerify, maxShared, verifyFile})
}

// offer adds one service.
func offer[Q any](s *Server, router *gin.Engine, sv service[Q]) {
	if sv.maxBody == 0 {
		sv.maxBody = smallBody
	}
	form := s.formOf(api.SharingRequest[Q]{})
	router.POST(api.SharingPath+"/"+sv.name, func(c *gin.Context) {
		c.Set(operationKey, sv.name)
		caller, ok := s.recogniseSharing(c, sv.may)
		if !ok {
			return
		}
		size := largeSize(sv.maxBody, c.Request)
		if !s.enterLarge(c, callerName(caller), size) {
			return
		}
		defer s.large.Give(callerName(caller), size)
		var q api.SharingRequest[Q]
		if err := s.readSharing(c, caller, sv.maxBody, form, &q); err != nil {
			s.refuseSharing(c, http.StatusOK, err)
			return
		}
		data, err := sv.answer(c.Request.Context(), &sharing{s, caller, q.Head}, &q.Data)
		if err != nil {
			s.refuseSharing(c, http.StatusOK, err)
			return
		}
		s.answerSharing(c, http.StatusOK, &api.SharingAnswer{
			Head: api.SharingOutcome{Status: api.SharingDone, Message: "成功", Trace: traceOf(c.Request.Context())},
			Data: data,
		})
	})
}

// recogniseSharing tells who calls and whether he may.
func (s *Server) recogniseSharing(c *gin.Context, may identity.Permission) (*identity.Caller, bool) {
	caller, err := s.cfg.Callers.Recognise(c.Request)
	if err != nil {
		s.chargeStranger(c, err)
		s.refuseSharing(c, 0, err)
		return nil, false
	}
	caller.Message = traceOf(c.Request.Context())
	c.Set(callerKey, caller.ID)
	if !s.limitCaller(c, caller) {
		return nil, false
	}
	if err := errors.Join(entry{may: may}.admit(caller), s.nameClerk(caller, c.Request)); err != nil {
		s.refuseSharing(c, 0, err)
		return nil, false
	}
	return caller, true
}

// readSharing reads a request strictly: each member once, none that is unknown.
func (s *Server) readSharing(c *gin.Context, caller *identity.Caller, limit int64, form *published, into any) error {
	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	if refusal := caller.BodyRefusal(); refusal != nil {
		return refusal
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return codeProblem(CodeTooLarge)
	case err != nil:
		return codeProblem(CodeCut)
	case checkJSON(text) != nil:
		return codeProblem(CodeMalformed)
	}
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	if dec.Decode(into) == nil {
		return nil
	}
	if bad := form.misfit(text); bad != nil { // which says all that is wrong
		return bad
	}
	return codeProblem(CodeMalformed)
}

// isSharing reports a request for one of the services: whatever refuses it answers in their envelope.
func isSharing(c *gin.Context) bool {
	return strings.HasPrefix(c.Request.URL.Path, api.SharingPath+"/")
}

// refuseSharing tells what is wrong in an envelope; status 0: that of the problem.
func (s *Server) refuseSharing(c *gin.Context, status int, err error) {
	p := s.problem(c.Request.Context(), err)
	if status == 0 {
		status = p.Status
	}
	var lines []string
	for i := range p.Errors {
		lines = append(lines, sentenceOf(&p.Errors[i]))
	}
	s.answerSharing(c, status, &api.SharingAnswer{Head: api.SharingOutcome{
		Status: sharingStatus(p.Status), Message: strings.Join(lines, " "), Code: p.Code, Trace: p.Trace,
	}})
}

// sentenceOf is a defect in one line: where, what, and what to do.
func sentenceOf(d *api.Defect) string {
	text := d.Zh
	if d.Path != "" {
		text = strings.TrimPrefix(d.Path, "/") + "：" + text
	}
	if d.FixZh != "" {
		text += "；" + d.FixZh
	}
	return text + "。"
}

// sharingStatus is what the products call a status of HTTP.
func sharingStatus(status int) string {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return api.SharingForbidden
	case status == http.StatusNotFound:
		return api.SharingAbsent
	case status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		return api.SharingLater
	}
	return api.SharingWrong
}

func (s *Server) answerSharing(c *gin.Context, status int, a *api.SharingAnswer) {
	c.Abort()
	c.Header("Content-Type", "application/json; charset=utf-8")
	c.Status(status)
	enc := json.NewEncoder(c.Writer)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(a) // if that fails the caller is gone
}

// access is what the request asks by: purpose and case are its own, item and right are those of the registration.
func (r *sharing) access(cause string) (vault.Access, error) {
	by := r.caller.Sharing
	if by == nil {
		return vault.Access{}, codeProblem(CodeNotSharing)
	}
	if r.head.ItemCode != "" && r.head.ItemCode != by.Item {
		p := codeProblem(CodeOtherItem)
		p.Errors[0].Path = "/head/itemCode"
		return vault.Access{}, p
	}
	return r.s.asks(r.caller, vault.Access{
		Purpose: cause, Item: by.Item, Case: r.head.BusinessCode, Ground: vault.Ground(by.Ground), Basis: by.Basis,
	}), nil
}
