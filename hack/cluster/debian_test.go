package main

import "testing"

func TestParseMirror(t *testing.T) {
	tests := map[string]struct{ sources, want string }{
		"deb822 format":   {"Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm\n", "http://mirror.example/debian"},
		"one-line format": {"deb [signed-by=/k.gpg] https://mirror.example/debian bookworm main\n", "https://mirror.example/debian"},
		"security only":   {"deb http://mirror.example/debian-security bookworm-security main\n", ""},
		"commented out":   {"# deb http://mirror.example/debian bookworm main\n", ""},
		"empty":           {"", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := parseMirror(tc.sources); got != tc.want {
				t.Errorf("parseMirror returned %q, want %q", got, tc.want)
			}
		})
	}
}
