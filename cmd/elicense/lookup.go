package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/code"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// query is what look-ups and comparisons ask for, as flags give it.
type query struct {
	vault.Query

	holder string
	own    bool // nothing need be asked for: a service that knows a holder shows what is his or hers
}

func (q *query) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&q.Type, "type", "", "证照类型：名称或代码 / type: name or code")
	f.StringVar(&q.Number, "number", "", "证照编号（与 --type 同用） / licence number, with --type")
	f.StringVar(&q.Issuer, "issuer", "", "颁发机构信用代码（与 --type 同用） / credit code of the issuer, with --type")
	f.StringVar(&q.holder, "holder", "", "持证主体代码；须写明类型时用 类型:代码 / holder's code, or KIND:CODE")
}

// mine makes a holder who asks for nothing in particular ask for everything of his or her own.
func (q *query) mine(identifier []string, holder *vault.Assertion) {
	if holder != nil && len(identifier) == 0 && q.holder+q.Batch+q.Number == "" {
		q.HolderKind, q.HolderCode = holder.Kind, holder.Code
	}
}

// complete reads the identifier and the holder, and finds the type.
func (q *query) complete(ctx context.Context, v shelf, identifier []string) error {
	if len(identifier) > 0 {
		q.Identifier = identifier[0]
		if err := notIdentifier(q.Identifier); err != nil {
			return err
		}
	}
	if !q.own && q.Identifier == "" && q.holder == "" && q.HolderCode == "" && q.Batch == "" && (q.Type == "" || q.Number == "" && q.Issuer == "") {
		return cli.Usage(
			"要查什么？请给出证照标识，或 --holder，或 --type 与 --number，或 --type 与 --issuer",
			"look up what? give an identifier, or --holder, or --type with --number, or --type with --issuer",
		)
	}
	if err := q.readHolder(); err != nil {
		return err
	}
	return typeCode(ctx, v, &q.Type)
}

// notIdentifier tells what else was given in an identifier's place, without repeating it.
func notIdentifier(s string) error {
	switch {
	case code.CheckUSCC(s) == nil || code.CheckCitizenNumber(s) == nil:
		return cli.Usage("这是持证主体代码，不是证照标识；请写成 --holder 代码",
			"this is the code of a holder, not of a licence; write --holder CODE")
	case !strings.Contains(s, "."):
		return cli.Usage("这不是证照标识（形如 1.2.156.3005.2.…）；按证照编号查请用 --type 与 --number",
			"this is no licence identifier (1.2.156.3005.2...); to look up by a licence number, use --type with --number")
	}
	return nil
}

// readHolder reads --holder.
func (q *query) readHolder() (err error) {
	if q.holder != "" {
		q.HolderKind, q.HolderCode, err = holderOf(q.holder)
	}
	return err
}

// holderOf reads KIND:CODE, or tells the kind of a code by its form where that is certain.
func holderOf(s string) (kind, number string, err error) {
	kind, number, ok := strings.Cut(s, ":")
	switch {
	case ok:
		return kind, number, nil
	case code.CheckUSCC(s) == nil:
		return holderFirm, s, nil
	case code.CheckCitizenNumber(s) == nil:
		return holderCitizen, s, nil
	}
	return "", "", cli.Usage(
		"不能判断持证主体代码的类型；请写成 类型:代码，如 001:统一社会信用代码、111:公民身份号码",
		"the kind of the holder's code cannot be told; write KIND:CODE, as 001: for a credit code, 111: for a "+
			"citizen number",
	)
}

// Kinds of holders' codes (持证主体代码类型代码, GB/T 36903).
const (
	holderFirm    = "001" // 统一社会信用代码
	holderCitizen = "111" // 公民身份号码
)

// foundJSON is a licence as --json shows it.
type foundJSON struct {
	Identifier string            `json:"identifier"`
	Type       string            `json:"type"`
	State      vault.State       `json:"state"`
	Since      record.Date       `json:"since"`
	SourceTime time.Time         `json:"source_time"`
	Batch      string            `json:"batch,omitempty"`
	Values     map[string]string `json:"values"`
	Record     []byte            `json:"record,omitempty"`    // a service gives it in the bundle
	Signature  []byte            `json:"signature,omitempty"` // likewise
}

// handOut is where the answers of a look-up go beside the screen.
type handOut struct{ bundle, receipt string }

func (c *program) lookupCommand() *cobra.Command {
	var q query
	var to handOut
	cmd := &cobra.Command{
		Use: "lookup [IDENTIFIER]", Short: "查询证照 / look licences up", Args: cobra.MaximumNArgs(1),
		Example: "  elicense lookup --holder 91350100EX0000002J\n  elicense lookup --type 食品经营许可证 --number " +
			"JY13501020000017 --export 证照.json\n" +
			"  elicense verify 证照.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), byLaw("查询证照"), func(d desk) error {
				q.mine(args, d.present())
				q.own = c.service.url != ""
				if err := q.complete(cmd.Context(), d, args); err != nil {
					return err
				}
				if q.Receipt = to.receipt != ""; q.Receipt { // it names a checkpoint that has what it tells
					if err := d.fresh(cmd.Context()); err != nil {
						return err
					}
				}
				res, err := d.lookup(cmd.Context(), q.Query)
				if err != nil {
					return err
				}
				if len(res.Found) == 0 && res.Absence == "" && q.Batch != "" {
					res.Absence = notSignedOff
				}
				if err := c.showFound(cmd.Context(), d, res); err != nil {
					return err
				}
				return c.handOut(cmd.Context(), lookedUp{d, res}, to)
			})
		},
	}
	q.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&q.Batch, "batch", "", "转换批次 / batch")
	f.IntVar(&q.Limit, "limit", 0, "每页件数，缺省 50 / licences on a page; 50 if not given")
	f.StringVar(&q.Cursor, "cursor", "", "翻页标记 / mark of the next page")
	f.StringVar(&to.bundle, "export", "", "把证照及其证明存为文件，可离线验证 / save the licence with its proof, to verify offline")
	f.StringVar(&to.receipt, "receipt", "", "把签名回执存为文件 / save a signed receipt")
	return cmd
}

// lookedUp is a look-up that was answered.
type lookedUp struct {
	desk   desk
	result *vault.Result
}

// handOut saves what was asked for. A licence and a receipt are of one licence.
func (c *program) handOut(ctx context.Context, l lookedUp, to handOut) error {
	if to.receipt != "" && l.result.Receipt != nil {
		if err := c.save(to.receipt, l.result.Receipt); err != nil {
			return err
		}
	}
	if to.bundle == "" {
		return nil
	}
	if len(l.result.Found) != 1 {
		return cli.Usage(
			"--export 只适用于恰好查到一件时；请用证照标识查询", "--export wants exactly one licence; look it up by its identifier",
		)
	}
	text, err := l.desk.bundle(ctx, l.result.Found[0].Identifier)
	if err == nil {
		err = c.saveBytes(to.bundle, text)
	}
	return err
}

// notSignedOff is what it can mean that a batch shows nothing.
const notSignedOff vault.Absence = "not-signed-off"

var absenceWords = map[vault.Absence][2]string{
	notSignedOff:       {"批次签核前，其中的证照不对外可查", "licences of a batch are seen from its sign-off on"},
	vault.NeverIssued:  {"从未核发（该范围已声明全部转换）", "never issued (the range is declared fully converted)"},
	vault.NotConverted: {"尚未电子化转换：不能据此认定没有", "not yet converted: this does not mean there is none"},
	vault.SourceSilent: {"数据源未接入：不能据此认定没有", "the source is silent: this does not mean there is none"},
}

// absence says what it means that nothing was found.
func (c *program) absence(a vault.Absence) string {
	w := absenceWords[a]
	return c.Say(w[0], w[1])
}

func (c *program) showFound(ctx context.Context, d desk, res *vault.Result) error {
	list := make([]foundJSON, len(res.Found))
	for i := range res.Found {
		f := &res.Found[i]
		list[i] = foundJSON{
			f.Identifier, f.Record.TypeName, f.State, f.Since, f.SourceTime, f.Batch, f.Values(), f.Raw, f.Signature,
		}
	}
	all := map[string]any{"found": list, "next": res.Next, "absence": res.Absence, "receipt": res.Receipt}
	return c.Emit(all, func() {
		if len(res.Found) > 1 {
			c.Tell("查到 %d 件", "%d found", len(res.Found))
		}
		for i := range res.Found {
			c.showLicence(ctx, d, &res.Found[i])
		}
		if len(res.Found) == 0 {
			c.Tell("没有查到。%s", "nothing found: %s", c.absence(res.Absence))
		}
		if res.Next != "" {
			c.Tell("还有更多，加上：--cursor %s", "more with: --cursor %s", res.Next)
		}
	})
}

// showLicence prints state first, then the face of the licence in the order of its type.
func (c *program) showLicence(ctx context.Context, types shelf, f *vault.Found) {
	c.Tell("【%s】%s（自 %s）", "[%s] %s (since %s)", c.state(f.State), f.Record.TypeName, f.Since)
	c.Tell("  标识：%s", "  identifier: %s", f.Identifier)
	t, err := types.Type(ctx, f.Record.TypeCode)
	if err != nil {
		return
	}
	for _, col := range t.Columns() {
		if v := f.Value(col.Name); v != "" && col.Name != catalogue.MetaIdentifier { // it stands above
			c.Tell("  %s：%s", "  %s: %s", col.Label, v)
		}
	}
}

func (c *program) historyCommand() *cobra.Command {
	var legal, known string
	cmd := &cobra.Command{
		Use: "history IDENTIFIER", Args: cobra.ExactArgs(1),
		Short: "证照的全部经历，或某日的状态 / everything that happened, or the state as of a day",
		RunE: func(cmd *cobra.Command, args []string) error {
			var q asOf
			if legal != "" {
				var err error
				if q, err = parseAsOf(args[0], legal, known); err != nil {
					return err
				}
			}
			return c.at(cmd.Context(), byLaw("查看证照经历"), func(d desk) error {
				if legal != "" {
					return c.showAsOf(cmd.Context(), d, q)
				}
				list, err := d.history(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return c.showHistory(list, d.zone())
			})
		},
	}
	cmd.Flags().StringVar(&legal, "as-of", "", "某日依法的状态 yyyy-mm-dd / what was in force on a day")
	cmd.Flags().StringVar(&known, "known", "",
		"按当时所知（RFC 3339，与 --as-of 同用） / by what was known at an instant, with --as-of")
	return cmd
}

// asOf is a question on two axes.
type asOf struct {
	identifier string
	legal      record.Date
	known      time.Time // zero: by what is known now
}

// parseAsOf reads what --as-of and --known say.
func parseAsOf(identifier, legal, known string) (q asOf, err error) {
	q.identifier = identifier
	if q.legal, err = record.ParseDate(legal); err != nil {
		return q, cli.Usage("--as-of 应为 yyyy-mm-dd", "--as-of wants yyyy-mm-dd")
	}
	if known != "" {
		if q.known, err = time.Parse(time.RFC3339, known); err != nil {
			return q, cli.Usage("--known 应为 RFC 3339 时间，如 2026-03-02T09:30:00+08:00",
				"--known wants an RFC 3339 time, as 2026-03-02T09:30:00+08:00")
		}
	}
	return q, nil
}

func (c *program) showAsOf(ctx context.Context, d desk, q asOf) error {
	m, err := d.asOf(ctx, q)
	if err != nil {
		return err
	}
	return c.Emit(map[string]any{"state": m.State, "since": m.Since}, func() {
		c.Tell("%s（自 %s）", "%s (since %s)", c.state(m.State), m.Since)
	})
}

// eventJSON is one event with its proof, which proof verify takes.
type eventJSON struct {
	Event string `json:"event"`
	Proof []byte `json:"proof,omitempty"`
}

func (c *program) showHistory(list []vault.Entry, zone *time.Location) error {
	out := make([]eventJSON, len(list))
	for i := range list {
		out[i] = eventJSON{Event: string(list[i].Raw), Proof: list[i].Proof}
	}
	return c.Emit(out, func() {
		for i := range list {
			e := list[i].Event
			w := eventWords[e.Kind]
			line := strings.Join([]string{
				c.When(e.Recorded, zone), c.Say(w, string(e.Kind)),
				c.Say("生效 ", "effective ") + e.Effective.String(), e.Basis, e.Reason,
			}, "  ")
			c.Fact("%3d  %s", e.Number, strings.TrimRight(line, " "))
		}
	})
}

var eventWords = map[record.Kind]string{
	record.EventReserved: "预留", record.EventIssued: "核发", record.EventChanged: "变更", record.EventRenewed: "延续",
	record.EventReissued: "换发", record.EventSuspended: "暂停", record.EventResumed: "恢复", record.EventCancelled: "注销",
	record.EventRevoked: "吊销", record.EventAnnulled: "撤销", record.EventVoided: "作废预留", record.EventConverted: "转换入库",
	record.EventAttached: "附文件", record.EventSuperseded: "被替换", record.EventWithdrawn: "撤出", record.EventRestored: "恢复旧版",
}
