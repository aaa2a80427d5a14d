package main

import (
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki/ca"
)

func (c *program) rootCRLCommand() *cobra.Command {
	k := &rootAct{}
	var previous, cause string
	var gone []string
	var days int
	cmd := &cobra.Command{
		Use: "crl", Args: cobra.NoArgs,
		Short: "签发根 CRL；可同时吊销签发证书 / sign the root's next CRL, and revoke issuing authorities with it",
		Long: "上一份 CRL 在根密钥文件旁（.crl），新的一份接着它编号，并取代它。结果与记录（--out 加 .txt）交给 root publish。" + cli.Between +
			"The CRL before lies beside the root's key file (.crl); the new one goes on from it and takes its place. Carry the " +
			"result and its record (--out with .txt) to root publish.",
		RunE: func(*cobra.Command, []string) error {
			if previous == "" {
				previous = k.rootFile + rootCRLSuffix
			}
			if err := c.openRoot(k, "crl"); err != nil {
				return err
			}
			revoked, err := c.revokedByRoot(k, gone, cause)
			if err != nil {
				return err
			}
			return c.rootCRL(k, previous, revoked, time.Duration(days)*24*time.Hour)
		},
	}
	c.rootFlags(cmd, k)
	f := cmd.Flags()
	f.StringVar(&previous, "previous", "", "上一份根 CRL，默认在根密钥文件旁 / the root's CRL before, by default beside its key file")
	f.StringArrayVar(&gone, "revoke", nil, "要吊销的签发证书或衔接证书文件 / certificate of an authority that is revoked (may be repeated)")
	f.StringVar(&cause, "reason", "cACompromise", "吊销原因 / CRL reason (RFC 5280)")
	f.IntVar(&days, "days", rootCRLDays, "有效天数 / days for which it is good")
	return cmd
}

// revokedByRoot reads the certificates that the root revokes; all must be its own.
func (c *program) revokedByRoot(k *rootAct, files []string, reason string) ([]ca.Revocation, error) {
	cause, err := ca.ParseCause(reason)
	if err != nil {
		return nil, &cli.UsageError{Zh: "没有这个吊销原因：" + reason, En: "no such reason: " + reason}
	}
	list := make([]ca.Revocation, 0, len(files))
	for _, path := range files {
		x, _, err := readBundle(path)
		if err != nil {
			return nil, err
		}
		serial, ok := ca.SerialOf(x.Serial)
		if !ok || x.CheckIssuedBy(k.root.Certificate()) != nil {
			return nil, &cli.UsageError{Zh: "不是此根签发的：" + path, En: "was not issued by this root: " + path}
		}
		k.log.add("revoked", x.Subject, "serial", serial.String(), "reason", reason)
		list = append(list, ca.Revocation{Serial: serial, Status: ca.Status{
			State: ca.StateRevoked, Cause: cause, At: c.Now().UTC().Truncate(time.Second),
		}})
	}
	return list, nil
}

func (c *program) rootCRL(k *rootAct, previous string, revoked []ca.Revocation, valid time.Duration) error {
	before, err := os.ReadFile(previous)
	if errors.Is(err, os.ErrNotExist) {
		return &cli.UsageError{
			Zh: "没有上一份根 CRL：" + previous + "；请用 --previous 给出最后发布的一份",
			En: "the root's CRL before is missing: " + previous + "; give the last published one with --previous",
		}
	}
	if err != nil {
		return err
	}
	der, err := k.root.NextCRL(before, revoked, valid)
	if err != nil {
		return err
	}
	if err := k.log.addCRL(der); err != nil {
		return err
	}
	// The root remembers before anybody is given the CRL: a number that is signed twice would be worse than a gap.
	if err := replaceFile(k.rootFile+rootCRLSuffix, der); err != nil {
		return err
	}
	if err := errors.Join(writeNew(k.out, der), k.closeAct()); err != nil {
		return err
	}
	return c.made(k, "下一步：root publish", "Next: root publish")
}

// made tells of what an act has made.
func (c *program) made(k *rootAct, zh, en string) error {
	record := k.out + recordSuffix
	return c.Emit(map[string]any{"out": k.out, "record": record}, func() {
		c.Put(k.log.String())
		c.Tell("✓ %s，记录 %s；%s", "✓ %s, record %s; %s", k.out, record, c.Say(zh, en))
	})
}
