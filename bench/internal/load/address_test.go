package load

import (
	"context"
	"testing"
)

func TestAnAddressIsTakenAsItIs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // so that nobody can be asked
	for target, want := range map[string]string{
		"127.0.0.1:80":          "127.0.0.1:80",
		"[::1]:80":              "[::1]:80",
		"[fe80::1%lo]:80":       "[fe80::1%lo]:80",
		"[::ffff:127.0.0.1]:80": "127.0.0.1:80",
	} {
		if got, err := resolve(ctx, target); err != nil || got.String() != want {
			t.Errorf("%s is %v, error %v; want %s", target, got, err, want)
		}
	}
}
