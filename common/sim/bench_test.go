package sim

import "testing"

// BenchmarkCalls measures system calls of a program that never waits, and of a server and its client,
// which wait for each other.
func BenchmarkCalls(b *testing.B) {
	b.Run("without waiting", func(b *testing.B) {
		k := New(Config{})
		defer k.Close()
		k.Start(Program{Main: func() {
			fd, _ := Current().Eventfd(1, EFD_NONBLOCK)
			for count := make([]byte, 8); ; {
				Current().Read(fd, count)
				Current().Write(fd, count)
			}
		}})
		for k.Calls() < uint64(b.N) {
			k.Step()
		}
		b.ReportMetric(float64(k.Calls())/b.Elapsed().Seconds(), "calls/s")
	})
	b.Run("waiting", func(b *testing.B) {
		k := New(Config{})
		defer k.Close()
		k.Start(Program{Main: func() {
			self := Current()
			ends, _ := self.Socketpair(AF_UNIX, SOCK_STREAM, 0)
			self.Go(func() {
				for p := make([]byte, 1); ; {
					Current().Read(ends[1], p)
					Current().Write(ends[1], p)
				}
			})
			for p := make([]byte, 1); ; {
				self.Write(ends[0], p)
				self.Read(ends[0], p)
			}
		}})
		for k.Calls() < uint64(b.N) {
			k.Step()
		}
		b.ReportMetric(float64(k.Calls())/b.Elapsed().Seconds(), "calls/s")
	})
}
