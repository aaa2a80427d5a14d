package main

import (
	"context"

	"github.com/spf13/cobra"
)

// ailment is one thing that doctor found, with what to do about it.
type ailment struct {
	Level string `json:"level"` // ok, warning, error
	Zh    string `json:"zh"`
	En    string `json:"en"`
}

func (c *cli) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "体检：数据目录、密钥、时钟、证书 / what is wrong, in plain words", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.doctor(cmd.Context()) },
	}
}

// doctor examines what it can, also when the house does not open.
func (c *cli) doctor(ctx context.Context) error {
	var list []ailment
	err := c.withHouse(ctx, func(h *house) error {
		list = append(list, ailment{"ok", "数据目录、主密钥、密码自检正常", "data directory, master key and self-test are well"})
		return nil
	})
	if err != nil {
		text := c.describe(err)
		list = append(list, ailment{"error", text, text})
	}
	if err := c.emit(list, func() {
		for _, a := range list {
			c.printf("[%s] %s", "[%s] %s", a.Level, c.say(a.Zh, a.En))
		}
	}); err != nil {
		return err
	}
	for _, a := range list {
		if a.Level == "error" {
			return &exitError{exitFailed}
		}
	}
	return nil
}
