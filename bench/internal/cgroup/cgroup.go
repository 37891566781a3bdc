// Package cgroup reads what the control groups of this process allow it, in either version (cgroups(7)). It needs no build tag,
// so that its tests run everywhere: root is "/" of a Linux system.
package cgroup

import (
	"errors"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Groups are the control groups of one process, by controller; that of version 2 has the empty name.
type Groups struct {
	root fs.FS
	path map[string]string
}

// Of are those of this process.
func Of(root fs.FS) Groups {
	g := Groups{root: root, path: map[string]string{}}
	for line := range strings.SplitSeq(word(root, "proc/self/cgroup"), "\n") {
		// hierarchy:controllers:path (cgroups(7))
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			g.path[controller] = strings.TrimPrefix(parts[2], "/")
		}
	}
	return g
}

// folders are those of a controller's group and of all above it, because the tightest limit holds, in either version. A
// container may see its own group as the root, and the path of the host: what is not there is left out.
func (g Groups) folders(controller string) []string {
	var all []string
	add := func(mount, group string) {
		for dir := path.Join(mount, group); ; dir = path.Dir(dir) {
			if _, err := fs.Stat(g.root, dir); err == nil {
				all = append(all, dir)
			}
			if dir == mount || dir == "." {
				return
			}
		}
	}
	if group, ok := g.path[""]; ok {
		add("sys/fs/cgroup", group)
	}
	if group, ok := g.path[controller]; ok {
		add("sys/fs/cgroup/"+controller, group)
	}
	return all
}

// Quota is the tightest, in CPUs; 0: none. false: no control group tells.
func (g Groups) Quota() (cpus float64, tells bool) {
	least := math.Inf(1)
	for _, dir := range g.folders("cpu") {
		var quota, period string
		if both := strings.Fields(word(g.root, dir+"/cpu.max")); len(both) == 2 { // version 2: "max 100000"
			quota, period = both[0], both[1]
		} else { // version 1: -1 is none
			quota, period = word(g.root, dir+"/cpu.cfs_quota_us"), word(g.root, dir+"/cpu.cfs_period_us")
		}
		tells = tells || quota != ""
		q, err := strconv.ParseFloat(quota, 64)
		p, perr := strconv.ParseFloat(period, 64)
		if errors.Join(err, perr) == nil && q > 0 && p > 0 {
			least = min(least, q/p)
		}
	}
	// The root of version 2 has no such file, and no limit.
	tells = tells || slices.Contains(g.folders("cpu"), "sys/fs/cgroup")
	if math.IsInf(least, 1) {
		return 0, tells
	}
	return least, tells
}

// Room is what a limit leaves.
type Room struct {
	Left, Most int64
	Group      string // the folder of the control group that has the limit, below the root
}

// Room is the least that a limit leaves; false: nothing limits. Files are those of version 2, then those of version 1.
func (g Groups) Room(controller, most, now, oldMost, oldNow string) (least Room, limited bool) {
	least.Left = math.MaxInt64 // as version 1 says "none", but for a page
	for _, dir := range g.folders(controller) {
		for _, names := range [][2]string{{most, now}, {oldMost, oldNow}} {
			m, err := strconv.ParseInt(word(g.root, dir+"/"+names[0]), 10, 64) // "max" is none
			n, nerr := strconv.ParseInt(word(g.root, dir+"/"+names[1]), 10, 64)
			if errors.Join(err, nerr) == nil && m-n < least.Left {
				least, limited = Room{Left: m - n, Most: m, Group: dir}, true
			}
		}
	}
	return least, limited
}

// word is the text of a file that holds one line, empty if it cannot be read.
func word(root fs.FS, name string) string {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
