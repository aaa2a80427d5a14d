package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/elicense/elicense/internal/cli"
)

// standing is where a command works.
type standing int

const (
	atService   standing = iota + 1 // on licences and whoever asks for them: at a data directory or at a service
	onDirectory                     // looks after the data directory, which nobody serves meanwhile
	onMachine                       // looks after it too, also while it is served: the service then does it itself, asked over its socket
	byItself                        // names by itself where it works, with flags of its own
	onFiles                         // on the files that it is given
)

// standings has every command that does something, by its path.
var standings = map[string]standing{
	"type list": atService, "type show": atService, "type put": atService, "type template": atService,
	"type report": atService, "type complete": atService, "type shipped": onFiles,
	"caller add": atService, "caller list": atService, "caller register": atService, "caller systems": atService,
	"caller revoke": atService, "caller promote": atService, "caller enrol": onMachine, "department add": onMachine,
	"issue": atService, "reserve": atService, "confirm": atService, "void": atService, "reconcile": atService,
	"numbers": atService, "change": atService, "renew": atService, "reissue": atService, "suspend": atService,
	"resume": atService, "cancel": atService, "revoke": atService, "annul": atService,
	"convert": atService, "convert detect": atService, "batch list": atService, "batch progress": atService,
	"batch sample": atService, "batch sign-off": atService, "batch certificate": atService,
	"lookup": atService, "compare": atService, "history": atService, "document list": atService,
	"document get": atService, "document attach": atService, "document draw": atService, "document copy": atService,
	"document note": onFiles, "consent grant": atService, "consent list": atService, "consent withdraw": atService,
	"verify": atService, "proof get": atService, "proof verify": atService, "proof checkpoint": atService,
	"proof since": atService, "proof key": atService, "signed-by": atService, "audit list": atService, "audit trace": atService,
	"audit verify": onDirectory, "certificate list": atService, "certificate trust": atService,
	"certificate renew": onMachine, "certificate crl": onMachine, "key rotate": onMachine,
	"key renew": onMachine, "key login": onMachine, "sweep": onDirectory, "backup": onMachine, "restore": onDirectory,
	"demo": byItself, "init": byItself, "serve": byItself, "sync": byItself, "conformance": byItself, "doctor": byItself,
	"selftest": onFiles, "sign": onFiles, "envelope": onFiles, "envelope open": onFiles, "seal make": onFiles,
	"seal draw": onFiles, "seal show": onFiles, "seal apply": onFiles, "seal pdf": onFiles, "seal extend": onFiles,
	"completion bash": onFiles, "completion zsh": onFiles, "completion fish": onFiles, "completion powershell": onFiles,
}

// onItsMachine is where the service itself does it, over its local socket.
var onItsMachine = [2]string{
	"请在服务所在的机器上用 -d 办理，服务不必停止", "use -d on the machine of the service, which goes on answering",
}

// instead is what to do where a service has the data directory open.
var instead = map[string][2]string{
	"department add": onItsMachine,
	"caller enrol": {
		"系统的证书由数据目录中的 CA 签发；系统自备密钥和证书的，用 caller register --server 登记，否则请在服务所在的机器上用 -d 办理，服务不必停止",
		"the CA in the directory certifies the system's key: a system that brings its own is registered with caller " +
			"register --server; else use -d on the machine of the service, which goes on answering",
	},
	"audit verify": {
		"全库复核要独占数据目录；请把最近的备份恢复到另一目录，在那里复核，不必停止服务",
		"it wants the directory for itself: restore the newest backup into another directory and verify that; the service " +
			"goes on",
	},
	"certificate renew": onItsMachine, "certificate crl": onItsMachine,
	"key rotate": onItsMachine, "key renew": onItsMachine, "key login": onItsMachine,
	"sweep": {
		"清理要独占数据目录；请停止服务，用 -d 办理后再启动",
		"it wants the directory for itself: stop the service, use -d, and start it again",
	},
	"backup": {
		"运行中由服务自己定期备份：serve --backups 目录；另作一份请在服务所在的机器上用 -d 办理，服务不必停止",
		"a service makes its backups itself, with serve --backups DIR; for one more use -d on its machine, and it goes on answering",
	},
	"restore": {
		"恢复到空目录，与运行中的服务无关；请用 -d 指明空目录",
		"it restores into an empty directory, whatever is served: name that with -d",
	},
	"demo":  {"演示在本机新建目录；请去掉 --server", "it makes a directory on this machine: leave --server out"},
	"init":  {"它在本机新建数据目录；请去掉 --server，用 -d 指明目录", "it makes a data directory on this machine: leave --server out, name the directory with -d"},
	"serve": {"它就是服务；监听地址用 --listen 指明", "it is the service: say with --listen where"},
	"sync":  {"两端各有地址；请用 --from 和 --to 指明", "it has two ends: name them with --from and --to"},
}

// pathOf is the name of a command below the program's.
func pathOf(cmd *cobra.Command) string {
	path, _ := strings.CutPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
	return path
}

// onlyHere refuses to do at a service what is not done there, and says what to do.
func onlyHere(path string) error {
	if standings[path] == onFiles {
		return &cli.UsageError{
			Code: "service-unneeded", Zh: "这个命令只用所给的文件，不用服务；请去掉 --server",
			En: "this command works on the files that it is given and at no service; leave --server out",
		}
	}
	w := instead[path]
	return &cli.UsageError{
		Code: "data-directory-only", Zh: "这个命令不经服务办理：" + w[0], En: "this command does not work at a service: " + w[1],
	}
}

// chooseDesk decides between data directory and service: the command line goes before the environment, and the
// environment counts for commands that work at both.
func (c *program) chooseDesk(cmd *cobra.Command) error {
	s := &c.service
	path, directory := pathOf(cmd), cmd.Flags().Changed("data")
	where := standings[path]
	switch {
	case s.url != "" && directory:
		return cli.Usage("--server 与 --data 只能给一个", "--server and --data: give one of them")
	case s.url != "" && where != atService:
		return onlyHere(path)
	case s.url == "" && !directory && c.Env("ELICENSE_SERVER") != "":
		switch where { //nolint:exhaustive // the others do not ask
		case atService:
			s.url = c.Env("ELICENSE_SERVER")
		case onDirectory, onMachine:
			return onlyHere(path)
		}
	}
	for name, to := range map[string]*string{
		"ELICENSE_CACERT": &s.cacert, "ELICENSE_CREDENTIALS": &s.credentials,
	} {
		if *to == "" {
			*to = c.Env(name)
		}
	}
	return nil
}

// errNoHalf keeps a command that is to work at a service from the data directory: what it does not ask the service for
// it does not do.
var errNoHalf = &cli.UsageError{
	Code: "data-directory-only", Zh: "这个命令的这种用法只在数据目录上办理，不经服务；请停止服务后用 -d 办理",
	En: "used like this the command works on a data directory and not at a service; stop the service and use -d",
}
