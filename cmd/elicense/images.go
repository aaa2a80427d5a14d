package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/catalogue"
	"github.com/elicense/elicense/vault/record"
)

// photoFlag is that of everything that makes a version.
func photoFlag(cmd *cobra.Command, photo *string) {
	cmd.Flags().StringVar(photo, "photo", "",
		"照片文件，JPEG 或 PNG；也可写成 照片=文件 / photo, JPEG or PNG; or give its element the file's name")
}

// takeImages reads the files that elements of kind image name, and the one of --photo. It takes their names out of the
// values.
func takeImages(t *vault.LicenceType, values map[string]string, photo string) (map[string][]byte, error) {
	columns := t.Images()
	files := make(map[string]string)
	for _, col := range columns {
		if v := values[col.Name]; v != "" && !isDigest(v) {
			files[col.Name] = v
			delete(values, col.Name)
		}
	}
	if photo != "" {
		if len(columns) != 1 {
			zh := fmt.Sprintf("%s 有 %d 个影像要素，--photo 只用于恰有一个的；请写成 要素=文件", t.Definition.Name, len(columns))
			en := fmt.Sprintf("%s has %d images and --photo is for types with one; write ELEMENT=FILE",
				t.Definition.Name, len(columns))
			return nil, cli.Usage(zh, en)
		}
		if files[columns[0].Name] != "" {
			return nil, cli.Usage("照片给了两次："+columns[0].Label, "the photo is given twice: "+columns[0].Label)
		}
		files[columns[0].Name] = photo
	}
	var out map[string][]byte
	for name, file := range files {
		content, err := readLimited(file, catalogue.MaxImageBytes)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = make(map[string][]byte, len(files))
		}
		out[name] = content
	}
	return out, nil
}

// isDigest tells the digest of an image from the name of a file.
func isDigest(s string) bool {
	return len(s) == 2*len(record.Digest{}) && strings.Trim(s, "0123456789abcdef") == ""
}

// readLimited reads a file that is not larger than it may be.
func readLimited(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, cli.Usage(
			fmt.Sprintf("不是文件，或超过 %d KiB：%s", most>>10, path),
			fmt.Sprintf("no file, or larger than %d KiB: %s", most>>10, path),
		)
	}
	return os.ReadFile(path)
}
