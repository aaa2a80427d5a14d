package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/internal/engine"
	"github.com/elicense/elicense/vault"
)

// Levels of what doctor finds.
const (
	levelOK      = "ok"
	levelNote    = "note"
	levelWarning = "warning"
	levelError   = "error"
)

// ailment is one thing that doctor found, and what to do about it.
type ailment struct {
	Level string `json:"level"`
	Code  string `json:"code"`
	Zh    string `json:"zh"`
	En    string `json:"en"`
	FixZh string `json:"fix_zh,omitempty"`
	FixEn string `json:"fix_en,omitempty"`
}

// examination is one run of doctor.
type examination struct {
	*program

	now  time.Time
	list []ailment
}

func (x *examination) found(a ailment) { x.list = append(x.list, a) }

func (c *program) doctorCommand() *cobra.Command {
	var server, cacert string
	cmd := &cobra.Command{
		Use: "doctor", Args: cobra.NoArgs,
		Short: "体检：数据目录、密钥、证书、时钟、未了事项 / what is wrong with directory, keys, certificates, clock; what is pending",
		Long: "每项先说好坏，再说怎么办。退出码：0 没有错误（可能有提醒），1 有错误。" + cli.Between +
			"Each finding says how bad it is and what to do. Exit: 0 nothing is wrong (there may be warnings), 1 something is.",
		Example: "  elicense doctor\n  elicense doctor --server https://licences.example:8443 --cacert root.pem",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if server == "" && !cmd.Flags().Changed("data") {
				server = c.Env("ELICENSE_SERVER")
			}
			if server == "" {
				return c.doctor(cmd.Context())
			}
			if cacert == "" {
				cacert = c.Env("ELICENSE_CACERT")
			}
			return c.doctorServer(cmd.Context(), server, cacert)
		},
	}
	cmd.Flags().StringVar(&server, "server", "", "从外面检查正在运行的服务 / look at a running service, from outside")
	cmd.Flags().StringVar(&cacert, "cacert", "", "服务器证书的根证书 / root of its certificate")
	return cmd
}

// doctor examines what it can, also when the house does not open.
func (c *program) doctor(ctx context.Context) error {
	x := &examination{program: c, now: c.Now()}
	c.dir = filepath.Clean(c.dir)
	if err := c.checkCryptography(); err != nil {
		x.found(ailment{levelError, "self-test", "密码算法自检不通过", "the self-test of the cryptography fails", "请勿使用本机；更换程序或机器",
			"do not use this machine; replace the program or the machine"})
	}
	if x.directory() {
		x.permissions()
		x.space()
		if s, err := readSettings(x.dir); err == nil {
			x.service(&s)
		}
		x.certificates()
		x.seals()
		x.inside(ctx)
		x.revocations() // those of the directory's own authority are renewed now, as with every command
	}
	return x.report()
}

// report shows what was found; the exit code tells whether something is wrong.
func (x *examination) report() error {
	worst := levelOK
	for _, a := range x.list {
		if a.Level == levelError || a.Level == levelWarning && worst != levelError {
			worst = a.Level
		}
	}
	if err := x.Emit(map[string]any{"level": worst, "findings": x.list}, func() { x.show(worst) }); err != nil {
		return err
	}
	if worst == levelError {
		return &cli.ExitError{Code: cli.ExitFailed}
	}
	return nil
}

func (x *examination) show(worst string) {
	x.Fact("%s", map[string]string{
		levelOK:      x.Say("健康", "well"),
		levelWarning: x.Say("可以使用，有事项要处理", "usable, with things to see to"),
		levelError:   x.Say("有错误，须处理", "something is wrong"),
	}[worst])
	marks := map[string]string{levelOK: "✓", levelNote: "·", levelWarning: "!", levelError: "✗"}
	for _, a := range x.list {
		x.Fact("  %s %s", marks[a.Level], x.Say(a.Zh, a.En))
		if a.FixZh != "" {
			x.Fact("      → %s", x.Say(a.FixZh, a.FixEn))
		}
	}
}

// directory reports whether there is a data directory to look into.
func (x *examination) directory() bool {
	if _, err := os.Lstat(x.dir + unfinished); err == nil {
		x.found(ailment{
			levelWarning, "unfinished", "有一次未完成的建库或恢复：" + x.dir + unfinished,
			"a set-up or restore was broken off: " + x.dir + unfinished,
			"若没有正在运行的命令，删除该目录后重新运行", "if no command is running, remove it and run the command again",
		})
	}
	info, err := os.Stat(x.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		x.found(ailment{
			levelError, "missing", "没有数据目录：" + x.dir, "there is no data directory: " + x.dir,
			"用 -d 指定，或用 elicense init 新建", "name it with -d, or make one with elicense init",
		})
		return false
	case err != nil:
		x.found(ailment{levelError, "unreadable", "数据目录不能读取：" + x.dir, "the data directory cannot be read: " + x.dir,
			"检查运行账户的权限", "check the rights of the account that runs this"})
		return false
	case !info.IsDir():
		x.found(ailment{levelError, "not-a-directory", "这是文件，不是数据目录：" + x.dir,
			"this is a file, not a data directory: " + x.dir,
			"用 -d 指定数据目录", "name the data directory with -d"})
		return false
	}
	_, err = readSettings(x.dir)
	var bad *settingsError
	switch {
	case errors.Is(err, errNoHouse):
		x.found(ailment{
			levelError, "not-ours", "此目录中没有证照库（缺 house.yaml）：" + x.dir,
			"this directory holds no vault (house.yaml is missing): " + x.dir,
			"用 -d 指定数据目录；若 house.yaml 丢失，从备份取回",
			"name the data directory with -d; if house.yaml was lost, take it from a backup",
		})
		return false
	case errors.As(err, &bad) && bad.format:
		x.found(ailment{
			levelError, "format", "数据的版本不符：" + bad.zh, "the data are of another version: " + bad.en,
			"换用写下这些数据的程序版本；不要改 house.yaml 中的 format",
			"take the version of the program that wrote them; leave format in house.yaml as it is",
		})
		return false
	case errors.As(err, &bad):
		x.found(ailment{
			levelError, "settings", "house.yaml 不能读取：" + bad.zh, "house.yaml cannot be read: " + bad.en,
			"改正该文件，或从备份取回", "correct the file, or take it from a backup",
		})
		return false
	case err != nil:
		x.found(ailment{levelError, "settings", "house.yaml 不能读取：" + err.Error(),
			"house.yaml cannot be read: " + err.Error(), "检查权限", "check its permissions"})
		return false
	}
	return true
}

// permissions looks for files that others than the owner can read, and for a master key where it must not be.
func (x *examination) permissions() {
	var open []string
	for _, name := range []string{"", houseFile, "keys", vaultFile, rootFile, issuingFile, masterFile, staffDir} {
		path := filepath.Join(x.dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
			open = append(open, path)
		}
	}
	for _, path := range open {
		x.found(ailment{
			levelWarning, "permissions", "其他用户可以访问：" + path, "others can get at " + path,
			"chmod go= " + path, "chmod go= " + path,
		})
	}
	for _, path := range x.openSecrets() {
		x.found(ailment{
			levelWarning, "secret-open", "其他用户可以读取主密钥或口令：" + path, "others can read the master key or passphrase: " + path,
			"chmod go= " + path + "，并考虑更换（key rotate）", "chmod go= " + path + ", and think of changing it (key rotate)",
		})
	}
	s, err := readSettings(x.dir)
	if err != nil {
		return
	}
	_, err = os.Lstat(filepath.Join(x.dir, masterFile))
	switch {
	case s.Sandbox:
		x.found(ailment{Level: levelNote, Code: "sandbox", Zh: "这是沙箱，主密钥与数据放在一起；只放虚构数据",
			En: "this is a sandbox with its master key beside the data: made-up data only"})
	case err == nil:
		x.found(ailment{
			levelError, "master-beside-data", "主密钥与数据放在一起", "the master key lies beside the data",
			"把 " + masterFile + " 移到别处，用 ELICENSE_MASTER_FILE 指定", "move " + masterFile +
				" elsewhere and name it with ELICENSE_MASTER_FILE",
		})
	}
}

// spaceLow is the free space below which doctor warns, beyond what the engine keeps free.
const spaceLow = 4 << 30

func (x *examination) space() {
	s, err := readSettings(x.dir)
	if err != nil {
		return
	}
	free, err := freeSpace(x.dir)
	if err != nil {
		return
	}
	const gib = 1 << 30
	stop := s.reserveBytes()
	keep := float64(stop) / gib
	a := ailment{
		levelWarning, "space", fmt.Sprintf("磁盘剩余 %.1f GiB", float64(free)/gib),
		fmt.Sprintf("%.1f GiB of disk space left", float64(free)/gib),
		fmt.Sprintf("清理或扩容；低于 %.1f GiB 时停止写入", keep),
		fmt.Sprintf("free some space; writing stops below %.1f GiB", keep),
	}
	switch {
	case free < stop:
		a.Level = levelError
	case free > stop+spaceLow:
		a.Level, a.FixZh, a.FixEn = levelOK, "", ""
	}
	x.found(a)
}

// inside opens the house, with everything that can go wrong then, and asks what is not settled.
func (x *examination) inside(ctx context.Context) {
	h, err := x.openHouse(ctx, x.dir)
	if err != nil {
		x.found(x.closed(err))
		return
	}
	x.keys(h)
	x.sealKeys(h)
	x.keepRevocations(h)
	x.found(ailment{Level: levelOK, Code: "opens", Zh: "数据库可以打开，主密钥正确",
		En: "the database opens with this master key"})
	a, err := x.by(&h.settings, operator("体检"))
	var p *vault.Pending
	if err == nil {
		p, err = h.vault.Pending(ctx, a)
	}
	if err == nil {
		x.pending(h, p)
		err = x.signers(ctx, h, a)
	}
	if errors.Is(err, vault.ErrDenied) {
		x.found(ailment{
			levelNote, "not-operator", "未了事项由管理员看；此调用方看不到", "what is pending is for operators to see, and this caller is none",
			"不加 --as 重新运行", "run it again without --as",
		})
		err = nil
	}
	if err = errors.Join(err, h.close()); err != nil && !errors.Is(err, engine.ErrNoSpace) { // space told that already
		what := describe(err)
		x.found(ailment{
			levelError, "vault", what.Zh, what.En, "运行 elicense audit verify 查明", "run elicense audit verify to find out",
		})
	}
}

// closed says why a house does not open.
func (x *examination) closed(err error) ailment {
	what := describe(err)
	a := ailment{Level: levelError, Code: "closed", Zh: what.Zh, En: what.En}
	var usage *cli.UsageError
	switch {
	case errors.Is(err, engine.ErrLocked):
		a.Code = "locked"
		if info, err := os.Stat(filepath.Join(x.dir, controlFile)); err == nil && info.Mode()&os.ModeSocket != 0 {
			a.Level = levelWarning // it is being served: no fault, and not looked into
		}
	case errors.As(err, &usage):
		a.Code = "master"
	}
	return a
}
