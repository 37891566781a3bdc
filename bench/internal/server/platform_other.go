//go:build !unix

package server

import "os"

// takeStdio takes the two pipes to the harness out of the reach of whoever uses os.Stdin and os.Stdout.
func takeStdio() (in, out *os.File, err error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, nil, err
	}
	in, out = os.Stdin, os.Stdout
	os.Stdin, os.Stdout = null, os.Stderr
	return in, out, nil
}
