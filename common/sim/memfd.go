package sim

import (
	"fmt"
	"slices"
)

// The flags of memfd_create(2) and mmap(2) that are modelled, and a seal of fcntl(2).
const (
	MFD_CLOEXEC       = 1
	MFD_ALLOW_SEALING = 2

	PROT_READ  = 1
	PROT_WRITE = 2
	MAP_SHARED = 1
)

const (
	longestMemfdName = 249
	modelledSeals    = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE
	validSeals       = 0x3f // those that Linux knows
)

// MemfdCreate is memfd_create(2).
func (t *Thread) MemfdCreate(name string, flags int) (int, error) {
	if hasNul(name) {
		return -1, EINVAL
	}
	n, errno := t.call("memfd_create", noDescriptor, func() string { return argList(name, memfdArg(flags)) }, func() (int, Errno) {
		if flags&^(MFD_CLOEXEC|MFD_ALLOW_SEALING) != 0 {
			panic(fmt.Sprintf("sim: memfd_create with the flags %#x isn't modelled", flags))
		}
		if len(name) > longestMemfdName {
			return -1, EINVAL
		}
		n := t.k.newInode(S_IFREG | 0o777)
		n.dev = memoryDevice
		if flags&MFD_ALLOW_SEALING == 0 {
			n.seals = F_SEAL_SEAL
		}
		return t.open(n, O_RDWR, flags&MFD_CLOEXEC != 0)
	})
	return n, errno.err()
}

// Ftruncate is ftruncate(2).
func (t *Thread) Ftruncate(fd int, size int64) error {
	_, errno := t.call("ftruncate", fd, func() string { return argList(fd, size) }, func() (int, Errno) {
		if size < 0 {
			return -1, EINVAL
		}
		d, errno := t.opened(fd)
		if errno != 0 {
			return -1, errno
		}
		n, ok := d.file.(*inode)
		switch {
		case !ok || !n.isRegular() || d.flags&O_RDWR == 0:
			return -1, EINVAL
		case n.seals&F_SEAL_SHRINK != 0 && size < n.size(), n.seals&F_SEAL_GROW != 0 && size > n.size():
			return -1, EPERM
		}
		n.resize(size)
		return 0, 0
	})
	return errno.err()
}

// AddSeals is fcntl(2) with F_ADD_SEALS.
func (t *Thread) AddSeals(fd, seals int) error {
	_, errno := t.call("fcntl", fd, func() string { return argList(fd, raw("F_ADD_SEALS"), sealArg(seals)) }, func() (int, Errno) {
		d, errno := t.opened(fd)
		if errno != 0 {
			return -1, errno
		}
		return 0, addSeals(d, seals)
	})
	return errno.err()
}

func addSeals(d *description, seals int) Errno {
	n, ok := d.file.(*inode)
	switch {
	case d.flags&(O_RDWR|O_WRONLY) == 0:
		return EPERM
	case seals&^validSeals != 0, !ok:
		return EINVAL
	case n.seals&F_SEAL_SEAL != 0:
		return EPERM
	case seals&^modelledSeals != 0:
		panic(fmt.Sprintf("sim: the seals %#x aren't modelled", seals&^modelledSeals))
	case seals&F_SEAL_WRITE != 0 && n.isMapped():
		return EBUSY
	}
	n.seals |= seals
	return 0
}

// Mmap is mmap(2) of a memory file with PROT_READ, PROT_WRITE and MAP_SHARED. It returns the file's
// own bytes, so that all processes that map it share them. A mapping ends with its process.
func (t *Thread) Mmap(fd int, offset int64, length, prot, flags int) (data []byte, err error) {
	if length <= 0 {
		return nil, EINVAL // package unix makes no system call for it
	}
	_, errno := t.call("mmap", noDescriptor, func() string {
		return argList(raw("NULL"), length, raw("PROT_READ|PROT_WRITE"), raw("MAP_SHARED"), fd, offset)
	}, func() (int, Errno) {
		if prot != PROT_READ|PROT_WRITE || flags != MAP_SHARED {
			panic(fmt.Sprintf("sim: mmap with the protection %#x and the flags %#x isn't modelled", prot, flags))
		}
		if offset%Pagesize != 0 {
			return -1, EINVAL
		}
		d, errno := t.opened(fd)
		if errno != 0 {
			return -1, errno
		}
		n, ok := d.file.(*inode)
		switch {
		case d.flags&O_RDWR == 0:
			return -1, EACCES
		case !ok:
			return -1, ENODEV
		case n.seals&F_SEAL_WRITE != 0:
			return -1, EPERM
		}
		data = n.mapping(t.proc, offset, int64(length))
		return 0, 0
	})
	return data, errno.err()
}

// mapping returns the bytes of a range. They may reach to the end of the file's last page, mmap(2).
func (n *inode) mapping(p *Process, offset, length int64) []byte {
	if end := (n.size() + Pagesize - 1) / Pagesize * Pagesize; offset < 0 || length > end-offset {
		panic("sim: a mapping that is longer than its file isn't modelled")
	}
	n.mapped = slices.DeleteFunc(n.mapped, func(o *Process) bool { return o.state != living })
	if !slices.Contains(n.mapped, p) {
		n.mapped = append(n.mapped, p)
	}
	return n.data[offset : offset+length : offset+length]
}

func memfdArg(flags int) raw {
	return flagArg(uint64(flags), []name{{MFD_CLOEXEC, "MFD_CLOEXEC"}, {MFD_ALLOW_SEALING, "MFD_ALLOW_SEALING"}})
}

func sealArg(seals int) raw {
	return flagArg(uint64(seals), []name{
		{F_SEAL_SEAL, "F_SEAL_SEAL"}, {F_SEAL_SHRINK, "F_SEAL_SHRINK"},
		{F_SEAL_GROW, "F_SEAL_GROW"}, {F_SEAL_WRITE, "F_SEAL_WRITE"},
	})
}
