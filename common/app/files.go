package app

import (
	"slices"
	"time"

	"threeloops/common/outq"
	"threeloops/common/session"
	"threeloops/common/stat"
)

// files counts the files that are being sent. Their descriptors come from a limit that all clients
// share. So the number of files has its own budget, Options.MaxFiles, apart from the budget of
// connections. If the budget is used up, a request for a file waits in its connection. Other
// requests don't wait.
type files struct {
	open    int
	waiting []*session.Conn // connections whose request waits for a file to be closed, in order
}

const (
	// fileWork is the cost of opening a file and its stat, in units of session.Conn.Spend.
	fileWork = 200
	// filesAtOnce is how many files one request may have open: NAME and NAME.gz.
	filesAtOnce = 2
)

// mayOpen reports whether the current request may open a file now. If not, the request is postponed
// until another file is closed, or until the next iteration.
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

// roomForFiles returns how many requests may open files.
func (a *App) roomForFiles() int {
	if a.o.MaxFiles == 0 {
		return 1
	}
	return (a.o.MaxFiles - a.files.open) / filesAtOnce
}

// filesScarce reports whether more than half of the budget is used. Then each connection may have
// only one file, so a few clients can't use up the rest.
func (a *App) filesScarce() bool { return a.o.MaxFiles > 0 && a.files.open > a.o.MaxFiles/2 }

// openFile calls FS.Open and counts the file.
func (a *App) openFile(name string) (f outq.File, size int64, modified time.Time, err error) {
	if f, size, modified, err = a.o.FS.Open(name); f != nil {
		f = &countedFile{f, a}
		a.countFiles(1)
	}
	return f, size, modified, err
}

// countedFile is a file that counts as open until it is closed.
type countedFile struct {
	outq.File
	app *App
}

// Inode returns the file's number in its file system, or 0 if it is unknown.
func (f *countedFile) Inode() (n uint64) {
	if i, ok := f.File.(interface{ Inode() uint64 }); ok {
		n = i.Inode()
	}
	return n
}

// Close also resumes requests that wait for a file.
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

// resumeWaiting resumes as many waiting requests as may open files.
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

// forgetFileRequest forgets the request of a connection that has ended, and resumes others.
func (a *App) forgetFileRequest(c *session.Conn) {
	if i := slices.Index(a.files.waiting, c); i >= 0 {
		a.files.waiting = slices.Delete(a.files.waiting, i, i+1)
	}
	a.resumeWaiting()
}
