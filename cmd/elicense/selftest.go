package main

import (
	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/pki"
)

// checkCryptography runs the self-test once in a process. Whatever signs, or opens what can sign, calls it first.
func (c *program) checkCryptography() error {
	if c.sound {
		return nil
	}
	if c.selfTest == nil {
		return pki.ErrSelfTest
	}
	if err := pki.CheckSelfTest(c.selfTest()); err != nil {
		return err
	}
	c.sound = true
	return nil
}

func (c *program) selfTestCommand() *cobra.Command {
	return &cobra.Command{
		Use: "selftest", Args: cobra.NoArgs,
		Short: "密码算法自检：国标已知答案，两套实现互相验证 / self-test: known answers, and two implementations checking each other",
		Long: "签发、建库等命令启动时都会先自检，不通过就不签名。退出码：0 全部通过，1 有一项不通过。" + cli.Between +
			"Every command that signs runs it first and signs nothing if it fails. Exit: 0 all passed, 1 one did not.",
		RunE: func(*cobra.Command, []string) error { return c.selfTestReport() },
	}
}

// selfTestLine is one test on the report.
type selfTestLine struct {
	Test string `json:"test"`
	OK   bool   `json:"ok"`
}

func (c *program) selfTestReport() error {
	results := c.selfTest()
	err := pki.CheckSelfTest(results)
	lines := make([]selfTestLine, 0, len(results))
	for _, r := range results {
		lines = append(lines, selfTestLine(r))
	}
	report := map[string]any{"ok": err == nil, "tests": lines}
	if emitErr := c.Emit(report, func() { c.tellSelfTest(lines, err) }); emitErr != nil {
		return emitErr
	}
	if err != nil {
		return &cli.ExitError{Code: cli.ExitFailed}
	}
	return nil
}

func (c *program) tellSelfTest(lines []selfTestLine, err error) {
	if err == nil {
		c.Tell("自检通过，共 %d 项", "self-test passed: %d tests", len(lines))
	} else {
		c.Tell("自检不通过：请勿使用本机签名或验证", "the self-test failed: neither sign nor verify on this machine")
	}
	for _, l := range lines {
		text := selfTestWords[l.Test]
		mark := c.Say("通过  ", "ok      ")
		if !l.OK {
			mark = c.Say("不通过", "FAILED  ")
		}
		c.Fact("  %s  %s", mark, c.Say(text[0], text[1]))
	}
	if err != nil {
		c.Tell("下一步：换一台机器或重新安装程序后再运行 %s selftest",
			"next: take another machine or install the program again, then run %s selftest", c.Name)
	}
}

// selfTestWords says what each test is, Chinese and English.
var selfTestWords = map[string][2]string{
	"sm3-known-answers":     {"SM3：GB/T 32905 已知答案", "SM3: known answers of GB/T 32905"},
	"sm3-both-every-length": {"SM3：两套实现逐长度比对", "SM3: both implementations at every length"},
	"hmac-sm3-both":         {"HMAC-SM3：两套实现比对", "HMAC-SM3: both implementations"},
	"sm4-known-answer":      {"SM4：GB/T 32907 已知答案", "SM4: known answer of GB/T 32907"},
	"sm4-cbc-both":          {"SM4-CBC：两套实现比对", "SM4-CBC: both implementations"},
	"sm4-gcm-known-answer":  {"SM4-GCM：RFC 8998 已知答案，篡改后拒绝", "SM4-GCM: known answer of RFC 8998, refused when changed"},
	"sm2-known-digest":      {"SM2：GB/T 32918 签名者与消息的杂凑值", "SM2: digest of signer and message, GB/T 32918"},
	"sm2-known-signature":   {"SM2：GB/T 32918 已知签名", "SM2: known signature of GB/T 32918"},
	"sm2-sign-first-verify-both": {"SM2：实现一签名，两套验证，篡改后拒绝",
		"SM2: signed by the first, verified by both, refused when changed"},
	"sm2-sign-second-verify-both": {"SM2：实现二签名，两套验证，篡改后拒绝",
		"SM2: signed by the second, verified by both, refused when changed"},
	"sm2-known-ciphertext": {"SM2：GB/T 32918 已知密文，两套解密", "SM2: known ciphertext of GB/T 32918, decrypted by both"},
	"sm2-encrypt-each-decrypt-both": {"SM2：各自加密，互相解密，篡改后拒绝",
		"SM2: encrypted by each, decrypted by both, refused when changed"},
	"sm2-known-key-exchange": {"SM2：GB/T 32918 已知密钥交换，两套实现、双方一致",
		"SM2: known key exchange of GB/T 32918, both sides of both implementations"},
}
