package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

func (c *program) auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "审计与全库复核 / the audit, and re-hashing of the whole vault"}
	var first, last int
	list := &cobra.Command{
		Use: "list", Short: "审计记录：谁、凭什么、为何、看了什么 / who asked for what, by which right, why", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch f := cmd.Flags(); {
			case f.Changed("from") && f.Changed("last"):
				return cli.Usage("--from 与 --last 只能给一个", "--from and --last: give one of them")
			case last < 0 || last > maxLast:
				return cli.Usage("--last 应为 1 到 1000", "--last is 1 to 1000")
			}
			if last > 0 {
				first = -last
			}
			return c.at(cmd.Context(), operator("查看审计"), func(d desk) error {
				var broken error
				err := d.auditTrail(cmd.Context(), first, func(e *record.AuditEntry) bool {
					broken = c.showAudit(d.zone(), e)
					return broken == nil
				})
				if err == nil {
					err = broken
				}
				return err
			})
		},
	}
	list.Flags().IntVar(&first, "from", 1, "从第几条起 / first entry")
	list.Flags().IntVar(&last, "last", 0, "只看最后几条（至多 1000） / so many before the end, at most 1000")
	check := &cobra.Command{
		Use: "verify", Args: cobra.NoArgs,
		Short: "重算全库：记录、签名、事件、索引、账本、审计链、文件 / re-hash everything: records, signatures, events, indexes, ledger, audit, documents",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), operator("全库复核"), func(h *house, a vault.Access) error {
				return c.inspectAll(cmd.Context(), h, a)
			})
		},
	}
	cmd.AddCommand(list, check, c.auditTraceCommand())
	return cmd
}

// maxLast is how many entries before the end are shown at most; more are read from a number on.
const maxLast = 1000

// auditJSON is one entry as --json shows it, a line each.
type auditJSON struct {
	Number  int       `json:"number"`
	Time    time.Time `json:"time"`
	Caller  string    `json:"caller"`
	Clerk   string    `json:"clerk,omitempty"`
	Act     string    `json:"act"`
	Result  string    `json:"result"`
	Purpose string    `json:"purpose"`
	Ground  string    `json:"ground"`
	Basis   string    `json:"basis,omitempty"`
	Item    string    `json:"item,omitempty"`
	Case    string    `json:"case,omitempty"`
	Level   string    `json:"level"`
	Type    string    `json:"type,omitempty"`
	Issuer  string    `json:"issuer,omitempty"`
	Licence string    `json:"licence,omitempty"`
	Batch   string    `json:"batch,omitempty"`
	Subject string    `json:"subject,omitempty"`
	Object  string    `json:"object,omitempty"`
	Change  string    `json:"change,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Count   int       `json:"count,omitempty"`
	Message string    `json:"message,omitempty"`
}

func auditOf(e *record.AuditEntry) auditJSON {
	q := &e.Asked
	return auditJSON{
		e.Number, e.Time, q.Caller, e.Clerk, e.Act, e.Result, q.Purpose, q.Ground, q.Basis, q.Item, q.Case, q.Level, e.Type,
		e.Issuer, e.Licence, e.Batch, e.Subject, e.Object, e.Change, e.Reason, e.Count, e.Message,
	}
}

func (c *program) showAudit(zone *time.Location, e *record.AuditEntry) error {
	return c.Emit(auditOf(e), func() { c.Fact("%s", c.auditLine(e, zone)) })
}

// auditLine is an entry for people.
func (c *program) auditLine(e *record.AuditEntry, zone *time.Location) string {
	q := &e.Asked
	by := q.Caller
	if e.Clerk != "" {
		by += "/" + e.Clerk
	}
	words := []string{c.When(e.Time, zone), by, e.Act, e.Result, q.Ground, q.Purpose}
	about := e.Licence // which names its type
	if about == "" {
		about = e.Type
	}
	for _, word := range []string{about, e.Batch, e.Object, e.Change, e.Reason} {
		if word != "" {
			words = append(words, word)
		}
	}
	return fmt.Sprintf("%6d  %s", e.Number, strings.Join(words, "  "))
}

// inspectionJSON is the report on the whole vault.
type inspectionJSON struct {
	Passed       bool          `json:"passed"`
	Licences     int           `json:"licences"`
	Versions     int           `json:"versions"`
	Events       int           `json:"events"`
	Signatures   int           `json:"signatures"`
	Leaves       uint64        `json:"leaves"`
	Staged       int           `json:"staged"`
	AuditEntries int           `json:"audit_entries"`
	Root         record.Digest `json:"root"`
	Documents    int           `json:"documents"`
	Bytes        int64         `json:"document_bytes"`
	Findings     []findingJSON `json:"findings"`
	Orphans      []string      `json:"orphans,omitempty"` // addresses; at most 1,000 are listed
	OrphanCount  int           `json:"orphan_count"`
}

type findingJSON struct {
	Where string `json:"where"`
	What  string `json:"what"`
}

func (c *program) inspectAll(ctx context.Context, h *house, a vault.Access) error {
	in, err := h.vault.Inspect(ctx, a, nil)
	if err != nil {
		return err
	}
	out := inspectionJSON{
		len(in.Findings) == 0, in.Licences, in.Versions, in.Events, in.Signatures, in.Leaves, in.Staged, in.AuditEntries,
		in.Root, in.Blobs, in.BlobBytes, nil, nil, in.OrphanCount,
	}
	for _, f := range in.Findings {
		out.Findings = append(out.Findings, findingJSON(f))
	}
	for _, a := range in.Orphans {
		out.Orphans = append(out.Orphans, a.String())
	}
	err = c.Emit(out, func() {
		if out.Passed {
			c.Tell("通过：全库一致", "passed: the vault agrees with itself")
		} else {
			c.Tell("不通过：%d 处异常", "not passed: %d things do not agree", len(in.Findings))
		}
		c.Fact("%s", c.inspected(in))
		for _, f := range in.Findings {
			c.Fact("  ! %s: %s", f.Where, f.What)
		}
		if in.OrphanCount > 0 {
			c.Tell("另有 %d 个无主的文件或扫描件，不是差错，可用 sweep 清除", "%d documents or scans that nothing names: no fault, sweep removes them",
				in.OrphanCount)
		}
	})
	if err == nil && !out.Passed {
		err = &cli.ExitError{Code: cli.ExitNotPassed}
	}
	return err
}

func (c *program) inspected(in *vault.Inspection) string {
	return fmt.Sprintf(c.Say("证照 %d，版本 %d，事件 %d，验签 %d，账本 %d 条（另 %d 条待入账），审计记录 %d 条，文件和扫描件 %d 个",
		"licences %d, versions %d, events %d, signatures %d, ledger leaves %d (%d staged), audit entries %d, documents %d"),
		in.Licences, in.Versions, in.Events, in.Signatures, in.Leaves, in.Staged, in.AuditEntries, in.Blobs)
}

func (c *program) signedByCommand() *cobra.Command {
	return &cobra.Command{
		Use: "signed-by KEY", Args: cobra.ExactArgs(1),
		Short:   "某密钥签过什么：密钥失窃时用（证书文件或 64 位 SM3 指纹） / what a key has signed, when it was stolen",
		Example: "  elicense signed-by elicense-data/keys/departments/11350100EX0000010M.pem",
		RunE: func(cmd *cobra.Command, args []string) error {
			digest, err := certificateDigest(args[0])
			if err != nil {
				return err
			}
			return c.at(cmd.Context(), operator("清查密钥所签证照"), func(d desk) error {
				n := 0
				var broken error
				err := d.signedBy(cmd.Context(), digest, func(s vault.SignedVersion) bool {
					n++
					broken = c.Emit(s, func() { c.Fact("%s  %s", s.IssuedOn, s.Identifier) })
					return broken == nil
				})
				if err == nil && broken == nil {
					c.Tell("共 %d 个版本", "%d versions", n)
				}
				if err == nil {
					err = broken
				}
				return err
			})
		},
	}
}

// certificateDigest reads 64 hexadecimal digits, or the first certificate of a PEM file.
func certificateDigest(s string) (d [32]byte, err error) {
	if raw, err := hex.DecodeString(s); err == nil && len(raw) == len(d) {
		return [32]byte(raw), nil
	}
	if _, err := os.Stat(s); err != nil {
		return d, cli.Usage("KEY 应是证书文件或 64 位十六进制 SM3 指纹："+s,
			"KEY wants a certificate file or 64 hexadecimal digits: "+s)
	}
	certs, err := certificatesIn(s)
	if err != nil {
		return d, err
	}
	return certs[0].Digest, nil
}
