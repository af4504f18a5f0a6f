package million

import (
	"slices"
	"strconv"
	"strings"
)

// foreign are beginnings of names of slab caches that have nothing to do with sockets. What other
// programs read from disks must not count as memory of connections. (The kernel merges caches whose
// objects have the same size. So a name such as anon_vma_chain may stand for objects of sockets, too.)
var foreign = []string{"ext4_", "btrfs_", "xfs_", "jbd2_", "nfs_", "fuse_", "ovl_", "shmem_inode", "proc_inode", "inode_cache",
	"extent_", "buffer_head", "radix_tree", "xa_node", "kmalloc-rcl"}

// slabs returns the bytes that the kernel's slab caches hold for objects in use, without the foreign
// ones. ok is false if this user may not read /proc/slabinfo (slabinfo(5)). Only root may.
func (m machine) slabs() (bytes float64, ok bool) {
	const page = 4096
	for line := range strings.Lines(m.text("proc/slabinfo")) {
		f := strings.Fields(line)
		if len(f) < 6 || f[0] == "#" || f[0] == "slabinfo" {
			continue
		}
		ok = true
		if slices.ContainsFunc(foreign, func(begin string) bool { return strings.HasPrefix(f[0], begin) }) {
			continue
		}
		n := func(i int) float64 { v, _ := strconv.ParseFloat(f[i], 64); return v }
		const active, perSlab, pages = 1, 4, 5
		if n(perSlab) > 0 {
			bytes += n(active) * n(pages) * page / n(perSlab)
		}
	}
	return bytes, ok
}
