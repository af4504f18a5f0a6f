package sys

import (
	"testing"
	"time"
)

const soon = 10 * time.Millisecond

func TestJoinWaitsForTheEndOfAThread(t *testing.T) {
	hold := NewQueue[int](1)
	thread := Go(func() { hold.Get(Forever) })
	for _, d := range []time.Duration{0, soon} {
		if begin := Now(); thread.Join(d) || Now().Sub(begin) < d {
			t.Errorf("Join(%v) of a thread that runs reported its end, or returned after %v", d, Now().Sub(begin))
		}
	}
	hold.Put(1)
	for _, d := range []time.Duration{Forever, 0, Forever} {
		if !thread.Join(d) {
			t.Errorf("Join(%v) didn't report that the thread has ended", d)
		}
	}
}

func TestAQueueKeepsTheOrder(t *testing.T) {
	q := NewQueue[int](3)
	if v, ok := q.Get(0); ok {
		t.Errorf("got %d from an empty queue", v)
	}
	begin := Now()
	if v, ok := q.Get(soon); ok || Now().Sub(begin) < soon {
		t.Errorf("got %d, %t from an empty queue after %v, want nothing after %v", v, ok, Now().Sub(begin), soon)
	}
	for i := range 3 {
		q.Put(i)
	}
	for i, d := range []time.Duration{0, Forever, time.Hour} {
		if v, ok := q.Get(d); v != i || !ok {
			t.Errorf("Get(%v) returned %d, %t, want %d", d, v, ok, i)
		}
	}
	Go(func() { Sleep(soon); q.Put(7) })
	if v, ok := q.Get(Forever); v != 7 || !ok {
		t.Errorf("got %d, %t from another thread, want 7", v, ok)
	}
}

func TestAQueueTakesNoMoreThanItsRoom(t *testing.T) {
	q := NewQueue[int](1)
	q.Put(1)
	defer func() {
		if recover() == nil {
			t.Error("Put into a full queue didn't panic")
		}
	}()
	q.Put(2)
}

func TestSignals(t *testing.T) {
	s := Notify(SIGHUP, SIGTTIN)
	if kind, ok := s.Wait(0); ok {
		t.Errorf("got %v before any signal", kind)
	}
	if err := Kill(Getpid(), SIGHUP); err != nil {
		t.Fatal(err)
	}
	if kind, ok := s.Wait(Forever); kind != SIGHUP || !ok {
		t.Errorf("got %v, %t, want the signal that the process has received", kind, ok)
	}
	for range 5 { // there is room for two
		s.Raise(SIGTTIN)
	}
	for i, want := range []bool{true, true, false} {
		kind, ok := s.Wait(soon)
		if ok != want || ok && kind != SIGTTIN {
			t.Errorf("signal %d: got %v, %t, want %t", i, kind, ok, want)
		}
	}
	Ignore(SIGHUP)
	Kill(Getpid(), SIGHUP)
	if kind, ok := s.Wait(soon); ok {
		t.Errorf("got %v, which is ignored", kind)
	}
}

func TestTheProcess(t *testing.T) {
	t.Setenv("SYS_TEST", "set")
	if got := Getenv("SYS_TEST"); got != "set" {
		t.Errorf("the variable is %q, want set", got)
	}
	found := false
	for _, v := range Environ() {
		found = found || v == "SYS_TEST=set"
	}
	if !found || len(Args()) == 0 || Getpid() <= 0 {
		t.Errorf("the environment has the variable: %t; the arguments are %q, the process id %d", found, Args(), Getpid())
	}
}
