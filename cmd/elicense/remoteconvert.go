package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"time"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/client"
	"github.com/elicense/elicense/internal/cli"
	"github.com/elicense/elicense/vault/convert"
)

// transferTime is how long a ledger or its result may take on its way.
const transferTime = 15 * time.Minute

// convertAtService uploads the ledger, waits for the service to convert it, and saves the result beside the ledger.
func (cv *conversion) convertAtService(ctx context.Context) error {
	cv.service.timeout = transferTime
	d, err := cv.callService(issuer("存量证照电子化转换"))
	if err != nil {
		return err
	}
	defer d.client.Close()
	r, err := cv.order(ctx, d)
	if err != nil {
		return err
	}
	job, err := d.client.Convert(ctx, *r, client.WithCase(d.asked.Item, d.asked.Case))
	if err != nil {
		return err
	}
	done := &api.Conversion{}
	if err := cv.await(ctx, d.client, job, done); err != nil {
		return err
	}
	return cv.fetchResult(ctx, d.client, done)
}

// order uploads what the flags name and says what to do with it.
func (cv *conversion) order(ctx context.Context, d *serviceDesk) (*api.ConversionRequest, error) {
	if cv.rows != "" {
		return nil, cli.Usage("--rows 不能经服务使用", "--rows does not work at a service")
	}
	cv.typ = cv.job.Type
	if err := typeCode(ctx, d, &cv.job.Type); err != nil {
		return nil, err
	}
	if err := cv.nameResult(); err != nil {
		return nil, err
	}
	r := &api.ConversionRequest{
		Type: cv.job.Type, FileName: cv.job.File.Name, DryRun: cv.job.DryRun, Encoding: cv.encoding, Sheet: cv.sheet,
		MaxShare: cv.job.MaxReject.Share, MaxCount: cv.job.MaxReject.Count, Expected: cv.job.Expected,
	}
	if cv.mapping != "" {
		text, err := os.ReadFile(cv.mapping)
		if err != nil {
			return nil, err
		}
		r.Mapping = string(text)
	}
	for _, f := range []struct {
		path string
		to   *string
	}{{cv.file, &r.File}, {cv.scans, &r.Scans}, {cv.photos, &r.Photos}} {
		if err := upload(ctx, d.client, f.path, f.to); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func upload(ctx context.Context, c *client.Client, path string, to *string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return cli.Usage("目录不能上传，请先打成 ZIP："+path, "a directory cannot be uploaded, make a ZIP of it: "+path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f, err := c.Upload(ctx, content)
	if err != nil {
		return err
	}
	*to = f.ID
	return nil
}

// await shows how far a job has come until it has ended, and reads its result. The job goes on when this process ends.
func (cv *conversion) await(ctx context.Context, c *client.Client, job *api.Job, into any) error {
	bar := cv.progress(cv.Say("转换", "converting"))
	defer bar.finish()
	began := cv.Now()
	w := watch{
		ask: c.Job, wait: pause, now: cv.Now,
		silent: func() {
			cv.Aside(cv.Say("服务没有答复；它恢复后作业 "+job.ID+" 会继续，这里接着等。\n",
				"the service does not answer; job "+job.ID+" goes on when it is back, and is waited for.\n"))
		},
		tell: func(j *api.Job) {
			if j.Progress != nil {
				bar.update(progressIn(cv.job.File.Name, j, cv.Now().Sub(began)))
			}
		},
	}
	ended, err := w.follow(ctx, job)
	if err != nil {
		cv.Aside(cv.Say("服务会继续办完作业 "+job.ID+"；再运行同一命令即得结果。\n",
			"the service goes on with job "+job.ID+"; run the same command again for its result.\n"))
		return err
	}
	return jobResult(ended, into)
}

func jobResult(job *api.Job, into any) error {
	switch {
	case job.Error != nil:
		return &client.ProblemError{Problem: *job.Error}
	case job.State != "done":
		return &cli.ToldError{
			Err: errAnswer, Code: "job-cancelled", Zh: "作业已被取消；已办理的保留", En: "the job was cancelled; what was done stays done",
		}
	case json.Unmarshal(job.Result, into) != nil:
		return errAnswer
	}
	return nil
}

// fetchResult saves the sheets and says how it went.
func (cv *conversion) fetchResult(ctx context.Context, c *client.Client, done *api.Conversion) error {
	for _, f := range []struct {
		file api.File
		path string
	}{{done.Result, cv.result}, {done.Errors, cv.errors}} {
		if f.file.ID == "" || f.path == "" {
			continue
		}
		if err := writeStream(f.path, func(w io.Writer) error { return c.Save(ctx, f.file, w) }); err != nil {
			return err
		}
	}
	report, err := reportIn(done, cv.job.File.Name)
	if err != nil {
		return err
	}
	if err := cv.Emit(report, func() { cv.showReport(report) }); err != nil {
		return err
	}
	switch {
	case report.Stopped == nil || report.DryRun:
		return nil
	case cv.JSON:
		return &cli.ExitError{Code: cli.ExitFailed} // the report says where it stopped
	}
	return convert.ErrThreshold
}

// undoAtService takes a batch back.
func (cv *conversion) undoAtService(ctx context.Context) error {
	d, err := cv.callService(issuer("撤回转换批次"))
	if err != nil {
		return err
	}
	defer d.client.Close()
	job, err := d.client.UndoConversion(ctx, cv.undo, api.UndoRequest{Reason: cv.reason},
		client.WithCase(d.asked.Item, d.asked.Case))
	if err != nil {
		return err
	}
	done := &api.Undo{}
	if err := cv.await(ctx, d.client, job, done); err != nil {
		return err
	}
	out := map[string]any{"batch": done.Batch, "counts": done.Counts, "refused": done.Refused}
	return cv.Emit(out, func() {
		cv.Tell("批次 %s 已撤回：撤出 %d，恢复旧版 %d，不能撤回 %d", "batch %s undone: %d withdrawn, %d restored, %d refused",
			done.Batch.ID, done.Counts["withdrawn"], done.Counts["restored"], done.Counts["refused"])
		for _, u := range done.Refused {
			cv.Tell("  第 %d 行：%s [%s]", "  row %d: %s [%s]", u.Row, cv.Say(u.Zh, u.En), u.Code)
		}
	})
}
