package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/ledger"
	"github.com/elicense/elicense/vault/record"
	"github.com/elicense/elicense/verify"
)

func (c *program) proofCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "proof", Short: "账本证明 / ledger proofs"}
	var t trust
	var event string
	check := &cobra.Command{
		Use: "verify PROOF", Short: "只凭证明、事件和账本公钥验证 / verify with proof, event and key alone", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.checkProof(cmd.Context(), &t, args[0], event) },
	}
	t.flags(check)
	check.Flags().StringVar(&event, "event", "", "事件文件（证明中不含事件时）/ file of the event, if the proof lacks it")
	cmd.AddCommand(check, c.proofGet(), c.checkpointCommand(), c.growthCommand(), c.ledgerKeyCommand())
	return cmd
}

func (c *program) checkProof(ctx context.Context, t *trust, path, eventPath string) error {
	if err := c.checkCryptography(); err != nil {
		return err
	}
	text, err := c.readLimited(path)
	if err != nil {
		return err
	}
	keys, err := c.ledgerKeys(ctx, t)
	if err != nil {
		return err
	}
	var event []byte
	if eventPath != "" {
		if event, err = c.readLimited(eventPath); err != nil {
			return err
		}
	}
	p, err := ledger.ParseProof(text)
	var report ledger.Report
	if err == nil {
		report, err = ledger.VerifyProof(p, event, keys...)
	}
	if err != nil {
		return c.proofRefused(err)
	}
	out := proofJSON{true, report.Origin, report.Size, report.Index, string(report.Event)}
	return c.Emit(out, func() {
		c.Tell("通过：账本 %s 共 %d 条，本事件是第 %d 条（从 0 数）", "passed: ledger %s of %d leaves has this event at %d",
			report.Origin, report.Size, report.Index)
		c.Put(string(report.Event))
	})
}

// proofJSON is the judgement on a proof.
type proofJSON struct {
	Passed bool   `json:"passed"`
	Origin string `json:"origin,omitempty"`
	Size   uint64 `json:"size,omitempty"`
	Index  uint64 `json:"index"`
	Event  string `json:"event,omitempty"`
}

func (c *program) proofRefused(why error) error {
	err := c.Emit(map[string]any{"passed": false, "reason": why.Error()}, func() {
		c.Tell("不通过：证明、事件与账本公钥对不上（%v）", "not passed: proof, event and ledger key do not fit together (%v)", why)
	})
	if err == nil {
		err = &cli.ExitError{Code: cli.ExitNotPassed}
	}
	return err
}

func (c *program) proofGet() *cobra.Command {
	var number int
	cmd := &cobra.Command{
		Use: "get IDENTIFIER", Short: "取证照事件的账本证明 / the proof of a licence's event", Args: cobra.ExactArgs(1),
		Example: "  elicense proof get 标识 > 证明.txt && elicense proof verify 证明.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), byLaw("取账本证明"), func(d desk) error {
				proof, err := d.proof(cmd.Context(), args[0], number)
				if err != nil {
					return err
				}
				return c.Emit(map[string][]byte{"proof": proof}, func() { c.Put(string(proof)) })
			})
		},
	}
	cmd.Flags().IntVar(&number, "event-number", 0, "第几个事件，缺省最后一个（附文件除外） / which event; if not given the last one that is not a document")
	return cmd
}

func (c *program) checkpointCommand() *cobra.Command {
	return &cobra.Command{
		Use: "checkpoint", Short: "签发并公布当前检查点 / sign and publish the present checkpoint", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.at(cmd.Context(), operator("公布检查点"), func(d desk) error {
				cp, err := d.checkpoint(cmd.Context())
				if err != nil {
					return err
				}
				return c.Emit(map[string]string{"checkpoint": string(cp)}, func() { c.Put(string(cp)) })
			})
		},
	}
}

// ledgerKeyCommand prints the key that init printed once. It opens no database.
func (c *program) ledgerKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "key", Short: "打印账本公钥，请公布 / print the ledger's key, to be published", Args: cobra.NoArgs,
		Long: "验证者凭此核对账本：verify、proof verify 的 --ledger-key。换发证照库的证书不改变它。" + cli.Between +
			"With it anybody verifies the ledger: --ledger-key of verify and proof verify. Renewing the vault's certificate\n" +
			"leaves it as it is.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := c.ledgerKeys(cmd.Context(), &trust{})
			if err != nil {
				return err
			}
			key := fmt.Sprint(keys[0])
			return c.Emit(map[string]string{"note_key": key}, func() { c.Fact("%s", key) })
		},
	}
}

// growthCommand adds to a receipt or batch certificate what shows that the ledger only grew since.
func (c *program) growthCommand() *cobra.Command {
	return &cobra.Command{
		Use: "since RECEIPT", Short: "给回执或批次证明补上账本只增不改的证明 / add the proof that the ledger only grew since",
		Args: cobra.ExactArgs(1), Example: "  elicense proof since 回执.json > 回执-新.json && elicense verify 回执-新.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			e, named, err := c.readNamed(args[0])
			if err != nil {
				return err
			}
			return c.at(cmd.Context(), operator("取账本增长证明"), func(d desk) error {
				if e.Consistency, err = d.growth(cmd.Context(), uint64(named.Size)); err != nil { //nolint:gosec // ≥ 0
					return err
				}
				return c.Emit(e, func() {
					text, err := json.MarshalIndent(e, "", "  ")
					if err == nil {
						c.Put(string(text) + "\n")
					}
				})
			})
		},
	}
}

// readNamed reads a receipt or batch certificate and the checkpoint that it names.
func (c *program) readNamed(path string) (*verify.Envelope, record.Checkpoint, error) {
	text, err := c.readLimited(path)
	if err != nil {
		return nil, record.Checkpoint{}, err
	}
	e := &verify.Envelope{}
	named, signed := record.Checkpoint{}, false
	if json.Unmarshal(text, e) == nil {
		if r, err := record.ParseReceipt(e.Raw); err == nil {
			named, signed = r.Checkpoint, true
		} else if b, err := record.ParseBatchCertificate(e.Raw); err == nil {
			named, signed = b.Checkpoint, true
		}
	}
	switch {
	case named.Size > 0:
		return e, named, nil
	case signed:
		return nil, named, cli.Usage("开出时账本还没有签过检查点，无从证明此后的变化："+path,
			"the ledger had no checkpoint when this was made, so nothing can be proven since: "+path)
	}
	return nil, named, cli.Usage(
		"这不是回执或批次证明："+path, "this is no receipt or batch certificate: "+path,
	)
}

// freshProofs brings every event that is only staged into the ledger and under a checkpoint.
func (h *house) freshProofs(ctx context.Context) error {
	_, err := h.vault.Checkpoint(ctx)
	if errors.Is(err, vault.ErrNotFound) {
		return nil // nothing has happened yet
	}
	return err
}
