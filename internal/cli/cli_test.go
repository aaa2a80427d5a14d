package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/internal/cli"
)

var errStrange = errors.New("strange")

// run is a small program.
func run(lang string, fail error, args ...string) (code int, out, err string) {
	var stdout, stderr bytes.Buffer
	w := &cli.World{
		Name: "./prog", Args: args, In: strings.NewReader(""), Out: &stdout, Err: &stderr,
		Env: func(name string) string { return map[string]string{"LANG": lang}[name] },
	}
	w.PickLang()
	root := &cobra.Command{Use: "prog", Short: "程序 / a program"}
	work := &cobra.Command{
		Use: "work", Args: cobra.NoArgs, Short: "干活 / does its work", Long: "长话" + cli.Between + "long words",
		RunE: func(*cobra.Command, []string) error {
			w.Tell("完成 %d", "done %d", 1)
			if fail != nil {
				return fail
			}
			return w.Emit(map[string]any{"a": "<"}, func() { w.Tell("人", "people") })
		},
	}
	work.Flags().String("must", "", "必需 / needed")
	work.Flags().Int("times", 1, "次数 / how often")
	cli.MustHave(work, "must")
	root.AddCommand(work)
	w.Finish(root)
	cmd, e := root.ExecuteC()
	if e != nil {
		code = w.Fail(cmd, e, []cli.Words{{Err: errStrange, Code: "strange", Zh: "怪事", En: "a strange thing"}})
	}
	return code, stdout.String(), stderr.String()
}

func TestProgram(t *testing.T) {
	for name, test := range map[string]struct {
		lang     string
		fail     error
		args     []string
		code     int
		out, err string
	}{
		"done":               {"zh_CN.UTF-8", nil, []string{"work", "--must", "x"}, 0, "完成 1\n人\n", ""},
		"English":            {"en_GB.UTF-8", nil, []string{"work", "--must", "x"}, 0, "done 1\npeople\n", ""},
		"C":                  {"C", nil, []string{"work", "--must", "x"}, 0, "done 1\npeople\n", ""},
		"posix":              {"POSIX", nil, []string{"work", "--must", "x"}, 0, "done 1\npeople\n", ""},
		"no locale":          {"", nil, []string{"work", "--must", "x"}, 0, "完成 1\n人\n", ""},
		"flag over locale":   {"en", nil, []string{"--lang=zh", "work", "--must", "x"}, 0, "完成 1\n人\n", ""},
		"flag, two words":    {"zh", nil, []string{"--lang", "en", "work", "--must", "x"}, 0, "done 1\npeople\n", ""},
		"JSON":               {"zh", nil, []string{"--json", "work", "--must", "x"}, 0, "{\"a\":\"<\"}\n", ""},
		"known error":        {"en", fmt.Errorf("x: %w", errStrange), []string{"work", "--must", "x"}, 1, "done 1\n", "error: a strange thing [strange]\n"},
		"unknown error":      {"zh", errors.New("bad"), []string{"work", "--must", "x"}, 1, "完成 1\n", "错误：执行 prog work 时出错：bad [unexpected]\n"},
		"file":               {"en", &fs.PathError{Path: "f", Err: fs.ErrNotExist}, []string{"work", "--must", "x"}, 1, "done 1\n", "error: no such file or directory: f [file-missing]\n"},
		"file, other reason": {"en", &fs.PathError{Op: "o", Path: "f", Err: errors.New("why")}, []string{"work", "--must", "x"}, 1, "done 1\n", "error: running prog work: o f: why [unexpected]\n"},
		"own code":           {"en", &cli.ExitError{Code: cli.ExitNotPassed}, []string{"work", "--must", "x"}, 3, "done 1\n", ""},
		"error as JSON":      {"en", errStrange, []string{"--json", "work", "--must", "x"}, 1, "{\"error\":{\"code\":\"strange\",\"message\":\"a strange thing\"}}\n", ""},
		"trace":              {"en", &cli.ToldError{Err: errStrange, Code: "far", En: "far away", Trace: "t1"}, []string{"work", "--must", "x"}, 1, "done 1\n", "error: far away [far]\ntrace t1\n"},
		"trace as JSON":      {"en", &cli.ToldError{Err: errStrange, Code: "far", En: "far away", Trace: "t1"}, []string{"--json", "work", "--must", "x"}, 1, "{\"error\":{\"code\":\"far\",\"message\":\"far away\",\"trace\":\"t1\"}}\n", ""},
		"missing flag":       {"en", nil, []string{"work"}, 2, "", "error: missing --must\nusage: prog work\nmore: ./prog work --help\n"},
		"unknown flag":       {"zh", nil, []string{"work", "--frob"}, 2, "", "错误：参数写错了，没有 --frob\n用法：prog work\n详见：./prog work --help\n"},
		"arguments":          {"zh", nil, []string{"work", "a"}, 2, "", "错误：参数个数不对：给了 1 个\n用法：prog work\n详见：./prog work --help\n"},
		"unknown letter":     {"zh", nil, []string{"work", "-x"}, 2, "", "错误：参数写错了，没有 -x\n用法：prog work\n详见：./prog work --help\n"},
		"flag, no value":     {"zh", nil, []string{"work", "--must"}, 2, "", "错误：参数写错了，--must 后面要有值\n用法：prog work\n详见：./prog work --help\n"},
		"flag, bad value":    {"zh", nil, []string{"work", "--times", "x"}, 2, "", "错误：参数写错了，--times 不能是 \"x\"\n用法：prog work\n详见：./prog work --help\n"},
		"no such language":   {"zh", nil, []string{"--lang", "fr", "work", "--must", "x"}, 2, "", "错误：--lang 是 zh 或 en，不是 fr\n用法：prog work\n详见：./prog work --help\n"},
		"symbolic links":     {"zh", &os.LinkError{Old: "o", New: "n", Err: syscall.ELOOP}, []string{"work", "--must", "x"}, 1, "完成 1\n", "错误：符号链接互相指向，找不到文件：n [file-loop]\n"},
		"unknown command":    {"zh", nil, []string{"wok"}, 2, "", "错误：没有这个命令：wok；是不是 work\n用法：prog\n详见：./prog --help\n"},
		"in English":         {"en", nil, []string{"wok"}, 2, "", "error: unknown command: wok; did you mean work\nusage: prog\nmore: ./prog --help\n"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, err := run(test.lang, test.fail, test.args...)
			require.Equal(t, test.code, code)
			require.Equal(t, test.out, out)
			require.Equal(t, test.err, err)
		})
	}
}

func TestHelp(t *testing.T) {
	_, out, _ := run("zh", nil)
	require.Contains(t, out, "命令：")
	require.Contains(t, out, "干活")
	require.NotContains(t, out, "does its work")
	_, out, _ = run("en", nil, "work", "--help")
	require.Contains(t, out, "long words")
	require.Contains(t, out, "needed")
	require.NotContains(t, out, "长话")
}

func TestCalledAs(t *testing.T) {
	require.Equal(t, "./elicense", cli.CalledAs("./elicense", "./cmd/elicense"))
	require.Equal(t, "go run ./cmd/elicense", cli.CalledAs("/tmp/go-build1/b001/exe/elicense", "./cmd/elicense"))
	require.Equal(t, "go run ./cmd/elicense", cli.CalledAs(`C:\tmp\go-build1\elicense.exe`, "./cmd/elicense"))
}

// A standard output that takes nothing is a failure, once and for all.
func TestBrokenOutput(t *testing.T) {
	w := &cli.World{Out: closed{}, Err: closed{}}
	w.Tell("a", "a")
	require.ErrorIs(t, w.Broken(), fs.ErrClosed)
	require.ErrorIs(t, w.WriteJSON(1), fs.ErrClosed)
	require.Error(t, w.WriteJSON(func() {}))
	w.Aside("nobody reads this")
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, fs.ErrClosed }
