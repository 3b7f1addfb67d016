package main

import "testing"

func TestIsOlderSeries(t *testing.T) {
	const own = "mariadbd  Ver 11.8.9-MariaDB-0+deb13u1 from Debian for debian-linux-gnu on x86_64"
	tests := map[string]struct {
		written string
		want    bool
	}{
		"same version":    {"11.8.9-MariaDB", false},
		"older patch":     {"11.8.2-MariaDB", false},
		"older minor":     {"11.4.5-MariaDB", true},
		"older major":     {"10.11.6-MariaDB", true},
		"newer version":   {"12.1.2-MariaDB", false},
		"unknown version": {"", true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := isOlderSeries(tc.written, own); got != tc.want {
				t.Errorf("isOlderSeries returned %t, want %t", got, tc.want)
			}
		})
	}
}
