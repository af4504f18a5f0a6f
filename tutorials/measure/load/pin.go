package load

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// CPUs returns the processors that this process may use.
func CPUs() (list []int) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil
	}
	for i := range len(set) * 64 {
		if set.IsSet(i) {
			list = append(list, i)
		}
	}
	return list
}

// Pinned calls start, and the processes that start makes run only on cpus, because they inherit the
// affinity of the thread that forks them. If cpus is empty, they run anywhere.
func Pinned(cpus []int, start func() error) error {
	if len(cpus) == 0 {
		return start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("sched_getaffinity: %w", err)
	}
	for _, i := range cpus {
		set.Set(i)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("run on processors %v: %w", cpus, err)
	}
	defer unix.SchedSetaffinity(0, &before)
	return start()
}

// background makes this thread one that runs only when its processor has nothing else to do.
func background() error {
	const idle = 5 // SCHED_IDLE of sched(7), which package unix lacks
	err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: idle}, 0)
	if err != nil {
		return fmt.Errorf("sched_setattr: %w", err)
	}
	return nil
}

// PinSelf makes all threads of this process, and those that they will start, run only on cpus.
func PinSelf(cpus []int) error {
	var set unix.CPUSet
	for _, i := range cpus {
		set.Set(i)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		tid, _ := strconv.Atoi(t.Name())
		if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH {
			return fmt.Errorf("run on processors %v: %w", cpus, err)
		}
	}
	return nil
}
