package doctor

import (
	"os"
	"strconv"
	"time"

	"github.com/prometheus/procfs"
)

// system fills in what Linux tells in files.
func (f *Facts) system() { f.linux(os.DirFS("/")) }

// processes are all that can be seen but this one, and what they have used since they began. A process that ends meanwhile is left out.
func processes() map[identity]used {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return nil
	}
	all, err := fs.AllProcs()
	if err != nil {
		return nil
	}
	seen := make(map[identity]used, len(all))
	for _, p := range all {
		if p.PID == os.Getpid() {
			continue
		}
		if s, err := p.Stat(); err == nil {
			name := s.Comm
			if name == "" {
				name = strconv.Itoa(p.PID)
			}
			seen[identity{p.PID, s.Starttime}] = used{name, time.Duration(s.CPUTime() * float64(time.Second))}
		}
	}
	return seen
}
