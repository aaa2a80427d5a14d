package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/signing"
	"github.com/elicense/elicense/signing/impression"
)

// sealFonts are the places where Debian's packages put fonts with Chinese characters, the one to prefer first.
var sealFonts = []string{
	"/usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-Bold.ttf",
	"/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
}

// drawing is what the flags of a drawn seal say.
type drawing struct {
	design   impression.Design
	personal bool
	font     string
}

func (d *drawing) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&d.font, "font", "", "TrueType 字体文件，缺省用系统中的文泉驿微米黑或霞鹜文楷 / TrueType font; one of the system's if not given")
	f.BoolVar(&d.design.Textless, "textless", false, "不带文字：仅圈和五角星，只供演示 / ring and star without a name, for demonstrations")
	f.BoolVar(&d.personal, "personal", false, "个人方章 / the square seal of a person")
}

// draw reads the font and draws.
func (d *drawing) draw() (*impression.Impression, error) {
	if d.personal {
		d.design.Kind = impression.Square
	}
	if !d.design.Textless {
		var err error
		if d.design.Font, err = openFont(d.font); err != nil {
			return nil, err
		}
	}
	return impression.Draw(d.design)
}

// openFont reads the named font, or the first that is found; none is no error here, drawing says what is missing.
func openFont(path string) (*impression.Font, error) {
	paths := sealFonts
	if path != "" {
		paths = []string{path}
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err == nil {
			return impression.ParseFont(data)
		}
		if path != "" {
			return nil, err
		}
	}
	return nil, nil
}

func (c *cli) sealDraw() *cobra.Command {
	var d drawing
	var out string
	cmd := &cobra.Command{
		Use: "draw", Short: "绘制印模：圆章或个人方章 / draw a seal, round or square", Args: cobra.NoArgs,
		Long: "绘制印模，存为 SVG 或 PNG（按文件名）。图片本身不是印章，制章请用 elicense seal make。" + between +
			"Draws a seal as SVG or PNG, by the name of the file. A picture is no seal: elicense seal make makes one.",
		Example: "  elicense seal draw --name 示例市市场监督管理局 --usage 行政审批专用章 -o seal.svg\n" +
			"  elicense seal draw --personal --name 张示例 -o person.png",
		RunE: func(*cobra.Command, []string) error {
			i, err := d.draw()
			if err != nil {
				return err
			}
			picture := i.SVG()
			if strings.EqualFold(filepath.Ext(out), ".png") {
				if picture, err = i.PNG(2 * impression.DPI); err != nil {
					return err
				}
			}
			return c.saveBytes(out, picture)
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.design.Name, "name", "", "机构名称或姓名 / name of the organisation or person")
	f.StringVar(&d.design.Usage, "usage", "", "用途，如 "+signing.ApprovalSeal+" / usage")
	f.StringVar(&d.design.Code, "id", "", "印章编码，印在下缘 / seal code, along the lower edge")
	f.StringVarP(&out, "out", "o", "", "输出文件 .svg 或 .png / file to write, .svg or .png")
	d.flags(cmd)
	mustHave(cmd, "name", "out")
	return cmd
}
