package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/vault"
)

// A department is enrolled whole or not at all, though it has a key file, a seal and a registration. All of it is
// prepared in a directory of its own; giving that directory its name decides. What is decided is carried out at once, or
// by whoever opens the data directory next, and again from the start if that is broken off.
const (
	enrolmentDir   = "enrolment"
	enrolmentFiles = "files" // at their places in the data directory
	enrolmentWhose = "whose" // see enrolled
)

// enrolled is whose files are in the directory, and the registration that goes with them.
type enrolled struct {
	Department string        `json:"department"` // credit code
	Caller     *vault.Caller `json:"caller,omitempty"`
	By         *asker        `json:"by,omitempty"`
}

func (h *house) enrolment(name ...string) string {
	return filepath.Join(append([]string{h.dir, enrolmentDir}, name...)...)
}

// hire certifies a department whose key is kept here, makes its seal, and registers it if that is wanted. A department
// that has a certificate gets a new key; the former certificate stays known, because licences that it signed are
// verified with it.
func (c *program) hire(ctx context.Context, h *house, d body, whose enrolled) error {
	if err := c.finishEnrolment(ctx, h); err != nil { // of one that was broken off
		return err
	}
	whose.Department = d.uscc
	made := h.enrolment() + unfinished
	err := os.RemoveAll(made)
	if err == nil {
		err = c.prepareEnrolment(ctx, h, d, &whose)
	}
	if err == nil {
		err = c.decide(made, h.enrolment())
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(made))
	}
	return c.finishEnrolment(ctx, h)
}

// prepareEnrolment writes everything beside its place.
func (c *program) prepareEnrolment(ctx context.Context, h *house, d body, whose *enrolled) error {
	made := h.enrolment() + unfinished
	text, err := json.Marshal(whose)
	if err != nil {
		return err
	}
	authority, err := c.openAuthority(h)
	if err != nil {
		return err
	}
	key, _, err := c.certifiedKey(h, authority, ca.ProfileDepartment, d)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		filepath.Join(made, enrolmentWhose):                          text,
		filepath.Join(made, enrolmentFiles, staffDir, d.uscc+".pem"): key,
	}
	former, name, err := retired(filepath.Join(h.dir, staffDir), d.uscc)
	if err != nil {
		return err
	}
	if former != nil {
		files[filepath.Join(made, enrolmentFiles, staffDir, name)] = former
	}
	seal, err := c.engrave(ctx, h, authority, d)
	if err != nil {
		return err
	}
	for name, content := range seal {
		files[filepath.Join(made, enrolmentFiles, name)] = content
	}
	for path, content := range files {
		if err := c.prepareFile(path, content); err != nil {
			return err
		}
	}
	return nil
}

// retired is a department's present key file, nil if there is none, and the next free name to keep it under.
func retired(dir, uscc string) (present []byte, name string, err error) {
	present, err = os.ReadFile(filepath.Join(dir, uscc+".pem"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", nil
	}
	for n := 1; err == nil; n++ {
		name = fmt.Sprintf("%s.%d.pem", uscc, n)
		if _, err = os.Lstat(filepath.Join(dir, name)); errors.Is(err, os.ErrNotExist) {
			return present, name, nil
		}
	}
	return nil, "", err
}

// certifiedKey makes a key and has it certified; the text holds both, the key encrypted.
func (c *program) certifiedKey(h *house, authority *ca.Authority, profile string, of body) ([]byte, *pki.Certificate, error) {
	key, err := pki.GenerateKey(c.Rand)
	if err != nil {
		return nil, nil, err
	}
	cert, err := authority.Issue(ca.Request{
		Profile: profile, USCC: of.uscc, PublicKey: key.Public(),
		Subject: ca.Name{Organization: of.name, CommonName: of.name},
	})
	if err != nil {
		return nil, nil, err
	}
	text, err := pki.MarshalKey(key, keyPassphrase(h.master), c.Rand)
	if err != nil {
		return nil, nil, err
	}
	return pki.AppendPEM(text, append([]*pki.Certificate{cert}, authority.Chain()...)...), cert, nil
}

// placeEnrolled moves the files of an enrolment that was decided to their places, and takes away what was only prepared.
// No key is needed for it.
func (c *program) placeEnrolled(h *house) error {
	if err := os.RemoveAll(h.enrolment() + unfinished); err != nil {
		return err
	}
	return c.replaceFiles(h.enrolment(enrolmentFiles), h.dir)
}

// finishEnrolment carries out an enrolment that was decided, if there is one.
func (c *program) finishEnrolment(ctx context.Context, h *house) error {
	text, err := os.ReadFile(h.enrolment(enrolmentWhose))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var whose enrolled
	if err == nil {
		err = json.Unmarshal(text, &whose)
	}
	if err == nil {
		err = c.placeEnrolled(h)
	}
	if err == nil {
		err = c.takeUp(h, whose.Department)
	}
	if err == nil && whose.Caller != nil {
		c.atWrite()
		err = c.registerEnrolled(ctx, h, &whose)
	}
	if err != nil {
		return fmt.Errorf("enrolling a department: %w", err)
	}
	c.atWrite()
	return c.endStep(h.enrolment())
}

// takeUp has a department's new key and seal used from now on.
func (c *program) takeUp(h *house, uscc string) error {
	config, err := c.readSigner(h, filepath.Join(staffDir, uscc+".pem"))
	if err != nil {
		return err
	}
	if err := register(h.custody, uscc, config); err != nil {
		return err
	}
	h.documents.forget(uscc)
	return nil
}

// registerEnrolled registers the department as a caller. The first one of a vault becomes the one that commands act for
// when they do not say.
func (c *program) registerEnrolled(ctx context.Context, h *house, whose *enrolled) error {
	if err := h.vault.PutCaller(ctx, whose.By.access(), *whose.Caller); err != nil {
		return err
	}
	if h.settings.Department != "" {
		return nil
	}
	c.atWrite()
	h.settings.Department = whose.Caller.ID
	return h.settings.write(h.dir)
}
