package main

import "testing"

func TestSettingsFrom(t *testing.T) {
	env := map[string]string{"MARIADB_ROOT_PASSWORD": "hush", "MARIADB_AUTO_UPGRADE": "1"}
	want := settings{rootPassword: "hush", rootHost: "%", autoUpgrade: true}
	if got := settingsFrom(func(key string) string { return env[key] }); got != want {
		t.Errorf("settings are %+v, want %+v", got, want)
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		settings settings
		wantErr  string
	}{
		"minimum":                 {settings: settings{rootPassword: "hush"}},
		"all settings":            {settings: settings{rootPassword: "hush", database: "shop", user: "orders", password: "secret"}},
		"no root password":        {settings: settings{user: "orders", password: "secret"}, wantErr: "MARIADB_ROOT_PASSWORD is not set"},
		"user without a password": {settings: settings{rootPassword: "hush", user: "orders"}, wantErr: "only one of MARIADB_USER and MARIADB_PASSWORD is set; set both or neither"},
		"password without a user": {settings: settings{rootPassword: "hush", password: "secret"}, wantErr: "only one of MARIADB_USER and MARIADB_PASSWORD is set; set both or neither"},
		"root as the user":        {settings: settings{rootPassword: "hush", user: "root", password: "secret"}, wantErr: `MARIADB_USER is "root", which always exists; leave it unset`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := tc.settings.check(); err != nil {
				got = err.Error()
			}
			if got != tc.wantErr {
				t.Errorf("check returned %q, want %q", got, tc.wantErr)
			}
		})
	}
}
