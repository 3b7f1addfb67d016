package main

import "testing"

func TestOlder(t *testing.T) {
	const own = "mariadbd  Ver 11.8.9-MariaDB-0+deb13u1 from Debian for debian-linux-gnu on x86_64"
	tests := map[string]struct {
		written string
		want    bool
	}{
		"the same":           {"11.8.9-MariaDB", false},
		"an older patch":     {"11.8.2-MariaDB", false},
		"an older minor":     {"11.4.5-MariaDB", true},
		"an older major":     {"10.11.6-MariaDB", true},
		"a newer one":        {"12.1.2-MariaDB", false},
		"nobody knows whose": {"", true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := older(tc.written, own); got != tc.want {
				t.Errorf("older returned %t, want %t", got, tc.want)
			}
		})
	}
}
