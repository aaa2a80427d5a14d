package main

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/moment"
	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/document"
)

// drawOptions are the flags of document draw.
type drawOptions struct {
	to   string
	page int
	dpi  int

	typ, template string // of a specimen
	long          bool
}

func (c *program) documentDraw() *cobra.Command {
	var o drawOptions
	cmd := &cobra.Command{
		Use: "draw IDENTIFIER|--type TYPE --save FILE.svg|FILE.png", Args: cobra.MaximumNArgs(1),
		Short: "按模板画出证照页面，带印章图样 / draw the licence's page with its seal, as a picture",
		Long: "画出的图片供人观看，不是证照文件；证照文件用 document get 取出。\nPNG 需要中文字体：apt-get install fonts-lxgw-wenkai 或 fonts-wqy-microhei，" +
			"或以 ELICENSE_FONT 指明。\n不给标识而给 --type 时画样张：虚构的内容，用该类型在用的模板，或 --template 的文件。" + cli.Between +
			"The picture is for people to look at and no document; document get saves that. PNG needs a Chinese font:\n" +
			"apt-get install fonts-lxgw-wenkai or fonts-wqy-microhei, or name one with ELICENSE_FONT.\n" +
			"Without an identifier --type draws a specimen: made-up values on the type's template or on the file of " +
			"--template.",
		Example: "  elicense document draw 标识 --save 证照.svg\n  elicense document draw 标识 --save 证照.png --dpi 200\n" +
			"  elicense document draw --type 食品经营许可证 --template 我的模板.yaml --long --save 样张.png",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(len(args) == 1); err != nil {
				return err
			}
			if o.typ != "" {
				return c.at(cmd.Context(), operator("查看证照模板"), func(d desk) error {
					drawing, err := c.drawSpecimen(cmd.Context(), d, &o)
					if err != nil {
						return err
					}
					page, err := drawPage(drawing, &o)
					if err != nil {
						return err
					}
					return c.savePage(page, &o)
				})
			}
			return c.at(cmd.Context(), byLaw("查看证照页面"), func(d desk) error {
				page, err := d.page(cmd.Context(), args[0], &o)
				if err != nil {
					return err
				}
				return c.savePage(page, &o)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "save", "", "存为 .svg 或 .png，不覆盖已有的 / .svg or .png to save to; one that exists is not overwritten")
	f.IntVar(&o.page, "page", 1, "第几页 / which page")
	f.IntVar(&o.dpi, "dpi", 150, "PNG 的分辨率 / resolution of a PNG")
	f.StringVar(&o.typ, "type", "", "画样张：证照类型，名称或代码 / a specimen of this type: name or code")
	f.StringVar(&o.template, "template", "", "样张用的模板文件 / template file for the specimen")
	f.BoolVar(&o.long, "long", false, "样张用很长的内容 / a specimen with long values")
	cli.MustHave(cmd, "save")
	return cmd
}

// check refuses flags that do not go together.
func (o *drawOptions) check(named bool) error {
	kind := strings.ToLower(filepath.Ext(o.to))
	switch {
	case kind != ".svg" && kind != ".png":
		return cli.Usage("--save 应为 .svg 或 .png 文件", "--save is a .svg or .png file")
	case named == (o.typ != ""):
		return cli.Usage("请给出证照标识，或用 --type 画样张，二者取一", "give an identifier, or --type for a specimen: one of them")
	case o.typ == "" && (o.template != "" || o.long):
		return cli.Usage("--template 和 --long 与 --type 同用", "--template and --long go with --type")
	}
	return nil
}

// drawSpecimen draws a made-up licence of a type by its template or another one.
func (c *program) drawSpecimen(ctx context.Context, d desk, o *drawOptions) (*document.Drawing, error) {
	t, err := resolveType(ctx, d, o.typ)
	if err != nil {
		return nil, err
	}
	def := t.Definition
	if o.template != "" {
		if def.Page, err = readTemplate(def, o.template); err != nil {
			return nil, err
		}
	}
	drawer, err := d.drawer()
	if err != nil {
		return nil, err
	}
	l, err := drawer.Specimen(def, o.long, c.Now().In(d.zone()))
	if err != nil {
		return nil, err
	}
	return drawer.Draw(l)
}

// drawnPage is one page as a picture.
type drawnPage struct {
	data    []byte
	pages   int    // of the licence; 0: not told
	missing string // characters that the font does not have
}

// drawPage makes the picture of one page of a drawing.
func drawPage(drawing *document.Drawing, o *drawOptions) (*drawnPage, error) {
	if o.page < 1 || o.page > drawing.Pages() {
		return nil, cli.Usage("没有这一页（--page）", "there is no such page (--page)")
	}
	p := &drawnPage{pages: drawing.Pages(), missing: string(drawing.Missing)}
	var err error
	if o.png() {
		p.data, err = drawing.PNG(o.page-1, o.dpi)
	} else {
		p.data, err = drawing.SVG(o.page - 1)
	}
	return p, err
}

func (o *drawOptions) png() bool { return strings.EqualFold(filepath.Ext(o.to), ".png") }

// savePage writes one page.
func (c *program) savePage(p *drawnPage, o *drawOptions) error {
	if err := writeNew(o.to, p.data); err != nil {
		return err
	}
	out := map[string]any{"saved": o.to, "bytes": len(p.data), "missing": p.missing}
	if p.pages > 0 {
		out["pages"] = p.pages
	}
	return c.Emit(out, func() {
		if p.pages > 0 {
			c.Tell("已存：%s（第 %d 页，共 %d 页）", "saved: %s (page %d of %d)", o.to, o.page, p.pages)
		} else {
			c.Tell("已存：%s（第 %d 页）", "saved: %s (page %d)", o.to, o.page)
		}
		if p.missing != "" {
			c.Tell("字体中没有这些字：%s", "the font has no such characters: %s", p.missing)
		}
	})
}

// drawStamped draws a licence once more, with its issuer's seal where that is here.
func (d *documenter) drawStamped(ctx context.Context, a vault.Access, identifier string) (*document.Drawing, error) {
	v, err := d.h.vault.Drawable(ctx, a, identifier)
	if err != nil {
		return nil, err
	}
	return d.stamped(v)
}

func (d *documenter) stamped(v *vault.Drawable) (*document.Drawing, error) {
	drawing, err := d.draw(v)
	if err != nil {
		return nil, err
	}
	sealer, err := d.sealer(v.Issuer)
	if err != nil || sealer == nil {
		return drawing, err
	}
	return drawing.Stamped(sealer.Picture().Data)
}

// copyOptions are the flags of document copy.
type copyOptions struct {
	to, reader, why string
	until           string
}

func (c *program) documentCopy() *cobra.Command {
	var o copyOptions
	cmd := &cobra.Command{
		Use: "copy IDENTIFIER --for WHO --why PURPOSE --until DAY --save FILE", Args: cobra.ExactArgs(1),
		Short: "制作加注件：写明用证单位、事由和截止日期，末次签名封口 / make a purpose-bound copy, closed with a signature",
		Example: "  elicense document copy 标识 --for 示例市政务服务中心 --why 办理食品经营备案 --until 2026-12-31 --save 加注件.ofd\n" +
			"  elicense document note 加注件.ofd",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), byLaw("制作加注件"), func(d desk) error {
				made, err := d.noted(cmd.Context(), &copyOrder{args[0], o})
				if err != nil {
					return err
				}
				return c.saveCopy(made, o.to)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.reader, "for", "", "用证单位 / who may use it")
	f.StringVar(&o.why, "why", "", "事由 / what for")
	f.StringVar(&o.until, "until", "", "截止日期 YYYY-MM-DD，当日有效 / last day")
	f.StringVar(&o.to, "save", "", "存为文件，不覆盖已有的 / file to save to; one that exists is not overwritten")
	cli.MustHave(cmd, "for", "why", "until", "save")
	return cmd
}

// copyOrder is a copy that is wanted.
type copyOrder struct {
	identifier string
	copyOptions
}

// notedCopy is a copy that was made, with what it says on its face.
type notedCopy struct {
	data []byte
	note *document.Note
}

// lastDay reads --until.
func (o *copyOptions) lastDay(zone *time.Location) (time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, o.until, zone)
	if err != nil {
		return day, cli.Usage("--until 应为 YYYY-MM-DD", "--until is YYYY-MM-DD")
	}
	return day, nil
}

func (c *program) makeCopy(ctx context.Context, h *house, a vault.Access, o *copyOrder) (*notedCopy, error) {
	until, err := o.lastDay(h.zone)
	if err != nil {
		return nil, err
	}
	note := document.Note{
		Purpose: o.why, For: o.reader, Maker: h.vault.Name(), Made: c.Now().In(h.zone).Truncate(time.Second),
		Until: until.AddDate(0, 0, 1).Add(-time.Second),
	}
	data, err := h.documents.copy(ctx, a, o.identifier, note)
	return &notedCopy{data, &note}, err
}

func (c *program) saveCopy(made *notedCopy, to string) error {
	if err := writeNew(to, made.data); err != nil {
		return err
	}
	return c.Emit(noteView(made.note, to), func() {
		c.Tell("加注件已存：%s（%d 字节）", "the copy is saved: %s (%d bytes)", to, len(made.data))
		c.tellNote(made.note)
	})
}

// errNoSeal is an issuer whose seal is not here.
var errNoSeal = errors.New("the issuer's seal is not in custody")

// copy draws and seals a licence once more so that a note can be added below the seal, adds it, and closes the whole
// with the vault's own signature.
func (d *documenter) copy(ctx context.Context, a vault.Access, identifier string, n document.Note) ([]byte, error) {
	v, err := d.h.vault.Drawable(ctx, a, identifier)
	if err != nil {
		return nil, err
	}
	return d.annotated(ctx, v, n)
}

func (d *documenter) annotated(ctx context.Context, v *vault.Drawable, n document.Note) ([]byte, error) {
	sealer, err := d.sealer(v.Issuer)
	if err != nil {
		return nil, err
	}
	if sealer == nil {
		return nil, errNoSeal
	}
	drawing, err := d.draw(v)
	if err != nil {
		return nil, err
	}
	original, err := d.seal(ctx, drawing, sealer, true)
	if err != nil {
		return nil, err
	}
	copied, err := d.drawer.Annotate(original, n)
	if err != nil {
		return nil, err
	}
	return d.closeWith(ctx, copied)
}

// closeWith adds the vault's closing signature: nothing can be added or changed after it.
func (d *documenter) closeWith(ctx context.Context, b []byte) ([]byte, error) {
	config, err := d.program.readSigner(d.h, vaultFile)
	if err != nil {
		return nil, err
	}
	config.WithCertificates = true
	signer, err := signing.NewSigner(config)
	if err != nil {
		return nil, err
	}
	o, err := signing.OpenOFD(bytes.NewReader(b), int64(len(b)), signing.OFDConfig{Now: d.program.Now})
	if err != nil {
		return nil, err
	}
	if err := o.SignClosing(ctx, signer); err != nil {
		return nil, err
	}
	return written(o, len(b)+len(b)/4)
}

func (c *program) documentNote() *cobra.Command {
	return &cobra.Command{
		Use: "note FILE", Args: cobra.ExactArgs(1),
		Short: "读出加注件的说明：元数据与各页须一致；签名另用 verify 验证 / read the note of a copy; verify judges its signatures",
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := c.readDocument(args[0])
			if err != nil {
				return err
			}
			zone := moment.China() // the standard's times have no zone of their own
			note, err := document.ParseNote(bytes.NewReader(data), int64(len(data)), zone)
			if errors.Is(err, document.ErrNoNote) {
				return cli.Usage("不是加注件："+args[0], "no purpose-bound copy: "+args[0])
			}
			if err != nil {
				return err
			}
			view := noteView(note, args[0])
			view["expired"] = note.Until.Before(c.Now())
			return c.Emit(view, func() {
				c.tellNote(note)
				if note.Until.Before(c.Now()) {
					c.Tell("已过期", "it has ended")
				}
			})
		},
	}
}

func noteView(n *document.Note, file string) map[string]any {
	return map[string]any{
		"file": file, "for": n.For, "purpose": n.Purpose, "maker": n.Maker,
		"made": n.Made.Format(time.RFC3339), "until": n.Until.Format(time.RFC3339),
	}
}

func (c *program) tellNote(n *document.Note) {
	c.Tell("仅供 %s 用于 %s", "for %s alone, to be used for %s", n.For, n.Purpose)
	c.Tell("有效期至 %s，制作者 %s，制作时间 %s", "until %s, made by %s at %s",
		c.When(n.Until, nil), n.Maker, c.When(n.Made, nil))
}
