package main

import (
	"bytes"
	"context"
	"crypto"
	"encoding/pem"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
	"github.com/elicense/elicense/pki/ca/kmc"
)

// A custodian's file holds two encrypted keys, one that approves and one that his shares are encrypted to.

func (c *program) custodyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "custody", Short: "密钥保管 / custody of the encryption keys"}
	cmd.AddCommand(c.custodianCommand(), official(c.foundCommand()), official(c.recoverCommand()))
	return cmd
}

func (c *program) custodianCommand() *cobra.Command {
	return &cobra.Command{
		Use: "new FILE", Args: cobra.ExactArgs(1),
		Short: "保管员生成自己的两把密钥 / a custodian makes his two keys",
		Long: "口令取自 ELICENSE_CA_CUSTODIAN_PASSPHRASE。每位保管员各自保管自己的文件和口令。" + cli.Between +
			"The passphrase is ELICENSE_CA_CUSTODIAN_PASSPHRASE. Every custodian keeps file and passphrase to himself.",
		RunE: func(_ *cobra.Command, args []string) error {
			passphrase, err := c.secret("ELICENSE_CA_CUSTODIAN_PASSPHRASE")
			if err != nil {
				return err
			}
			var text []byte
			for range 2 {
				key, err := pki.GenerateKey(c.Rand)
				if err != nil {
					return err
				}
				one, err := pki.MarshalKey(key, []byte(passphrase), c.Rand)
				if err != nil {
					return err
				}
				text = append(text, one...)
			}
			return writeNew(args[0], text)
		},
	}
}

// gathering is who takes part in an act of the key management centre, and on which grounds.
type gathering struct {
	officer    string
	custodians []string
	why, basis string
}

func (c *program) gatheringFlags(cmd *cobra.Command, g *gathering) {
	c.officerFlag(cmd, &g.officer)
	f := cmd.Flags()
	f.StringArrayVar(&g.custodians, "custodian", nil,
		"到场的保管员 姓名=密钥文件=口令文件（可多次）/ custodian who is there NAME=KEYFILE=PASSPHRASEFILE (may be repeated)")
	f.StringVar(&g.why, "why", "", "事由 / why")
	f.StringVar(&g.basis, "basis", "", "依据 / by which rule or law")
	for _, name := range []string{"custodian", "why", "basis"} {
		cobra.CheckErr(cmd.MarkFlagRequired(name))
	}
}

func (g *gathering) grounds(who ca.Actor) kmc.Grounds {
	return kmc.Grounds{Who: who.Name, Why: g.why, Basis: g.basis}
}

func (c *program) foundCommand() *cobra.Command {
	g := &gathering{}
	var threshold int
	cmd := &cobra.Command{
		Use: "found", Args: cobra.NoArgs,
		Short: "设立密钥管理中心的保管员 / found the custody of the key management centre",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.atCentre(cmd.Context(), g.officer, func(ctx context.Context, o *office, who ca.Actor) error {
				list, present, err := c.gather(g)
				if err != nil {
					return err
				}
				err = o.centre.Found(ctx, kmc.Custody{Threshold: threshold, Custodians: list}, g.grounds(who), present)
				if err != nil {
					return err
				}
				return c.Emit(map[string]any{"custodians": len(list), "threshold": threshold}, func() {
					c.Tell("✓ 保管员 %d 人，恢复密钥须 %d 人同意", "✓ %d custodians, of whom %d must agree to a recovery", len(list), threshold)
				})
			})
		},
	}
	c.gatheringFlags(cmd, g)
	cmd.Flags().IntVar(&threshold, "threshold", 2, "恢复所需人数 / how many must agree")
	return cmd
}

func (c *program) recoverCommand() *cobra.Command {
	g := &gathering{}
	var csr, out string
	var judicial bool
	cmd := &cobra.Command{
		Use: "recover APPLICATION", Args: cobra.ExactArgs(1),
		Short: "恢复加密密钥，须保管员同意 / recover an encryption key, if the custodians agree",
		Long: "APPLICATION 是当初的申请号，--csr 是持有人的新签名密钥（司法恢复：被授权的密钥）的证书请求。" + cli.Between +
			"APPLICATION is the one the pair was issued for; --csr is the request of the holder's new signing key, or with " +
			"--judicial of the key that is entitled.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.atCentre(cmd.Context(), g.officer, func(ctx context.Context, o *office, who ca.Actor) error {
				r := kmc.Recovery{Act: kmc.ActUserRecovery, Holder: args[0], Grounds: g.grounds(who)}
				if judicial {
					r.Act = kmc.ActJudicialRecovery
				}
				return c.recover(ctx, o, r, g, [2]string{c.path(csr), c.path(out)})
			})
		},
	}
	c.gatheringFlags(cmd, g)
	f := cmd.Flags()
	f.StringVar(&csr, "csr", "", "交付给谁：其签名密钥的证书请求 / request of the signing key that it goes to")
	f.StringVar(&out, "out", "", "写入的文件 / file to write")
	f.BoolVar(&judicial, "judicial", false, "司法恢复 / judicial recovery")
	for _, name := range []string{"csr", "out"} {
		cobra.CheckErr(cmd.MarkFlagRequired(name))
	}
	return cmd
}

// recover has the key of an application delivered; of the files the first is the request, the second is written.
func (c *program) recover(ctx context.Context, o *office, r kmc.Recovery, g *gathering, files [2]string) error {
	csr, err := readDER(files[0], "CERTIFICATE REQUEST")
	if err != nil {
		return err
	}
	if r.Recipient, err = ca.ParseRequest(csr); err != nil {
		return err
	}
	keys, err := o.centre.KeysOf(ctx, r.Holder, kmc.KeyID{}, 1)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return &cli.UsageError{Zh: "此申请没有加密密钥：" + r.Holder, En: "no encryption key was made for this application: " + r.Holder}
	}
	r.Key = keys[0].Key
	_, present, err := c.gather(g)
	if err != nil {
		return err
	}
	d, err := o.centre.Recover(ctx, r, present)
	if err != nil {
		return err
	}
	if err := replaceFile(files[1], d.Envelope); err != nil {
		return err
	}
	return c.Emit(map[string]any{"envelope": files[1]}, func() {
		c.Tell("✓ 已恢复并写入 %s，全程已记入密钥管理中心的记录", "✓ recovered into %s; all of it is in the centre's transcript", files[1])
	})
}

// atCentre is asOfficer for an officer who may operate, at an authority with a key management centre.
func (c *program) atCentre(
	ctx context.Context, officer string, act func(context.Context, *office, ca.Actor) error,
) error {
	return c.asOfficer(ctx, officer, func(ctx context.Context, o *office, who ca.Actor) error {
		if who.Roles&ca.RoleOperate == 0 {
			return &cli.UsageError{Zh: "此操作需要 operate 职责", En: "this needs the role operate"}
		}
		if o.centre == nil {
			return &cli.UsageError{Zh: settingsFile + " 没有 escrow：不设密钥管理中心", En: settingsFile + " names no escrow: there is no key management centre"}
		}
		return act(ctx, o, who)
	})
}

// gather opens the keys of the custodians who are there. Whoever brings file and passphrase agrees to what the command
// line says.
func (c *program) gather(g *gathering) ([]kmc.Custodian, []kmc.Participant, error) {
	var list []kmc.Custodian
	var present []kmc.Participant
	for _, text := range g.custodians {
		parts := strings.Split(text, "=")
		if len(parts) != 3 {
			return nil, nil, &cli.UsageError{Zh: "--custodian 应为 姓名=密钥文件=口令文件：" + text,
				En: "--custodian wants NAME=KEYFILE=PASSPHRASEFILE: " + text}
		}
		t, err := c.custodian(parts[0], parts[1], parts[2])
		if err != nil {
			return nil, nil, err
		}
		list, present = append(list, t.Who), append(present, t)
	}
	return list, present, nil
}

func (c *program) custodian(name, file, passphraseFile string) (*kmc.Token, error) {
	text, err := os.ReadFile(c.path(file))
	if err != nil {
		return nil, fmt.Errorf("reading a custodian's keys: %w", err)
	}
	passphrase, err := readWord(c.path(passphraseFile))
	if err != nil {
		return nil, err
	}
	var keys []crypto.Signer
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		key, err := pki.ParseKey(pem.EncodeToMemory(block), []byte(passphrase))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		keys = append(keys, key)
	}
	if len(keys) != 2 || bytes.Count(text, []byte("-----BEGIN")) != 2 {
		return nil, &cli.UsageError{Zh: file + " 不是保管员的密钥文件", En: file + " is no file of a custodian's keys"}
	}
	t := &kmc.Token{Signer: keys[0], Rand: c.Rand, Consent: func(*kmc.Statement) error { return nil }}
	decrypter, ok := keys[1].(crypto.Decrypter)
	if !ok {
		return nil, pki.ErrKeyFile
	}
	t.Decrypter = decrypter
	t.Who = kmc.Custodian{Name: name}
	if t.Who.Signing, err = pki.PublicKeyOf(keys[0].Public()); err != nil {
		return nil, err
	}
	t.Who.Encryption, err = pki.PublicKeyOf(keys[1].Public())
	return t, err
}
