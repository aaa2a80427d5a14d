package api

import "time"

// LoginChallenge is a text that a holder signs as it stands to log in by certificate (数字证书登录).
type LoginChallenge struct {
	Challenge string    `json:"challenge"`
	Expires   time.Time `json:"expires"`
}

// LoginRequest answers a challenge.
type LoginRequest struct {
	Challenge   string `json:"challenge" maxLength:"512"`
	Certificate []byte `json:"certificate" doc:"DER, with an SM2 key, of a person or firm"`
	Signature   []byte `json:"signature" doc:"DER SM2 signature value over the challenge, default signer identifier"`
}

// LoginSession is a login that stands.
type LoginSession struct {
	Token   string    `json:"token" doc:"sent as Authorization: Bearer"`
	Expires time.Time `json:"expires"`
	Name    string    `json:"name" doc:"of the holder, as the certificate has it"`
	Level   string    `json:"level"`
}
