package laws

import (
	"go/ast"
	"go/build/constraint"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// reach are the names by which a program reaches the kernel, the clock, threads, signals and its
// own process, by package. The servers take them from common/sys. An empty list means the whole
// package.
var reach = map[string][]string{
	"os":            nil, // except for what values names
	"os/signal":     nil,
	"runtime/debug": nil,
	"time":          clock,
	"runtime":       {"GOMAXPROCS", "Gosched", "LockOSThread", "NumCPU", "NumGoroutine", "GC"},
	"fmt":           {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	"math/rand":     nil,
	"math/rand/v2":  nil,
	"crypto/rand":   nil,
}

// values are names of package os that are errors, and reach nothing.
var values = []string{"NewSyscallError", "SyscallError", "ErrNotExist", "ErrPermission", "ErrDeadlineExceeded"}

// Another kernel can take Linux's place only if the servers reach it through common/sys alone. One
// thread runs at a time there, and gives way only inside common/sys.
func TestTheServersReachTheMachineThroughSysAlone(t *testing.T) {
	for _, s := range sources(t) {
		if _, known := below[s.dir]; known && s.dir != "common/sys" {
			for _, found := range append(s.reaches(), s.waits()...) {
				t.Error(found)
			}
		}
	}
}

// reaches lists the uses of names in reach.
func (s source) reaches() (found []string) {
	packages := map[string]string{} // by the name that the file uses
	for _, imp := range s.file.Imports {
		path := strings.Trim(imp.Path.Value, `"`)
		names, ok := reach[path]
		if !ok || s.dir == "common/sim" && path == "math/rand/v2" { // its generator has the seed of the run
			continue
		}
		name := strings.TrimSuffix(path, "/v2")
		name = name[strings.LastIndexByte(name, '/')+1:]
		if imp.Name != nil {
			name = imp.Name.Name
		}
		if packages[name] = path; names == nil && path != "os" || name == "." || name == "_" {
			found = append(found, s.at(imp)+": imports "+path+": use common/sys")
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok || x.Obj != nil { // a variable with the name of a package
			return true
		}
		path, ok := packages[x.Name]
		switch {
		case !ok:
		case path == "os" && !slices.Contains(values, sel.Sel.Name), slices.Contains(reach[path], sel.Sel.Name):
			found = append(found, s.at(n)+": "+x.Name+"."+sel.Sel.Name+": use common/sys")
		}
		return true
	})
	return found
}

// waits lists what starts a goroutine, and channels, by which goroutines wait for each other.
func (s source) waits() (found []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.GoStmt:
			what = "a go statement: use sys.Go"
		case *ast.SelectStmt:
			what = "a select statement"
		case *ast.ChanType:
			what = "a channel: use sys.Queue or sys.Signals"
		case *ast.SendStmt:
			what = "a send to a channel: use sys.Queue or sys.Signals"
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				what = "a receive from a channel: use sys.Queue or sys.Signals"
			}
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && x.Name == "sync" && slices.Contains([]string{"WaitGroup", "Cond", "NewCond"}, n.Sel.Name) {
				what = "sync." + n.Sel.Name + ": wait in common/sys"
			}
		}
		if what != "" {
			found = append(found, s.at(n)+": "+what)
		}
		return true
	})
	return found
}

// A thread that holds a lock must not give way, because the others would wait for the lock outside
// common/sys. So no function of common/sys is called between Lock and Unlock of the same function.
// The law doesn't see a call of another function that calls common/sys.
func TestNoLockIsHeldAcrossASystemCall(t *testing.T) {
	for _, s := range sources(t) {
		if _, known := below[s.dir]; known && s.dir != "common/sys" {
			for _, found := range s.callsUnderLock() {
				t.Error(found)
			}
		}
	}
}

// noCalls are functions of common/sys that only make a value.
var noCalls = []string{"NewQueue", "AddrPort"}

// callsUnderLock lists calls of common/sys, in the order of the text, while a lock is held.
func (s source) callsUnderLock() (found []string) {
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		held := 0
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if _, ok := n.(*ast.DeferStmt); ok {
				return false // what is deferred runs at the end
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fun := call.Fun
			if i, ok := fun.(*ast.IndexExpr); ok { // of a generic function
				fun = i.X
			}
			sel, ok := fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, _ := sel.X.(*ast.Ident)
			switch name := sel.Sel.Name; {
			case name == "Lock" || name == "RLock":
				held++
			case name == "Unlock" || name == "RUnlock":
				held--
			case held > 0 && x != nil && x.Name == "sys" && !slices.Contains(noCalls, name):
				found = append(found, s.at(n)+": sys."+name+" is called while a lock is held")
			}
			return true
		})
	}
	return found
}

// kernel says for which builds a file of common/sys is, by the end of its name.
type kernel struct {
	suffix string
	builds [3]bool // Linux, Linux with the tag sim, js
	real   bool    // it may reach the real machine
}

// kernels lists the kinds of files; the first that fits a name counts. The files boot are outside of
// the simulated kernel: they start it, and are no part of a server.
var kernels = []kernel{
	{"_linux.go", [3]bool{true, false, false}, true},
	{"boot_sim.go", [3]bool{false, true, false}, true},
	{"boot_js.go", [3]bool{false, false, true}, true},
	{"_sim.go", [3]bool{false, true, true}, false},
	{".go", [3]bool{true, true, true}, false},
}

func kernelOf(path string) kernel {
	i := slices.IndexFunc(kernels, func(k kernel) bool { return strings.HasSuffix(path, k.suffix) })
	return kernels[i]
}

// Each file of common/sys is for one kernel, or for both, and only the files for Linux need Linux.
func TestEachFileOfSysIsForOneKernelOrBoth(t *testing.T) {
	linux := []string{"golang.org/x/sys/unix", "syscall", "os/signal", "runtime/debug", "unsafe"}
	for _, s := range sources(t) {
		if s.dir != "common/sys" {
			continue
		}
		k := kernelOf(s.path)
		onLinux := s.builds("linux") || s.builds("linux", "portable")
		if got := [3]bool{onLinux, s.builds("linux", "sim"), s.builds("js")}; got != k.builds {
			t.Errorf("%s is built for (Linux, sim, js) %v, want %v because of its name", s.path, got, k.builds)
		}
		for _, imp := range s.imports() {
			if k.suffix != "_linux.go" && slices.Contains(linux, imp) {
				t.Errorf("%s imports %s, which only a file named _linux.go may do", s.path, imp)
			}
		}
		for _, found := range append(s.reaches(), s.waits()...) {
			if !k.real {
				t.Error(found)
			}
		}
	}
}

// Both kernels have the same functions, types and constants.
func TestBothKernelsHaveTheSameNames(t *testing.T) {
	names := map[string]map[string]bool{"_linux.go": {}, "_sim.go": {}}
	for _, s := range sources(t) {
		for suffix, have := range names {
			if s.dir == "common/sys" && strings.HasSuffix(s.path, suffix) {
				for _, name := range s.exported() {
					have[name] = true
				}
			}
		}
	}
	linux, sim := names["_linux.go"], names["_sim.go"]
	if len(linux) < 100 {
		t.Errorf("the files for Linux have %d names, want more than 100", len(linux))
	}
	for name := range linux {
		if !sim[name] {
			t.Errorf("sys.%s is missing in the files for the simulated kernel", name)
		}
	}
	for name := range sim {
		if !linux[name] {
			t.Errorf("sys.%s is missing in the files for Linux", name)
		}
	}
}

// exported lists the exported names of a file's package level, and Type.Method for methods.
func (s source) exported() (names []string) {
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				name = base(d.Recv.List[0].Type).Name + "." + name
			}
			names = append(names, name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, spec.Name.Name)
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						names = append(names, id.Name)
					}
				}
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return !ast.IsExported(name) })
}

// builds reports whether the file's constraint is true with these tags alone.
func (s source) builds(tags ...string) bool {
	for _, group := range s.file.Comments {
		for _, c := range group.List {
			if expr, err := constraint.Parse(c.Text); err == nil {
				return expr.Eval(func(tag string) bool { return slices.Contains(tags, tag) })
			}
		}
	}
	return true
}

// ordered are the functions in which the order of a map makes no difference.
var ordered = []string{"Tick"} // of hub.Hub: it sorts what it finds, and finds the earliest time

// Go gives a map another order in each run. Clients, the log and the kernel must not see it.
func TestNobodySeesTheOrderOfAMap(t *testing.T) {
	maps := map[string]map[string]bool{} // names of variables and fields, by package
	all := sources(t)
	for _, s := range all {
		if maps[s.dir] == nil {
			maps[s.dir] = map[string]bool{}
		}
		s.addMaps(maps[s.dir])
	}
	for _, s := range all {
		if _, known := below[s.dir]; known {
			for _, found := range s.rangesOver(maps[s.dir]) {
				t.Error(found)
			}
		}
	}
}

// addMaps adds the names that the file gives to maps.
func (s source) addMaps(names map[string]bool) {
	add := func(typ ast.Expr, of ...*ast.Ident) {
		if _, ok := typ.(*ast.MapType); ok {
			for _, name := range of {
				names[name.Name] = true
			}
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			add(n.Type, n.Names...)
		case *ast.ValueSpec:
			add(n.Type, n.Names...)
			for i, v := range n.Values {
				add(made(v), n.Names[min(i, len(n.Names)-1)])
			}
		case *ast.AssignStmt:
			for i, v := range n.Rhs {
				if name, ok := n.Lhs[i].(*ast.Ident); ok {
					add(made(v), name)
				}
			}
		}
		return true
	})
}

// made is the type of a composite literal or of a call of make, or nil.
func made(v ast.Expr) ast.Expr {
	switch v := v.(type) {
	case *ast.CompositeLit:
		return v.Type
	case *ast.CallExpr:
		if f, ok := v.Fun.(*ast.Ident); ok && f.Name == "make" {
			return v.Args[0]
		}
	}
	return nil
}

// rangesOver lists the loops over maps, which are literals or have one of names.
func (s source) rangesOver(names map[string]bool) (found []string) {
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || slices.Contains(ordered, f.Name.Name) {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			r, ok := n.(*ast.RangeStmt)
			if !ok {
				return true
			}
			over, ok := r.X, false
			if sel, is := over.(*ast.SelectorExpr); is {
				over = sel.Sel
			}
			if id, is := over.(*ast.Ident); is {
				ok = names[id.Name]
			} else {
				_, ok = made(over).(*ast.MapType)
			}
			if ok {
				found = append(found, s.at(n)+": a loop over a map: its order differs in each run")
			}
			return true
		})
	}
	return found
}

// TestTheLawsOfTheSeamNotice plants a violation of each kind, and code that is allowed.
func TestTheLawsOfTheSeamNotice(t *testing.T) {
	for _, c := range []struct{ imports, code, want string }{
		{"time", "time.Now()", "time.Now"},
		{"time", "now := time.Since; _ = now", "time.Since"},
		{"time", "time.NewTimer(1)", "time.NewTimer"},
		{"time", "_ = time.Unix(1, 0).After(t)", ""},
		{"os", "os.Exit(1)", "os.Exit"},
		{"os", "_ = os.Args", "os.Args"},
		{"os", "_ = os.NewSyscallError", ""},
		{"os/signal", "signal.Stop(nil)", "imports os/signal"},
		{"runtime/debug", "", "imports runtime/debug"},
		{"runtime", "runtime.GOMAXPROCS(1)", "runtime.GOMAXPROCS"},
		{"runtime", "_ = runtime.GOOS", ""},
		{"fmt", "fmt.Println()", "fmt.Println"},
		{"fmt", "fmt.Fprintln(w)", ""},
		{"sync", "var w sync.WaitGroup", "sync.WaitGroup"},
		{"sync", "var w sync.Mutex", ""},
		{"time", "go f()", "a go statement"},
		{"time", "select {}", "a select statement"},
		{"time", "c := make(chan int)", "a channel"},
		{"time", "c <- 1", "a send"},
		{"time", "<-c", "a receive"},
		{"sync", "mu.Lock(); sys.Go(f); mu.Unlock()", "sys.Go is called while a lock is held"},
		{"sync", "mu.Lock(); defer mu.Unlock(); if a { q.n, err = sys.Write(1, p) }", "sys.Write is called"},
		{"sync", "mu.Lock(); q = sys.NewQueue[int](1); mu.Unlock(); sys.Go(f)", ""},
		{"sync", "m := map[int]int{}; for range m {}", "a loop over a map"},
		{"sync", "for range x.field {}", "a loop over a map"},
		{"sync", "for k := range map[int]int{} { _ = k }", "a loop over a map"},
		{"sync", "m := []int{}; for range m {}", ""},
	} {
		text := "package p\nimport " + strconv.Quote(c.imports) + "\ntype x struct { field map[int]int }\nfunc f() {\n" + c.code + "\n}\n"
		s, err := parse("forkserv/planted.go", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		s.addMaps(names)
		found := slices.Concat(s.reaches(), s.waits(), s.callsUnderLock(), s.rangesOver(names))
		if got := strings.Join(found, "; "); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want a report with %q", c.code, got, c.want)
		}
	}
}
