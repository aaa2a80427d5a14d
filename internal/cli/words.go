package cli

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/spf13/cobra"
)

// Words are an error that a person meets, and what to do about it.
type Words struct {
	Err          error
	Code, Zh, En string
}

// Sentence is an error in both languages, with its stable code.
type Sentence struct{ Code, Zh, En string }

// Codes of errors that are not in a program's words.
const (
	CodeUsage   = "usage"
	CodeUnknown = "unexpected"
)

// Describe puts an error into words, as Fail would.
func Describe(err error, words []Words) Sentence { return sentence(nil, err, words) }

// Text is a sentence in the user's language, with its code. A wrong call needs none: what follows says how to call.
func (w *World) Text(s Sentence) string {
	text := w.Say(s.Zh, s.En)
	if s.Code == "" || s.Code == CodeUsage {
		return text
	}
	return text + " [" + s.Code + "]"
}

func sentence(cmd *cobra.Command, err error, words []Words) Sentence {
	var usage *UsageError
	if errors.As(err, &usage) {
		return Sentence{cmp.Or(usage.Code, CodeUsage), usage.Zh, usage.En}
	}
	var told *ToldError
	if errors.As(err, &told) {
		return Sentence{told.Code, told.Zh, told.En}
	}
	for i := range words {
		if errors.Is(err, words[i].Err) {
			return Sentence{words[i].Code, words[i].Zh, words[i].En}
		}
	}
	if s, ok := fileSentence(err); ok {
		return s
	}
	s := Sentence{CodeUnknown, "没有料到的错误：" + err.Error(), "unexpected error: " + err.Error()}
	if cmd != nil {
		path := cmd.CommandPath()
		s.Zh, s.En = "执行 "+path+" 时出错："+err.Error(), "running "+path+": "+err.Error()
	}
	return s
}

// fileTroubles are what an operating system says of a file, or of an address to listen on.
var fileTroubles = []Words{
	{fs.ErrNotExist, "file-missing", "文件或目录不存在：", "no such file or directory: "},
	{fs.ErrPermission, "file-permission", "没有权限：", "permission denied: "},
	{fs.ErrExist, "file-exists", "已经存在，不覆盖：", "exists already and is not overwritten: "},
	{syscall.ENOSPC, "no-space", "磁盘已满，写不下：", "the disk is full: "},
	{syscall.EDQUOT, "no-space", "磁盘配额已用完，写不下：", "the disk quota is used up: "},
	{syscall.EISDIR, "file-directory", "这是目录，不是文件：", "this is a directory, not a file: "},
	{syscall.ENOTDIR, "file-not-directory", "路径中有一段是文件，不是目录：", "a part of the path is a file, not a directory: "},
	{syscall.ELOOP, "file-loop", "符号链接互相指向，找不到文件：", "symbolic links lead in a circle: "},
	{syscall.ENAMETOOLONG, "file-name-long", "文件名太长：", "the file name is too long: "},
	{syscall.EROFS, "file-read-only", "文件系统只读，不能写：", "the file system is read-only: "},
	{syscall.ETXTBSY, "file-busy", "文件正被使用：", "the file is in use: "},
	{syscall.EPIPE, "output-closed", "没有人再读取输出：", "nobody reads the output any more: "},
	{syscall.EADDRINUSE, "address-in-use", "已有程序（也可能就是本服务）在此地址监听：", "something, perhaps this service, listens there: "},
	{syscall.EADDRNOTAVAIL, "address-not-here", "本机没有这个地址：", "this machine does not have the address: "},
	{syscall.EIO, "file-broken", "读写出错，磁盘可能已损坏：", "reading or writing failed, the disk may be damaged: "},
}

// fileSentence names the file, or the address to listen on, that an operating system's error is about.
func fileSentence(err error) (Sentence, bool) {
	var path *fs.PathError
	var link *os.LinkError
	var name string
	switch {
	case errors.As(err, &path):
		name = path.Path
	case errors.As(err, &link):
		name = link.New
	default:
		return Sentence{}, false
	}
	for _, known := range fileTroubles {
		if errors.Is(err, known.Err) {
			return Sentence{known.Code, known.Zh + name, known.En + name}, true
		}
	}
	return Sentence{}, false
}
