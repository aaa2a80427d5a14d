package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/elicense/elicense/internal/code"
)

// writeFile writes a file so that it is whole or not there, readable by its owner only.
func writeFile(path string, content []byte) error {
	return writeStream(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// writeStream is writeFile for what is not in memory.
func writeStream(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return about(err, path)
	}
	err = write(f)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = moveFile(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// about names the file that was asked for in place of the one that is written on the way to it.
func about(err error, path string) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return &fs.PathError{Op: at.Op, Path: path, Err: at.Err}
	}
	return err
}

// moveFile gives a finished file its name, so that it keeps it when the power fails.
func moveFile(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return nil //nolint:nilerr // a directory that cannot be read keeps its entries as well as it can
	}
	_ = dir.Sync() // not every file system can
	return dir.Close()
}

// save writes a value as a JSON file and says so.
func (c *program) save(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return c.saveBytes(path, append(text, '\n'))
}

func (c *program) saveBytes(path string, content []byte) error {
	if err := writeFile(path, content); err != nil {
		return err
	}
	c.Tell("已存：%s", "saved: %s", path)
	return nil
}

// temporary is a file that is gone once it is closed. Where the system can, its name goes at once: a killed process then
// leaves nothing behind.
type temporary struct {
	*os.File

	nameless bool
}

func newTemporary(dir string) (temporary, error) {
	f, err := os.CreateTemp(dir, "temporary-*")
	if err != nil {
		return temporary{}, err
	}
	return temporary{f, os.Remove(f.Name()) == nil}, nil
}

func (t temporary) Close() error {
	err := t.File.Close()
	if !t.nameless {
		err = errors.Join(err, os.Remove(t.Name()))
	}
	return err
}

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
