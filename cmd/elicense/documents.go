package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/blob"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

func (c *program) documentCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "document", Short: "证照的文件和扫描件：列出、取出、附上 / a licence's documents and scans: list, get, attach",
	}
	cmd.AddCommand(
		c.documentList(), c.documentGet(), c.documentAttach(), c.documentDraw(), c.documentCopy(), c.documentNote(),
	)
	return cmd
}

// attachment is one document or scan of a licence, by its place in the list.
type attachment struct {
	Number  int           `json:"number"`
	Kind    string        `json:"kind"`    // scan, or what it was attached as
	Version int           `json:"version"` // of the licence
	Digest  record.Digest `json:"digest"`

	batch    string // of a scan
	document vault.Document
}

// attachmentsOf lists the documents of a licence in the order in which they were attached, then the scans of its papers.
func attachmentsOf(documents []vault.Document, scans []vault.PaperScan) []attachment {
	var list []attachment
	for _, d := range documents {
		list = append(list, attachment{Kind: d.Kind, Version: d.Version, Digest: d.Digest, document: d})
	}
	for _, x := range scans {
		list = append(list, attachment{Kind: vault.KindScan, Version: x.Version, Digest: x.Digest, batch: x.Batch})
	}
	for i := range list {
		list[i].Number = i + 1
	}
	return list
}

func (c *program) documentList() *cobra.Command {
	return &cobra.Command{
		Use: "list IDENTIFIER", Short: "列出文件和扫描件 / list documents and scans", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), byLaw("查看证照文件"), func(d desk) error {
				list, err := d.attachments(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return c.Emit(list, func() {
					if len(list) == 0 {
						c.Tell("没有文件，也没有扫描件", "no document and no scan")
					}
					for i := range list {
						x := &list[i]
						c.Tell("%3d  %s  第 %d 版  SM3 %s", "%3d  %s  version %d  SM3 %s", x.Number, c.kindWords(x.Kind), x.Version, x.Digest)
					}
				})
			})
		},
	}
}

func (c *program) kindWords(kind string) string {
	if kind == vault.KindScan {
		return c.Say("扫描件", "scan")
	}
	return kind
}

func (c *program) documentGet() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "get IDENTIFIER NUMBER|SM3 --save FILE", Args: cobra.ExactArgs(2),
		Short: "取出一个文件或扫描件，与摘要核对后存盘 / save a document or scan, held against its digest",
		Long: "NUMBER 是 document list 中的序号，SM3 是其摘要。扫描件只给颁发机构（--ground issuer）。" + cli.Between +
			"NUMBER is that of document list, SM3 the digest. Scans are for the issuer only (--ground issuer).",
		Example: "  elicense document list 标识\n  elicense document get 标识 1 --save 证照.ofd",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.at(cmd.Context(), byLaw("取证照文件"), func(d desk) error {
				list, err := d.attachments(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				x, err := pickAttachment(list, args[1])
				if err != nil {
					return err
				}
				content, err := d.content(cmd.Context(), args[0], x)
				if err != nil {
					return err
				}
				if err := writeNew(to, content); err != nil {
					return err
				}
				out := map[string]any{"saved": to, "bytes": len(content), "kind": x.Kind, "digest": x.Digest,
					"content_type": http.DetectContentType(content)}
				return c.Emit(out, func() {
					c.Tell("已存：%s（%s，%d 字节，与摘要相符）", "saved: %s (%s, %d bytes, as its digest says)", to, c.kindWords(x.Kind),
						len(content))
				})
			})
		},
	}
	cmd.Flags().StringVar(&to, "save", "", "存为文件，不覆盖已有的 / file to save to; one that exists is not overwritten")
	cli.MustHave(cmd, "save")
	return cmd
}

// pickAttachment finds an attachment by its number or digest.
func pickAttachment(list []attachment, which string) (*attachment, error) {
	n, err := strconv.Atoi(which)
	for i := range list {
		if err == nil && list[i].Number == n || list[i].Digest.String() == which {
			return &list[i], nil
		}
	}
	return nil, cli.Usage(
		fmt.Sprintf("没有这个文件：%s；共 %d 个，见 document list", which, len(list)),
		fmt.Sprintf("no such document: %s; there are %d, see document list", which, len(list)),
	)
}

func (c *program) documentAttach() *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use: "attach IDENTIFIER FILE --kind KIND", Args: cobra.ExactArgs(2),
		Short:   "附上文件，记入账本；记录本身不变 / attach a document by an event of its own; the record stays as it is",
		Example: "  elicense document attach 标识 证照.ofd --kind ofd",
		RunE: func(cmd *cobra.Command, args []string) error {
			content, err := c.readDocument(args[1])
			if err != nil {
				return err
			}
			return c.at(cmd.Context(), issuer("附上证照文件"), func(to desk) error {
				d, err := to.attach(cmd.Context(), args[0], kind, content)
				if err != nil {
					return err
				}
				return c.Emit(map[string]any{"kind": d.Kind, "version": d.Version, "digest": d.Digest}, func() {
					c.Tell("已附上：%s，第 %d 版，SM3 %s", "attached: %s, version %d, SM3 %s", d.Kind, d.Version, d.Digest)
				})
			})
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "", "种类，如 ofd、pdf / kind, as ofd or pdf")
	cli.MustHave(cmd, "kind")
	return cmd
}

// readDocument reads a file that is not empty and not larger than a blob.
func (c *program) readDocument(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > blob.MaxBytes || info.Size() == 0 {
		limit := strconv.Itoa(blob.MaxBytes >> 20)
		return nil, cli.Usage(
			"文件应在 1 字节到 "+limit+" MiB 之间："+path, "a document has one byte to "+limit+" MiB: "+path,
		)
	}
	return os.ReadFile(path)
}

// writeNew writes a file that is not there yet.
func writeNew(path string, content []byte) error {
	if _, err := os.Lstat(path); err == nil {
		return &os.PathError{Op: "create", Path: path, Err: os.ErrExist}
	}
	return writeFile(path, content)
}
