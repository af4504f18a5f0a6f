package sys_test

import (
	"fmt"
	"time"

	"threeloops/common/sys"
)

// Poll returns as soon as the descriptor is readable.
func Example() {
	fd, err := sys.Eventfd(0, sys.EFD_NONBLOCK|sys.EFD_CLOEXEC)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sys.Close(fd)
	fds := []sys.PollFd{{Fd: int32(fd), Events: sys.POLLIN}}
	n, _ := sys.Poll(fds, 0)
	fmt.Println(n, "ready")
	sys.Write(fd, []byte{7: 1})
	n, _ = sys.Poll(fds, time.Second)
	fmt.Println(n, "ready, readable:", fds[0].Revents == sys.POLLIN)
	// Output:
	// 0 ready
	// 1 ready, readable: true
}
