//go:build linux

package sim

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stopVariable in the environment makes TestStopHelper a program that makes one call: its name, its
// limit in milliseconds, and when its child ends.
const stopVariable = "THREELOOPS_STOP_HELPER"

// sysPoll is the number of poll(2) on amd64. Newer architectures don't have it.
const sysPoll = 7

// TestStopCasesOnLinux plays the cases to Linux. A unit of time is longer at each further try,
// because the machine may be busy.
func TestStopCasesOnLinux(t *testing.T) {
	for _, c := range stopCases {
		t.Run(c.name, func(t *testing.T) {
			if c.call == "poll" && runtime.GOARCH != "amd64" {
				t.Skip("this architecture may not have poll(2)")
			}
			t.Parallel()
			var problem string
			for unit := 50 * time.Millisecond; unit < time.Second; unit *= 4 {
				got, after, err := c.onLinux(unit)
				if err != nil {
					t.Fatal(err)
				}
				if want := time.Duration(c.after) * unit; got == c.want && after > want-unit/5 && after < want+unit*4/5 {
					return
				}
				problem = fmt.Sprintf("with a unit of %v: got %s after %v, want %s after %d units", unit, got, after, c.want, c.after)
			}
			t.Error(problem)
		})
	}
}

// onLinux makes the call in a process of its own, and stops and continues it.
func (c *stopCase) onLinux(unit time.Duration) (result string, after time.Duration, err error) {
	limit := c.limit
	if limit > 0 {
		limit *= int(unit / time.Millisecond)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestStopHelper$")
	cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1",
		fmt.Sprintf("%s=%s,%d,%v", stopVariable, c.call, limit, (time.Duration(c.event)*unit).Seconds()))
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	full, fullEnd, err := os.Pipe()
	if err != nil {
		return "", 0, err
	}
	defer full.Close()
	cmd.ExtraFiles = []*os.File{fullEnd}
	if err := cmd.Start(); err != nil {
		return "", 0, err
	}
	fullEnd.Close()
	defer cmd.Wait()
	defer cmd.Process.Kill()
	lines := bufio.NewReader(out)
	port, err := lines.ReadString('\n')
	if err != nil {
		return "", 0, err
	}
	start := time.Now()
	for when := 1; when < 20; when++ {
		time.Sleep(time.Until(start.Add(time.Duration(when) * unit)))
		switch when {
		case c.stop:
			cmd.Process.Signal(unix.SIGSTOP)
		case c.cont:
			cmd.Process.Signal(unix.SIGCONT)
		}
		if when == c.event {
			c.happens(in, full, strings.TrimSpace(port))
		}
		if when == max(c.event, c.cont) {
			break
		}
	}
	line, err := lines.ReadString('\n')
	result, nanoseconds, _ := strings.Cut(strings.TrimSpace(line), " after ")
	n, _ := strconv.ParseInt(nanoseconds, 10, 64)
	return result, time.Duration(n), err
}

// happens makes happen what the call waits for.
func (c *stopCase) happens(in io.Writer, full *os.File, port string) {
	switch c.call {
	case "accept4":
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			conn.Close()
		}
	case "write":
		io.ReadFull(full, make([]byte, 1<<16))
	default:
		in.Write([]byte("x"))
	}
}

// On Linux too, a stopped orphan is hung up: it ends, because sleep(1) doesn't handle SIGHUP.
func TestAStoppedOrphanIsHungUpOnLinux(t *testing.T) {
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestStopHelper$")
	cmd.Env = append(os.Environ(), stopVariable+"=parent,0,0")
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true} // init(1) has another session
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	orphan := number(strings.TrimSpace(string(out)))
	defer unix.Kill(orphan, unix.SIGKILL)
	for range 500 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", orphan))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the orphan still exists after 5 seconds")
}

// TestStopHelper is the process that is stopped.
func TestStopHelper(t *testing.T) {
	words := strings.Split(os.Getenv(stopVariable), ",")
	if len(words) < 3 {
		t.Skip("this is a program for TestStopCasesOnLinux")
	}
	if words[0] == "parent" {
		signal.Notify(make(chan os.Signal, 1), unix.SIGHUP) // execve resets a handler, and not SIG_IGN of nohup(1)
		child := exec.Command("sleep", "100")
		child.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
		child.Start()
		child.Process.Signal(unix.SIGSTOP)
		unix.Wait4(child.Process.Pid, nil, unix.WUNTRACED, nil)
		fmt.Println(child.Process.Pid)
		os.Exit(0)
	}
	limit := number(words[1])
	ln, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	unix.Bind(ln, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	unix.Listen(ln, 5)
	at, _ := unix.Getsockname(ln)
	call := callOnLinux(words[0], limit, ln, words[2])
	fmt.Println(at.(*unix.SockaddrInet4).Port)
	start := time.Now()
	result := call()
	fmt.Printf("%s after %d\n", result, time.Since(start))
	os.Exit(0)
}

// callOnLinux prepares a call. Descriptor 0 becomes readable, and 3 is the end of a pipe to write to.
func callOnLinux(name string, limit, ln int, seconds string) func() string {
	interest := []unix.PollFd{{Fd: 0, Events: unix.POLLIN}}
	timeout := unix.NsecToTimespec(int64(limit) * 1e6)
	result := func(n int, err error) string { return outcome(n, simErr(err)) }
	switch name {
	case "epoll_wait":
		ep, _ := unix.EpollCreate1(0)
		unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, 0, &unix.EpollEvent{Events: unix.EPOLLIN})
		return func() string { return result(unix.EpollWait(ep, make([]unix.EpollEvent, 1), limit)) }
	case "poll":
		return func() string { // unix.Poll is ppoll(2)
			n, _, errno := unix.Syscall(sysPoll, uintptr(unsafe.Pointer(&interest[0])), 1, uintptr(limit))
			if errno != 0 {
				return result(-1, errno)
			}
			return result(int(n), nil)
		}
	case "ppoll":
		if limit < 0 {
			return func() string { return result(unix.Ppoll(interest, nil, nil)) }
		}
		return func() string { return result(unix.Ppoll(interest, &timeout, nil)) }
	case "nanosleep":
		return func() string { return result(0, unix.Nanosleep(&timeout, nil)) }
	case "read":
		return func() string { return result(unix.Read(0, make([]byte, 8))) }
	case "accept4":
		return func() string {
			_, _, err := unix.Accept4(ln, 0)
			return result(0, err)
		}
	case "write":
		unix.Write(3, make([]byte, 1<<16))
		return func() string { return result(unix.Write(3, make([]byte, 1<<16))) }
	case "write more":
		return func() string { return result(unix.Write(3, make([]byte, 1<<17))) }
	case "send more":
		pair, _ := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		return func() string {
			n, err := unix.Write(pair[0], make([]byte, long))
			return part(n, simErr(err))
		}
	case "tcp more":
		client, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		at, _ := unix.Getsockname(ln)
		unix.Connect(client, at)
		return func() string {
			n, err := unix.Write(client, make([]byte, long))
			return part(n, simErr(err))
		}
	case "wait4":
		child := exec.Command("sleep", seconds)
		return func() string {
			if err := child.Start(); err != nil {
				return err.Error()
			}
			_, err := unix.Wait4(child.Process.Pid, nil, 0, nil)
			return result(0, err)
		}
	}
	panic("unknown call " + name)
}
