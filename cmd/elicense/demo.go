package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/fixtures"
	"github.com/elicense/elicense/internal/sheet"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
)

func (c *cli) demoCommand() *cobra.Command {
	d := &demo{cli: c}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "一条命令看全程：建库、转换、签发、查询、比对、验证 / the whole job in one command",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context()) },
	}
	cmd.Flags().IntVar(&d.rows, "rows", 3000, "台账行数 / rows of the ledger")
	cmd.Flags().StringVar(&d.keep, "keep", "elicense-demo", "演示数据放在哪里 / where the demo's data is left")
	cmd.Flags().Uint64Var(&d.seed, "seed", 20161231, "造数种子 / seed of the made-up data")
	return cmd
}

// demo is one run of the demo. Each step fails the command if it is not what it should be.
type demo struct {
	*cli

	rows int
	keep string
	seed uint64

	house  *house
	ledger *fixtures.Ledger
	issued *vault.Answer
	bundle []byte
	step   int
}

// errDemo is a step that was not what it should be.
var errDemo = errors.New("demo: a step was not what it should be")

func (d *demo) expect(ok bool, what string) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%w: %s", errDemo, what)
}

func (d *demo) run(ctx context.Context) error {
	if err := os.RemoveAll(d.keep); d.owned() && err != nil {
		return err
	}
	var err error
	defer func() {
		if d.house != nil {
			err = errors.Join(err, d.house.close())
		}
	}()
	for _, step := range []func(context.Context) error{
		d.province, d.convert, d.signOff, d.issue, d.lookup, d.compare, d.prove, d.tamper, d.inspect,
	} {
		if err = step(ctx); err != nil {
			return err
		}
	}
	d.next()
	return err
}

// owned reports whether the directory is an earlier demo's, so that it may be made anew.
func (d *demo) owned() bool {
	s, err := readSettings(d.keep)
	return err == nil && s.Sandbox && s.Origin == fixtures.Origin
}

func (d *demo) title(zh, en string) {
	d.step++
	d.printf("\n%d. "+zh, "\n%d. "+en, d.step)
}

func (d *demo) province(ctx context.Context) error {
	d.title("建立示例省：SM2 根证书、签发证书、三个部门，登记证照目录", "a made-up province: SM2 root, issuing CA, three departments, licence types")
	var err error
	d.house, err = d.createHouse(ctx, d.keep, plan{
		origin: fixtures.Origin, zone: "Asia/Shanghai", sandbox: true,
		operator: body{fixtures.Authority().Name, fixtures.Authority().Code},
	})
	if err != nil {
		return err
	}
	root := d.house.anchors.Certificates()[0]
	d.printf("   根证书 %s（SM2WithSM3），指纹 %s", "   root %s (SM2WithSM3), SM3 %s", root.Subject, short(root.Digest[:]))
	for _, dep := range fixtures.Departments() {
		d.printf("   部门 %s  %s", "   department %s  %s", dep.Name, dep.Code)
	}
	types, err := d.house.vault.TypeReport(ctx)
	if err != nil {
		return err
	}
	d.printf("   已登记证照类型 %d 类", "   %d licence types declared", len(types))
	return d.expect(len(types) >= 10, "licence types")
}

func (d *demo) access(dep fixtures.Department, purpose string) vault.Access {
	for i, x := range fixtures.Departments() {
		if x.Code == dep.Code {
			return vault.Access{Caller: fixtures.Caller(i), Purpose: purpose, Ground: vault.GroundIssuer}
		}
	}
	return vault.Access{}
}

// convert turns a dirty ledger into licences: first dry, then for real, then once more.
func (d *demo) convert(ctx context.Context) error {
	d.title("存量转换：%d 行台账（GB18030、合并标题、各种日期写法、坏号码……）", "conversion of a ledger of %d rows with dirt in it", d.rows)
	var err error
	d.ledger, err = fixtures.NewLedger(fixtures.LedgerOptions{
		Type: fixtures.FoodLicence, Seed: d.seed, Rows: d.rows, Dirt: 0.08, DirtyHeading: true, Encoding: sheet.GB18030,
	})
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if _, err := d.ledger.WriteTo(&file); err != nil {
		return err
	}
	path := filepath.Join(d.keep, d.ledger.Name())
	if err := writeFile(path, file.Bytes()); err != nil {
		return err
	}
	d.printf("   台账 %s", "   ledger %s", path)
	access := d.access(d.ledger.Department(), "存量证照电子化转换")
	dry, err := d.convertOnce(ctx, access, path, true)
	if err != nil {
		return err
	}
	real, err := d.convertOnce(ctx, access, path, false)
	if err != nil {
		return err
	}
	if err := d.expect(dry.Counts == real.Counts, "the dry run told another story"); err != nil {
		return err
	}
	if err := d.expectRows(real); err != nil {
		return err
	}
	again, err := d.convertOnce(ctx, access, path, false)
	if err != nil {
		return err
	}
	return d.expect(again.Counts.Created == 0 && again.Counts.Updated == 0, "the second run changed something")
}

// typeCode is the code of the type that the ledger is of.
func (d *demo) typeCode() string {
	for _, t := range catalogue.Shipped() {
		if t.Name == fixtures.FoodLicence {
			return t.Code
		}
	}
	return ""
}

// short is the beginning of a digest.
func short(b []byte) string { return hex.EncodeToString(b[:8]) }
