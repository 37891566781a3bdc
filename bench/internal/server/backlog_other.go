//go:build !linux

package server

func backlogOf(tcpListener) int { return 0 }
