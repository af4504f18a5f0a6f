package app

import (
	"slices"
	"time"

	"threeloops/common/outq"
	"threeloops/common/session"
	"threeloops/common/stat"
)

// Files that are being sent hold descriptors, which all clients share. So their
// number has a budget, Options.MaxFiles, apart from the connections' own. A request
// for a file that doesn't fit waits in its connection; what needs no file doesn't.
type files struct {
	open    int
	waiting []*session.Conn // whose requests wait for a file to be closed, in their order
}

const (
	// fileWork is what it costs to open a file and to look at it, in units of
	// session.Conn.Spend.
	fileWork = 200
	// filesAtOnce is how many files a request may have open: NAME, and NAME.gz.
	filesAtOnce = 2
)

// mayOpen reports whether the request in hand may open a file now. If not it is
// postponed until another file is closed, or until the next round.
func (a *App) mayOpen(c *session.Conn) bool {
	switch {
	case a.roomForFiles() <= 0, a.filesScarce() && c.Files() > 0:
		a.o.Board[a.o.Slot].Add(stat.FilesWaited, 1)
		a.files.waiting = append(a.files.waiting, c)
		c.Await()
		return false
	case !c.MayWork():
		c.Postpone()
		return false
	}
	c.Spend(fileWork)
	return true
}

// roomForFiles is how many requests may open files.
func (a *App) roomForFiles() int {
	if a.o.MaxFiles == 0 {
		return 1
	}
	return (a.o.MaxFiles - a.files.open) / filesAtOnce
}

// filesScarce reports whether more than half of the budget is used. Then a connection
// has one file at a time, so that only many clients can use up the rest.
func (a *App) filesScarce() bool { return a.o.MaxFiles > 0 && a.files.open > a.o.MaxFiles/2 }

// openFile is FS.Open, and counts the file.
func (a *App) openFile(name string) (f outq.File, size int64, modified time.Time, err error) {
	if f, size, modified, err = a.o.FS.Open(name); f != nil {
		f = &countedFile{f, a}
		a.countFiles(1)
	}
	return f, size, modified, err
}

// countedFile counts itself until it is closed.
type countedFile struct {
	outq.File
	app *App
}

// Inode is the file's number in its file system; 0: not known.
func (f *countedFile) Inode() (n uint64) {
	if i, ok := f.File.(interface{ Inode() uint64 }); ok {
		n = i.Inode()
	}
	return n
}

// Close also lets requests go on that wait for a file.
func (f *countedFile) Close() error {
	err := f.File.Close()
	f.app.countFiles(-1)
	f.app.resumeWaiting()
	return err
}

func (a *App) countFiles(n int) {
	a.files.open += n
	if a.o.Board != nil {
		s := &a.o.Board[a.o.Slot]
		s.Set(stat.Files, a.files.open)
		s.Max(stat.FilesMost, a.files.open)
	}
}

// resumeWaiting lets as many requests go on as there is room for files.
func (a *App) resumeWaiting() {
	n := min(len(a.files.waiting), a.roomForFiles())
	for i := range max(0, n) {
		a.files.waiting[i].Resume()
		a.files.waiting[i] = nil
	}
	if n > 0 {
		a.files.waiting = a.files.waiting[n:]
	}
}

// forgetFileRequest forgets the request of a connection that has ended. Other requests
// get its room.
func (a *App) forgetFileRequest(c *session.Conn) {
	if i := slices.Index(a.files.waiting, c); i >= 0 {
		a.files.waiting = slices.Delete(a.files.waiting, i, i+1)
	}
	a.resumeWaiting()
}
