//go:build linux

package epoll

import (
	"net/netip"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/trial"
	"golang.org/x/sys/unix"
)

func TestOthersOfAGroupDoNotActInStep(t *testing.T) {
	const every, clients, shards = 40 * time.Millisecond, 4, 2
	l := trial.Load{Loop: trial.Closed, Clients: 3 * clients, Others: []trial.Share{
		{Behaviour: trial.NeverReads, Share: 1. / 3, Every: every}, {Behaviour: trial.Slow, Share: 1. / 3, Every: every},
	}}
	d := newDrive(t.Context(), &job.Job{Address: netip.MustParseAddrPort("[::1]:1"), Load: l, Shards: shards, Edges: account.NewEdges(account.Window{})})
	seen := map[[2]time.Duration]bool{}
	for _, s := range d.shards {
		for _, o := range s.others {
			seen[[2]time.Duration{time.Duration(o.group), o.turn(0) % every}] = true
		}
	}
	for group := range time.Duration(2) {
		for nth := range time.Duration(clients) {
			if !seen[[2]time.Duration{group, nth * every / clients}] {
				t.Errorf("nobody of group %d has its turn at %v: %v", group, nth*every/clients, seen)
			}
		}
	}
}

// A client that was late, by itself or because of its server, neither hurries afterwards nor changes its pace.
func TestATurnIsTheNextOfItsPace(t *testing.T) {
	o := other{every: 40, phase: 10}
	for now, want := range map[time.Duration]time.Duration{0: 10, 9: 10, 10: 50, 11: 50, 49: 50, 50: 90, 1000: 1010} {
		if got := o.turn(now); got != want {
			t.Errorf("at %d the next turn is at %d, want %d", now, got, want)
		}
	}
}

func TestAnAddressKeepsItsZone(t *testing.T) {
	for address, want := range map[string]uint32{"[fe80::1%lo]:1": 1, "[fe80::1%7]:1": 7, "[fe80::1]:1": 0} {
		to, family := sockaddr(netip.MustParseAddrPort(address))
		if six, is := to.(*unix.SockaddrInet6); !is || family != unix.AF_INET6 || six.ZoneId != want || six.Port != 1 {
			t.Errorf("%s is %+v, want zone %d", address, to, want)
		}
	}
}

func TestSessionsAreSharedAmongFewShardsWhereSlotsAreScarce(t *testing.T) {
	for _, c := range []struct {
		cpus, clients int
		loop          trial.Loop
		want          int
	}{
		{1, 1, trial.Sessions, 1}, {8, 4, trial.Sessions, 1}, {8, 63, trial.Sessions, 1}, {8, 64, trial.Sessions, 2}, {8, 10_000, trial.Sessions, 8},
		{8, 4, trial.Open, 4}, {8, 64, trial.Closed, 8}, {1, 64, trial.Open, 1},
	} {
		if got := shardsFor(c.cpus, c.clients, c.loop); got != c.want {
			t.Errorf("%d clients, %s, on %d CPUs: %d shards, want %d", c.clients, c.loop, c.cpus, got, c.want)
		}
	}
}

// Answers must not wait unread until all of a thousand clients are seen to that came due together.
func TestAHerdIsSeenToInPartsBetweenWhichTheSocketsAreLookedAt(t *testing.T) {
	const parts = 3
	l := trial.Load{Loop: trial.Open, Clients: parts * atOnce}
	d := newDrive(t.Context(), &job.Job{Address: netip.MustParseAddrPort("[::1]:1"), Load: l, Shards: 1, Edges: account.NewEdges(account.Window{})})
	s := d.shards[0]
	for i := range s.slots {
		s.slots[i].away = true
		s.timers.set(&s.slots[i].timer, time.Second)
	}
	for part := range parts + 1 {
		away := 0
		for i := range s.slots {
			if s.slots[i].away {
				away++
			}
		}
		if want := len(s.slots) - part*atOnce; away != want {
			t.Fatalf("%d are still away after %d parts, want %d", away, part, want)
		}
		if due := s.timers.next() <= time.Second; due != (away > 0) {
			t.Fatalf("%d are still away, and that somebody is due is %v: the shard would sleep, or not", away, due)
		}
		s.fire(time.Second)
	}
}
