package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki/ca"
)

// entry is one enrolment in a file of the window: single or many, the file has the same form. What is personal stands in
// the file and never on a command line.
type entry struct {
	Profile  string     `yaml:"profile"`
	Name     entryName  `yaml:"name"`
	Holder   entryCodes `yaml:"holder"`
	DNS      []string   `yaml:"dns"`
	CSR      string     `yaml:"csr"`  // file beside this one; none: the request comes with issue
	Twin     bool       `yaml:"twin"` // with the encryption certificate of the pair
	Renews   string     `yaml:"renews"`
	Evidence []proof    `yaml:"evidence"`
}

type entryName struct {
	Province     string `yaml:"province"`
	Locality     string `yaml:"locality"`
	Organization string `yaml:"organization"`
	Unit         string `yaml:"unit"`
	CommonName   string `yaml:"common_name"`
}

type entryCodes struct {
	USCC         string `yaml:"uscc"`
	Citizen      string `yaml:"citizen_number"`
	Passport     string `yaml:"passport_number"`
	Tax          string `yaml:"tax_number"`
	Registration string `yaml:"registration"`
}

// proof is a document that was seen face to face (A56).
type proof struct {
	Document string    `yaml:"document"`
	Number   string    `yaml:"number"`
	Holder   string    `yaml:"holder"`
	Window   string    `yaml:"window"`
	SeenAt   time.Time `yaml:"seen_at"`
	Scan     string    `yaml:"scan"` // SM3 of the scan in hexadecimal digits
}

// Limits of an enrolment file.
const (
	maxEntries      = 10_000
	maxEntriesBytes = 16 << 20
)

func (c *program) applyCommand() *cobra.Command {
	var officer string
	cmd := &cobra.Command{
		Use: "apply FILE", Args: cobra.ExactArgs(1),
		Short: "受理申请，单个或成批 / take applications in, one or many",
		Long: "FILE 是 YAML 列表，每项一份申请（样例见 docs/ca.md）。申请号记在 FILE.ids 中，中断后重复执行不会重复受理。" + cli.Between +
			"FILE is a YAML list with one application an item (see docs/ca.md). The numbers of the applications are kept in " +
			"FILE.ids, so that running it again after an interruption takes nothing in twice.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.asOfficer(cmd.Context(), officer, func(ctx context.Context, o *office, who ca.Actor) error {
				return c.apply(ctx, o, who, c.path(args[0]))
			})
		},
	}
	c.officerFlag(cmd, &officer)
	return cmd
}

// asOfficer opens the office and finds out who acts.
func (c *program) asOfficer(
	ctx context.Context, key string, act func(context.Context, *office, ca.Actor) error,
) error {
	o, err := c.openOffice(ctx)
	if err != nil {
		return err
	}
	who, err := c.actor(o.station, key)
	if err == nil {
		err = act(ctx, o, who)
	}
	if c.shared != nil {
		return err
	}
	return errors.Join(err, o.close())
}

func (c *program) apply(ctx context.Context, o *office, who ca.Actor, path string) error {
	entries, err := readEntries(path)
	if err != nil {
		return err
	}
	ids, err := numbersOf(o, path, len(entries))
	if err != nil {
		return err
	}
	refused := 0
	for i := range entries {
		e, err := entries[i].enrolment(filepath.Dir(path), who.Name, c.Now())
		var a *ca.Application
		if err == nil {
			a, err = o.register.Apply(ctx, who, ids[i], e)
		}
		if err != nil {
			if ca.ReasonOf(err) == "" && !errors.As(err, new(*cli.UsageError)) {
				return err
			}
			refused++
			c.refusedLine(i+1, err)
			continue
		}
		c.applicationLine(a)
	}
	if refused > 0 {
		c.Tell("%d 份未受理，已受理的不受影响；改正后再次执行即可", "%d were not taken in; the others were: correct them and run it again",
			refused)
		return &cli.ExitError{Code: cli.ExitFailed}
	}
	return nil
}

func (c *program) refusedLine(n int, err error) {
	text := c.Text(cli.Describe(said(err), words))
	c.Line(map[string]any{"item": n, "error": text, "reason": string(ca.ReasonOf(err))}, func() {
		c.Tell("第 %d 项：%s", "item %d: %s", n, text)
	})
}

func (c *program) applicationLine(a *ca.Application) {
	c.Line(map[string]any{
		"application": a.ID.String(), "stage": a.Stage.String(), "approvals": len(a.Approvals), "needs": a.Needs,
	}, func() {
		c.Tell("%s  %s  %s  审核 %d/%d", "%s  %s  %s  approvals %d/%d",
			a.ID, a.Enrolment.Profile, a.Stage, len(a.Approvals), a.Needs)
	})
}

// readEntries reads an enrolment file; a field that is not known is refused.
func readEntries(path string) ([]entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading applications: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(f, maxEntriesBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading applications: %w", err)
	}
	if len(text) > maxEntriesBytes {
		return nil, tooLarge(path)
	}
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	d.KnownFields(true)
	var list []entry
	if err := d.Decode(&list); err != nil {
		return nil, &cli.UsageError{Zh: path + " 不是申请文件：" + err.Error(), En: path + " is no file of applications: " + err.Error()}
	}
	if len(list) == 0 || len(list) > maxEntries {
		return nil, tooLarge(path)
	}
	return list, nil
}

func tooLarge(path string) error {
	return &cli.UsageError{
		Zh: fmt.Sprintf("%s 应有 1 至 %d 份申请，不超过 %d 字节", path, maxEntries, maxEntriesBytes),
		En: fmt.Sprintf("%s wants 1 to %d applications in no more than %d octets", path, maxEntries, maxEntriesBytes),
	}
}

// numbersOf gives the numbers of a file's applications: those of an earlier run, or new ones that are on the disk before
// the first is used.
func numbersOf(o *office, path string, n int) ([]ca.ApplicationID, error) {
	text, err := os.ReadFile(path + ".ids")
	if errors.Is(err, os.ErrNotExist) {
		return newNumbers(o, path, n)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the numbers of applications: %w", err)
	}
	lines := strings.Fields(string(text))
	ids := make([]ca.ApplicationID, 0, n)
	for _, line := range lines {
		id, err := ca.ParseApplicationID(line)
		if err != nil {
			return nil, &cli.UsageError{Zh: path + ".ids 已损坏", En: path + ".ids is damaged"}
		}
		ids = append(ids, id)
	}
	if len(ids) != n {
		return nil, &cli.UsageError{
			Zh: fmt.Sprintf("%s.ids 有 %d 个申请号，文件有 %d 项；增减申请请另建文件", path, len(ids), n),
			En: fmt.Sprintf("%s.ids has %d numbers and the file %d items; put other applications into another file", path, len(ids), n),
		}
	}
	return ids, nil
}

func newNumbers(o *office, path string, n int) ([]ca.ApplicationID, error) {
	ids := make([]ca.ApplicationID, n)
	var text strings.Builder
	for i := range ids {
		var err error
		if ids[i], err = o.register.NewApplicationID(); err != nil {
			return nil, err
		}
		fmt.Fprintln(&text, ids[i])
	}
	return ids, writeNew(path+".ids", []byte(text.String()))
}

// enrolment is the entry as the register takes it.
func (e *entry) enrolment(dir, officer string, now time.Time) (ca.Enrolment, error) {
	out := ca.Enrolment{
		Profile: e.Profile, DNSNames: e.DNS, Twin: e.Twin,
		Subject: ca.Name{
			Province: e.Name.Province, Locality: e.Name.Locality, Organization: e.Name.Organization,
			OrganizationalUnit: e.Name.Unit, CommonName: e.Name.CommonName,
		},
		Holder: ca.Identity{
			USCC: e.Holder.USCC, CitizenNumber: e.Holder.Citizen, PassportNumber: e.Holder.Passport,
			TaxNumber: e.Holder.Tax, Registration: e.Holder.Registration,
		},
	}
	var err error
	if e.CSR != "" {
		if out.CSR, err = readDER(filepath.Join(dir, e.CSR), "CERTIFICATE REQUEST"); err != nil {
			return out, err
		}
	}
	if e.Renews != "" {
		if out.Renews, err = parseCertificateID(e.Renews); err != nil {
			return out, err
		}
	}
	for _, p := range e.Evidence {
		seen, err := p.evidence(officer, now)
		if err != nil {
			return out, err
		}
		out.Evidence = append(out.Evidence, seen)
	}
	return out, nil
}

func (p *proof) evidence(officer string, now time.Time) (ca.Evidence, error) {
	e := ca.Evidence{
		Document: p.Document, Number: p.Number, Holder: p.Holder, SeenBy: officer, Window: p.Window, SeenAt: p.SeenAt,
	}
	if e.SeenAt.IsZero() { // the day, so that the file says the same when it is run again
		e.SeenAt = now.UTC().Truncate(24 * time.Hour)
	}
	if p.Scan == "" {
		return e, nil
	}
	digest, err := hex.DecodeString(p.Scan)
	if err != nil || len(digest) != len(e.Scan) {
		return e, &cli.UsageError{Zh: "scan 应为 SM3 摘要，64 位十六进制数字", En: "scan wants an SM3 digest in 64 hexadecimal digits"}
	}
	copy(e.Scan[:], digest)
	return e, nil
}
