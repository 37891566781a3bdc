//go:build !linux

package server

type nullServer = nullGoroutines
