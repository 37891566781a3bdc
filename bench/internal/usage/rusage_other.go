//go:build !unix

package usage

func (s *Snapshot) readRusage() {}
