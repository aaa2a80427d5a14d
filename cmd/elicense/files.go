package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/elicense/elicense/internal/code"
)

// writeFile writes a file so that it is whole or not there, readable by its owner only.
func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// save writes a value as a JSON file and says so.
func (c *cli) save(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return c.saveBytes(path, append(text, '\n'))
}

func (c *cli) saveBytes(path string, content []byte) error {
	if err := writeFile(path, content); err != nil {
		return err
	}
	c.tell("已存：%s", "saved: %s", path)
	return nil
}

// temporary is a file that is gone once it is closed.
type temporary struct{ *os.File }

func (t temporary) Close() error { return errors.Join(t.File.Close(), os.Remove(t.Name())) }

var numbered = regexp.MustCompile(`(-结果|-比对|-result|-compared)\d*$`)

// freeName is the name of a result beside its source: with a suffix, and a number where that is taken, because a result
// may hold corrections that somebody has made by hand. The result of a result takes the next number.
func freeName(source, suffix string, xlsx bool) string {
	ext := filepath.Ext(source)
	base := numbered.ReplaceAllString(strings.TrimSuffix(source, ext), "")
	if xlsx {
		ext = ".xlsx"
	}
	name := base + suffix + ext
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = fmt.Sprintf("%s%s%d%s", base, suffix, n, ext)
	}
}

func parseIdentifier(s string) (code.Identifier, error) { return code.ParseIdentifier(s) }
