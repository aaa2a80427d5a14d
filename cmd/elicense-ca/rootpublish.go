package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/sm2note"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

func (c *program) rootPublishCommand() *cobra.Command {
	var officer, record, reason string
	cmd := &cobra.Command{
		Use: "publish FILE…", Args: cobra.MinimumNArgs(1),
		Short: "发布根的 CRL、新根和衔接证书 / publish what the root has made: CRLs, a new root, link certificates",
		Long: "--record 是动用根密钥时写下的记录：须有根和两名操作员的签名，并写明每个文件的摘要。" + cli.Between +
			"--record was written when the root's key was opened: it must be signed by the root and two officers and name the " +
			"digest of every file.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				return c.publishFromRoot(ctx, o, who, rootResult{args, c.path(record), reason})
			})
		},
	}
	c.officerFlag(cmd, &officer)
	cmd.Flags().StringVar(&record, "record", "", "记录 / the record")
	cmd.Flags().StringVar(&reason, "note", "", "理由 / the reason in words")
	cobra.CheckErr(cmd.MarkFlagRequired("record"))
	return cmd
}

// rootResult is what an act of the root has made, in files.
type rootResult struct {
	files  []string
	record string
	note   string
}

func (c *program) publishFromRoot(ctx context.Context, o *office, who ca.Actor, result rootResult) error {
	f := ca.FromAbove{Note: result.note}
	var digests []string
	for _, path := range result.files {
		der, err := c.readResult(path, &f)
		if err != nil {
			return err
		}
		digests = append(digests, digestOf(der))
	}
	if err := o.witnessed(ctx, result.record, digests); err != nil {
		return err
	}
	if err := o.register.TakeFromAbove(ctx, who, f); err != nil {
		return err
	}
	return c.Emit(map[string]any{"certificates": len(f.Certificates), "crls": len(f.CRLs)}, func() {
		c.Tell("✓ 已发布：证书 %d 张，CRL %d 份", "✓ published: %d certificates, %d CRLs", len(f.Certificates), len(f.CRLs))
	})
}

// readResult reads a CRL or a certificate.
func (c *program) readResult(path string, f *ca.FromAbove) ([]byte, error) {
	text, err := readLimited(c.path(path))
	if err != nil {
		return nil, err
	}
	if _, err := pki.ParseCRL(text); err == nil {
		f.CRLs = append(f.CRLs, text)
		return text, nil
	}
	der, err := readDER(c.path(path), "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	x, err := pki.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.Certificates = append(f.Certificates, x)
	return der, nil
}

// maxRecord bounds the record of an act.
const maxRecord = 64 << 10

// witnessed holds the record of an act of the root against what came out of it: a root that is known and two officers
// have signed it, and it names every digest.
func (o *office) witnessed(ctx context.Context, path string, digests []string) error {
	text, err := readLimited(path)
	if err != nil {
		return err
	}
	above, err := o.register.CertificatesAbove(ctx)
	if err != nil {
		return err
	}
	verifiers, roots, err := o.recordVerifiers(above)
	if err != nil {
		return err
	}
	if len(text) > maxRecord {
		return errRecord
	}
	n, err := note.Open(text, note.VerifierList(verifiers...))
	if err != nil || !strings.HasPrefix(n.Text, transcriptHeader) {
		return errRecord
	}
	byRoot, officers := false, map[string]bool{}
	for _, s := range n.Sigs {
		if roots[s.Name] {
			byRoot = true
			continue
		}
		officers[s.Name] = true
	}
	if !byRoot || len(officers) < witnesses {
		return errRecord
	}
	for _, d := range digests {
		if !strings.Contains(n.Text, " digest "+d+"\n") {
			return errRecord
		}
	}
	return nil
}

// recordVerifiers are those of the roots, by name, and of the officers.
func (o *office) recordVerifiers(above []*pki.Certificate) (list []note.Verifier, roots map[string]bool, err error) {
	roots = map[string]bool{}
	add := func(name string, point []byte) error {
		v, err := sm2note.NewVerifier(name, point)
		if err == nil {
			list = append(list, v)
		}
		return err
	}
	for _, x := range above {
		name := hex.EncodeToString(x.SubjectKeyID)
		if x.PublicKey == nil || roots[name] {
			continue
		}
		roots[name] = true
		if err := add(name, x.PublicKey.Point()); err != nil {
			return nil, nil, err
		}
	}
	for _, who := range o.settings.Authority.Officers {
		point, err := hex.DecodeString(who.Key)
		if err != nil {
			return nil, nil, badSettings("officers 的密钥不是 SM2 公钥", "a key of officers is no SM2 public key")
		}
		if err := add(witnessName(who.Key), point); err != nil {
			return nil, nil, err
		}
	}
	return list, roots, nil
}

// errRecord is returned for a record of an act of the root that does not stand.
var errRecord = errors.New("the record of the root's act does not stand")
