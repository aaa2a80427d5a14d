package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault"
	"github.com/elicense/elicense/vault/record"
)

func (c *program) auditTraceCommand() *cobra.Command {
	return &cobra.Command{
		Use: "trace MESSAGE", Args: cobra.ExactArgs(1),
		Short:   "追踪一个报文：问了什么、引起了什么 / what a message asked for, and what came of it",
		Example: "  elicense audit trace 0af7651916cd43dd8448eb211c80319c",
		RunE: func(cmd *cobra.Command, args []string) error {
			if record.CheckMessage(args[0]) != nil {
				return cli.Usage("报文标识是 32 位小写十六进制数字（答复中的 X-Trace-Id）："+args[0],
					"the id of a message has 32 hexadecimal digits in lower case (X-Trace-Id of its answer): "+args[0])
			}
			return c.at(cmd.Context(), operator("追踪报文"), func(d desk) error {
				t, err := d.trace(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return c.showTrail(t, d.zone())
			})
		},
	}
}

// trailJSON is what belongs to a message, as --json shows it.
type trailJSON struct {
	Entries []auditJSON  `json:"entries"`
	Events  []tracedJSON `json:"events"`
	More    bool         `json:"more,omitempty"`
}

// tracedJSON is an event that a message caused.
type tracedJSON struct {
	Identifier string    `json:"identifier"`
	Number     int       `json:"number"`
	Kind       string    `json:"kind"`
	Version    int       `json:"version"`
	Recorded   time.Time `json:"recorded"`
	Batch      string    `json:"batch,omitempty"`
}

func (c *program) showTrail(t *vault.Trail, zone *time.Location) error {
	out := trailJSON{Entries: []auditJSON{}, Events: []tracedJSON{}, More: t.More}
	for i := range t.Entries {
		out.Entries = append(out.Entries, auditOf(&t.Entries[i]))
	}
	for i := range t.Events {
		e := &t.Events[i]
		out.Events = append(out.Events, tracedJSON{
			e.Identifier, e.Number, string(e.Kind), e.Version, e.Recorded, e.Batch,
		})
	}
	return c.Emit(out, func() {
		for i := range t.Entries {
			c.Fact("%s", c.auditLine(&t.Entries[i], zone))
		}
		for i := range t.Events {
			e := &t.Events[i]
			c.Fact("        %s  %s  %s", c.When(e.Recorded, zone), e.Kind, e.Identifier)
		}
		c.Tell("审计记录 %d 条，事件 %d 件", "%d audit entries, %d events", len(t.Entries), len(t.Events))
		if t.More {
			c.Tell("还有更多，未全部列出", "there is more than is shown")
		}
	})
}

func (d *ownDesk) trace(ctx context.Context, message string) (*vault.Trail, error) {
	return d.h.vault.Trace(ctx, d.access, message)
}

func (d *serviceDesk) trace(ctx context.Context, message string) (*vault.Trail, error) {
	got, err := d.client.Trace(ctx, message)
	if err != nil {
		return nil, err
	}
	out := &vault.Trail{More: got.More}
	for i := range got.Entries {
		e := &got.Entries[i]
		out.Entries = append(out.Entries, record.AuditEntry{
			Number: e.Number, Time: e.Time, Act: e.Act, Clerk: e.Clerk, Result: e.Result, Type: e.Type,
			Licence: e.Identifier, Batch: e.Batch, Object: e.Object, Change: e.Change, Reason: e.Reason, Count: e.Count, Message: got.Message,
			Asked: record.Asked{
				Caller: e.Caller, Purpose: e.Purpose, Item: e.Item, Case: e.Case, Ground: e.Ground, Basis: e.Basis,
			},
		})
	}
	for i := range got.Events {
		e := &got.Events[i]
		day, err := record.ParseDate(e.Effective)
		if err != nil {
			return nil, fmt.Errorf("reading an event: %w", err)
		}
		out.Events = append(out.Events, record.Event{
			Identifier: e.Identifier, Number: e.Number, Kind: record.Kind(e.Kind), Version: e.Version, Effective: day,
			Recorded: e.Recorded, Batch: e.Batch, Message: e.Message,
		})
	}
	return out, nil
}
