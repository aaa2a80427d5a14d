package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

// queryFlags are those of look-ups and comparisons.
func queryFlags(cmd *cobra.Command, q *vault.Query, holder *string) {
	f := cmd.Flags()
	f.StringVar(&q.Type, "type", "", "证照类型代码 / type code")
	f.StringVar(&q.Number, "number", "", "证照编号 / licence number")
	f.StringVar(&q.Issuer, "issuer", "", "颁发机构代码 / issuer")
	f.StringVar(holder, "holder", "", "持证主体：类型:代码，如 001:9135… / holder as KIND:CODE")
	f.StringVar(&q.Batch, "batch", "", "转换批次 / batch")
	f.IntVar(&q.Limit, "limit", 0, "每页件数 / licences on a page")
	f.StringVar(&q.Cursor, "cursor", "", "翻页标记 / cursor of the next page")
	f.BoolVar(&q.Receipt, "receipt", false, "要签名回执 / sign a receipt")
}

func completeQuery(q *vault.Query, args []string, holder string) error {
	if len(args) > 0 {
		q.Identifier = args[0]
	}
	if holder == "" {
		return nil
	}
	var ok bool
	if q.HolderKind, q.HolderCode, ok = strings.Cut(holder, ":"); !ok {
		return &usageError{"--holder 应写成 类型:代码，如 001:9135…", "--holder wants KIND:CODE, such as 001:9135…"}
	}
	return nil
}

// foundJSON is a licence as --json shows it.
type foundJSON struct {
	Identifier string            `json:"identifier"`
	Type       string            `json:"type"`
	State      vault.State       `json:"state"`
	Since      record.Date       `json:"since"`
	SourceTime time.Time         `json:"source_time"`
	Values     map[string]string `json:"values"`
	Record     []byte            `json:"record"`
	Signature  []byte            `json:"signature"`
}

func (c *cli) lookupCommand() *cobra.Command {
	var q vault.Query
	var holder, bundle string
	cmd := &cobra.Command{
		Use: "lookup [标识]", Short: "查询证照 / look licences up", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := completeQuery(&q, args, holder); err != nil {
				return err
			}
			return c.withHouse(cmd.Context(), func(h *house) error {
				a := c.by(h, vault.GroundLaw, "查询证照")
				res, err := h.vault.Lookup(cmd.Context(), a, q)
				if err != nil {
					return err
				}
				if bundle != "" && len(res.Found) == 1 {
					if err := c.export(cmd.Context(), h, exportJob{a, res.Found[0].Identifier, bundle}); err != nil {
						return err
					}
				}
				return c.showFound(cmd.Context(), h, res)
			})
		},
	}
	queryFlags(cmd, &q, &holder)
	cmd.Flags().StringVar(&bundle, "export", "", "把可离线验证的证照存到文件 / save the licence for offline verification")
	return cmd
}

type exportJob struct {
	access     vault.Access
	identifier string
	file       string
}

func (c *cli) export(ctx context.Context, h *house, job exportJob) error {
	b, err := h.vault.Bundle(ctx, job.access, job.identifier)
	if err != nil {
		return err
	}
	text, err := b.Encode()
	if err != nil {
		return err
	}
	return writeFile(job.file, text)
}

var absenceWords = map[vault.Absence][2]string{
	vault.NeverIssued:  {"从未核发（该范围已声明全部转换）", "never issued (the range is declared fully converted)"},
	vault.NotConverted: {"尚未电子化转换，不能据此认定没有", "not yet converted: this does not mean there is none"},
	vault.SourceSilent: {"数据源未接入", "the source is silent"},
}

func (c *cli) showFound(ctx context.Context, h *house, res *vault.Result) error {
	list := make([]foundJSON, len(res.Found))
	for i := range res.Found {
		f := &res.Found[i]
		list[i] = foundJSON{
			f.Identifier, f.Record.TypeName, f.State, f.Since, f.SourceTime, f.Values(), f.Raw, f.Signature,
		}
	}
	all := map[string]any{"found": list, "next": res.Next, "absence": res.Absence, "receipt": res.Receipt}
	return c.emit(all, func() {
		for i := range res.Found {
			c.showLicence(ctx, h, &res.Found[i])
		}
		if len(res.Found) == 0 {
			w := absenceWords[res.Absence]
			c.printf("没有查到。%s", "nothing found. %s", c.say(w[0], w[1]))
		}
		if res.Next != "" {
			c.printf("还有更多：--cursor %s", "more: --cursor %s", res.Next)
		}
	})
}

// showLicence prints state first, then the face of the licence in the order of its type.
func (c *cli) showLicence(ctx context.Context, h *house, f *vault.Found) {
	c.printf("【%s】%s  自 %s", "[%s] %s  since %s", c.state(f.State), f.Record.TypeName, f.Since)
	t, err := h.vault.Type(ctx, f.Record.TypeCode)
	if err != nil {
		return
	}
	for _, col := range t.Columns() {
		if v := f.Value(col.Name); v != "" {
			c.printf("  %s：%s", "  %s: %s", col.Label, v)
		}
	}
}

func (c *cli) compareCommand() *cobra.Command {
	var q vault.Query
	var holder string
	cmd := &cobra.Command{
		Use: "compare [标识] 要素=值…", Short: "比对申请人所填与库中所存 / compare claims with the vault", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var id []string
			if !strings.Contains(args[0], "=") && !strings.HasPrefix(args[0], "@") {
				id, args = args[:1], args[1:]
			}
			if err := completeQuery(&q, id, holder); err != nil {
				return err
			}
			claims, err := values(args)
			if err != nil {
				return err
			}
			return c.withHouse(cmd.Context(), func(h *house) error {
				res, err := h.vault.Compare(cmd.Context(), c.by(h, vault.GroundLaw, "比对查验"), q, claims)
				if err != nil {
					return err
				}
				return c.showComparison(res)
			})
		},
	}
	queryFlags(cmd, &q, &holder)
	return cmd
}

var resultWords = map[string][2]string{
	"matched":                  {"全部一致", "all equal"},
	"different":                {"有不一致", "something differs"},
	"missing":                  {"有缺失项", "something is missing"},
	string(vault.NeverIssued):  absenceWords[vault.NeverIssued],
	string(vault.NotConverted): absenceWords[vault.NotConverted],
	string(vault.SourceSilent): absenceWords[vault.SourceSilent],
}

// showComparison prints the decision first and ends with code 3 if the claims do not match.
func (c *cli) showComparison(res *vault.Comparison) error {
	err := c.emit(res, func() {
		w := resultWords[res.Result]
		c.printf("%s  %s", "%s  %s", c.say(w[0], w[1]), c.state(res.State))
		for _, f := range res.Fields {
			c.printf("  %s  %s  %s", "  %s  %s  %s", c.say(f.Verdict.Chinese(), string(f.Verdict)), f.Label, strings.Join(f.Rules, " "))
		}
	})
	switch {
	case err != nil:
		return err
	case res.Result == "matched" && res.State == vault.Valid:
		return nil
	case res.Identifier == "":
		return &exitError{exitIndeterminate}
	}
	return &exitError{exitNotPassed}
}

func (c *cli) historyCommand() *cobra.Command {
	var legal, known string
	cmd := &cobra.Command{
		Use: "history 标识", Short: "证照的全部经历，或某日的状态 / everything that happened, or the state as of a day", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withHouse(cmd.Context(), func(h *house) error {
				a := c.by(h, vault.GroundLaw, "查看证照经历")
				if legal != "" {
					return c.showAsOf(cmd.Context(), h, asOfJob{a, args[0], legal, known})
				}
				if _, err := h.vault.Checkpoint(cmd.Context()); err != nil {
					return err
				}
				list, err := h.vault.History(cmd.Context(), a, args[0])
				if err != nil {
					return err
				}
				return c.showHistory(list)
			})
		},
	}
	cmd.Flags().StringVar(&legal, "as-of", "", "某日依法的状态 yyyy-mm-dd / in force on a day")
	cmd.Flags().StringVar(&known, "known", "", "按当时所知 RFC 3339 / by what was known at an instant")
	return cmd
}

type asOfJob struct {
	access                   vault.Access
	identifier, legal, known string
}

func (c *cli) showAsOf(ctx context.Context, h *house, job asOfJob) error {
	day, err := record.ParseDate(job.legal)
	if err != nil {
		return &usageError{"--as-of 应为 yyyy-mm-dd", "--as-of wants yyyy-mm-dd"}
	}
	var known time.Time
	if job.known != "" {
		if known, err = time.Parse(time.RFC3339, job.known); err != nil {
			return &usageError{"--known 应为 RFC 3339 时间", "--known wants an RFC 3339 time"}
		}
	}
	m, err := h.vault.AsOf(ctx, job.access, job.identifier, day, known)
	if err != nil {
		return err
	}
	return c.emit(map[string]any{"state": m.State, "since": m.Since}, func() {
		c.printf("%s（自 %s）", "%s (since %s)", c.state(m.State), m.Since)
	})
}

func (c *cli) showHistory(list []vault.Entry) error {
	type entry struct {
		Text  string          `json:"event"`
		Proof []byte          `json:"proof,omitempty"`
	}
	out := make([]entry, len(list))
	for i := range list {
		out[i] = entry{Text: string(list[i].Raw), Proof: list[i].Proof}
	}
	return c.emit(out, func() {
		for i := range list {
			e := list[i].Event
			c.printf("%3d  %s  %-10s 第%d版  生效 %s  %s %s", "%3d  %s  %-10s v%d  effective %s  %s %s",
				e.Number, e.Recorded.Format("2006-01-02 15:04:05"), e.Kind, e.Version, e.Effective, e.Basis, e.Reason)
		}
	})
}
