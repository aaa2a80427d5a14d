package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/cms"
	"github.com/elicense/elicense/internal/tsp"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/signing"
)

// errStamp is a time-stamp service that did not answer with a token.
var errStamp = errors.New("no time-stamp token")

const stampTimeout = 30 * time.Second

// timestamper asks a service over HTTP (RFC 3161, 3.4), or takes a token or an answer from a file.
func (c *program) timestamper(from string) signing.Timestamper {
	if strings.HasPrefix(from, "http://") || strings.HasPrefix(from, "https://") {
		return signing.TimestampFunc(func(ctx context.Context, digest [32]byte) ([]byte, error) {
			return c.askTimestamp(ctx, from, digest)
		})
	}
	return signing.TimestampFunc(func(context.Context, [32]byte) ([]byte, error) {
		der, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if answer, err := tsp.ParseResponse(der); err == nil && answer.Token != nil {
			return answer.Token, nil
		}
		return der, nil
	})
}

// askTimestamp sends one request with a nonce and wants it back. That the token is over the digest is checked by whoever
// puts it beside a signature.
func (c *program) askTimestamp(ctx context.Context, url string, digest [32]byte) ([]byte, error) {
	nonce := make([]byte, 8)
	if _, err := io.ReadFull(c.Rand, nonce); err != nil {
		return nil, fmt.Errorf("drawing a nonce: %w", err)
	}
	nonce[0] = nonce[0]&0x3f | 0x40 // positive and in its shortest form
	query, err := pki.MarshalTimestampRequest(digest, "", nonce)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, stampTimeout)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/timestamp-query")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // only read
	der, err := io.ReadAll(io.LimitReader(response.Body, tsp.MaxTokenBytes))
	if err != nil {
		return nil, err
	}
	answer, err := tsp.ParseResponse(der)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: HTTP %d: %w", errStamp, response.StatusCode, err)
	case !answer.Granted():
		return nil, fmt.Errorf("%w: status %d", errStamp, answer.Status)
	}
	token, err := tsp.ParseToken(answer.Token)
	if err != nil || !bytes.Equal(token.Info.Nonce, nonce) {
		return nil, fmt.Errorf("%w: an answer to another request", errStamp)
	}
	return answer.Token, nil
}

// addToken puts a token beside the first signature that has none, without a key.
func (c *program) addToken(ctx context.Context, f *signFlags) error {
	_, at, err := unstamped(f.existing)
	if err != nil {
		return err
	}
	der, err := signing.AddTimestamp(ctx, f.existing, at, c.timestamper(f.timestamp))
	if err != nil {
		return err
	}
	return c.saveSigned(f.out, der)
}

// writeTimestampRequest writes what a service that is out of reach has to be asked for the same signature.
func (c *program) writeTimestampRequest(f *signFlags) error {
	data, at, err := unstamped(f.existing)
	if err != nil {
		return err
	}
	query, err := pki.MarshalTimestampRequest(sm3.Sum(data.Signers[at].Signature), "", nil)
	if err != nil {
		return err
	}
	if err := writeNew(f.request, query); err != nil {
		return err
	}
	c.Tell("时间戳请求：%s", "time-stamp request: %s", f.request)
	return nil
}

// unstamped finds the first signature without a token.
func unstamped(der []byte) (*cms.SignedData, int, error) {
	data, err := cms.Parse(der)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", signing.ErrSigned, err)
	}
	for i := range data.Signers {
		if len(data.Signers[i].SignatureTimestamps()) == 0 {
			return data, i, nil
		}
	}
	return nil, 0, cli.Usage("其中没有未加时间戳的签名", "no signature there is without a time stamp")
}
