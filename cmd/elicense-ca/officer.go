package main

import (
	"encoding/hex"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
	"github.com/elicense/elicense/pki/ca"
)

// Officers prove who they are with a key of their own: the register's rule that two persons must agree means nothing
// if one of them can type the other's name.

var (
	errNoOfficer = errors.New("no officer's key was given")
	errOfficer   = errors.New("nobody is entered with this key")
)

var roles = map[string]ca.Role{
	"enrol": ca.RoleEnrol, "approve": ca.RoleApprove, "revoke": ca.RoleRevoke, "operate": ca.RoleOperate,
	"inspect": ca.RoleInspect,
}

// parseRoles reads the names of roles.
func parseRoles(names []string) (ca.Role, error) {
	var all ca.Role
	for _, name := range names {
		role, ok := roles[name]
		if !ok {
			return 0, &cli.UsageError{
				Zh: "没有这个职责：" + name + "；有 enrol 受理、approve 审核、revoke 吊销、operate 运维、inspect 查阅",
				En: "no such role: " + name + "; there are enrol, approve, revoke, operate, inspect",
			}
		}
		all |= role
	}
	return all, nil
}

// officerFlag is the flag that names who acts.
func (c *program) officerFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "officer", c.Env("ELICENSE_CA_OFFICER"),
		"操作员的密钥文件 (ELICENSE_CA_OFFICER) / key file of the officer who acts (ELICENSE_CA_OFFICER)")
}

// actor opens an officer's key file and finds who it is.
func (c *program) actor(s *station, path string) (ca.Actor, error) {
	if path == "" {
		return ca.Actor{}, errNoOfficer
	}
	_, point, err := c.officerKey(path, "")
	if err != nil {
		return ca.Actor{}, err
	}
	o, ok := s.settings.officer(point)
	if !ok {
		return ca.Actor{}, errOfficer
	}
	granted, err := parseRoles(o.Roles)
	return ca.Actor{Name: o.Name, Roles: granted}, err
}

// parseOfficers reads NAME:ROLE,ROLE:KEY.
func parseOfficers(list []string) ([]officerSettings, error) {
	out := make([]officerSettings, 0, len(list))
	for _, text := range list {
		parts := strings.Split(text, ":")
		if len(parts) != 3 || parts[0] == "" {
			return nil, &cli.UsageError{Zh: "--officer 应为 姓名:职责,职责:公钥，现为 " + text,
				En: "--officer wants NAME:ROLE,ROLE:KEY, not " + text}
		}
		o := officerSettings{Name: parts[0], Roles: strings.Split(parts[1], ","), Key: strings.ToLower(parts[2])}
		if _, err := parseRoles(o.Roles); err != nil {
			return nil, err
		}
		if _, err := parsePoint(o.Key); err != nil {
			return nil, &cli.UsageError{Zh: "操作员 " + o.Name + " 的公钥不是 SM2 公钥",
				En: "the key of officer " + o.Name + " is no SM2 public key"}
		}
		for _, other := range out {
			if other.Name == o.Name || other.Key == o.Key {
				return nil, &cli.UsageError{Zh: "操作员的姓名和密钥不得重复：" + o.Name,
					En: "officers share neither names nor keys: " + o.Name}
			}
		}
		out = append(out, o)
	}
	return out, nil
}

func (c *program) officerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "officer", Short: "操作员 / officers"}
	var out string
	make := &cobra.Command{
		Use: "new", Args: cobra.NoArgs,
		Short: "生成操作员自己的密钥 / make an officer's own key",
		Long: "密钥写入 --out，口令取自 ELICENSE_CA_OFFICER_PASSPHRASE；公钥交给 init 或写入 " + settingsFile + "。" + cli.Between +
			"The key goes to --out under ELICENSE_CA_OFFICER_PASSPHRASE; give the public key to init or put it into " +
			settingsFile + ".",
		RunE: func(*cobra.Command, []string) error { return c.newOfficer(out) },
	}
	make.Flags().StringVar(&out, "out", "", "密钥文件 / key file")
	cobra.CheckErr(make.MarkFlagRequired("out"))
	cmd.AddCommand(make)
	return cmd
}

func (c *program) newOfficer(out string) error {
	passphrase, err := c.secret("ELICENSE_CA_OFFICER_PASSPHRASE")
	if err != nil {
		return err
	}
	key, err := pki.GenerateKey(c.Rand)
	if err != nil {
		return err
	}
	text, err := pki.MarshalKey(key, []byte(passphrase), c.Rand)
	if err != nil {
		return err
	}
	public, err := pki.PublicKeyOf(key.Public())
	if err != nil {
		return err
	}
	if err := writeNew(out, text); err != nil {
		return err
	}
	point := hex.EncodeToString(public.Point())
	return c.Emit(map[string]any{"key": point}, func() { c.Put(point) })
}
