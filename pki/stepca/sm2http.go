package stepca

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"time"

	"github.com/smallstep/certificates/api/render"
)

// SM2Handler serves EnrolSM2: POST with the JSON that smallstep's /sign takes, answered like that too. The path is for
// whoever mounts it to choose; the audience of its tokens is that of /1.0/sign.
//
//	{"csr": PEM, "ott": token, "notBefore": RFC 3339, "notAfter": RFC 3339}
//	{"crt": PEM, "ca": PEM, "certChain": [PEM, …], "twin": PEM, "envelopedKey": base64}
func (a *Authority) SM2Handler() http.Handler {
	return limitBody(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		e, err := readEnrolment(r)
		if err != nil {
			sayRefusal(w, r, err)
			return
		}
		issued, err := a.EnrolSM2(r.Context(), e)
		if err != nil {
			sayRefusal(w, r, err)
			return
		}
		render.JSONStatus(w, r, answerOf(issued), http.StatusCreated)
	}))
}

func readEnrolment(r *http.Request) (Enrolment, error) {
	var body struct {
		CSR       string    `json:"csr"`
		OTT       string    `json:"ott"`
		NotBefore time.Time `json:"notBefore"`
		NotAfter  time.Time `json:"notAfter"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return Enrolment{}, refuse(ReasonRequest, "body is not the JSON that is wanted, or too long")
	}
	block, rest := pem.Decode([]byte(body.CSR))
	if block == nil || block.Type != "CERTIFICATE REQUEST" || strings.TrimSpace(string(rest)) != "" {
		return Enrolment{}, refuse(ReasonRequest, "csr is not one CERTIFICATE REQUEST in PEM")
	}
	return Enrolment{Token: body.OTT, CSR: block.Bytes, NotBefore: body.NotBefore, NotAfter: body.NotAfter}, nil
}

type answer struct {
	Certificate string   `json:"crt"`
	Issuer      string   `json:"ca,omitempty"`
	Chain       []string `json:"certChain"`
	Twin        string   `json:"twin,omitempty"`
	Enveloped   []byte   `json:"envelopedKey,omitempty"`
}

func answerOf(issued SM2Issued) answer {
	a := answer{Certificate: certificatePEM(issued.Chain[0]), Enveloped: issued.Enveloped}
	for _, der := range issued.Chain {
		a.Chain = append(a.Chain, certificatePEM(der))
	}
	if len(a.Chain) > 1 {
		a.Issuer = a.Chain[1]
	}
	if issued.Twin != nil {
		a.Twin = certificatePEM(issued.Twin)
	}
	return a
}

func certificatePEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
