package main

import "testing"

func TestMirrorIn(t *testing.T) {
	tests := map[string]struct{ sources, want string }{
		"the newer format": {"Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm\n", "http://mirror.example/debian"},
		"one line":         {"deb [signed-by=/k.gpg] https://mirror.example/debian bookworm main\n", "https://mirror.example/debian"},
		"security alone":   {"deb http://mirror.example/debian-security bookworm-security main\n", ""},
		"commented out":    {"# deb http://mirror.example/debian bookworm main\n", ""},
		"nothing":          {"", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := mirrorIn(tc.sources); got != tc.want {
				t.Errorf("mirrorIn returned %q, want %q", got, tc.want)
			}
		})
	}
}
