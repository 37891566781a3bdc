//go:build !linux

package doctor

// system fills in what this system tells: nothing.
func (*Facts) system() {}

func processes() map[identity]used { return nil }
