package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
)

type mariaDB struct {
	db       *sql.DB
	poolSize int
}

func openMariaDB(location *url.URL, poolSize int) (store, error) {
	settings := mysql.NewConfig()
	settings.Net, settings.Addr = "tcp", location.Host
	if location.Port() == "" {
		settings.Addr = net.JoinHostPort(location.Hostname(), "3306")
	}
	settings.User = location.User.Username()
	settings.Passwd, _ = location.User.Password()
	settings.DBName = strings.TrimPrefix(location.Path, "/")
	settings.Timeout = hostTimeout
	settings.InterpolateParams = true // Saves two round trips for each statement.
	connector, err := mysql.NewConnector(settings)
	if err != nil {
		return nil, fmt.Errorf("parsing DATABASE_URL: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	return mariaDB{db: db, poolSize: poolSize}, nil
}

// withConn calls use once with a live connection. It never retries use.
func (m mariaDB) withConn(ctx context.Context, use func(*sql.Conn) error) (err error) {
	// All pooled connections may be dead, and then a new one is opened.
	for range m.poolSize + 1 {
		var conn *sql.Conn
		if conn, err = m.db.Conn(ctx); err != nil {
			return err
		}
		if err = ping(ctx, conn); err == nil {
			err = use(conn)
			_ = conn.Close()
			return err
		}
		_ = conn.Close() // Close removes a dead connection from the pool.
	}
	return err
}

func ping(ctx context.Context, conn *sql.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, hostTimeout)
	defer cancel()
	return conn.PingContext(ctx)
}

func (m mariaDB) put(ctx context.Context, key, value string) error {
	return m.withConn(ctx, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx,
			"INSERT INTO notes (`key`, value) VALUES (?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value)", key, value)
		return err
	})
}

func (m mariaDB) get(ctx context.Context, key string) (value string, found bool, err error) {
	err = m.withConn(ctx, func(conn *sql.Conn) error {
		return conn.QueryRowContext(ctx, "SELECT value FROM notes WHERE `key` = ?", key).Scan(&value)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return value, err == nil, err
}

func (m mariaDB) all(ctx context.Context) (map[string]string, error) {
	notes := map[string]string{}
	err := m.withConn(ctx, func(conn *sql.Conn) error {
		rows, err := conn.QueryContext(ctx, "SELECT `key`, value FROM notes")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var key, value string
			if err := rows.Scan(&key, &value); err != nil {
				return err
			}
			notes[key] = value
		}
		return rows.Err()
	})
	return notes, err
}

func (m mariaDB) user(ctx context.Context) (name string, err error) {
	err = m.withConn(ctx, func(conn *sql.Conn) error {
		return conn.QueryRowContext(ctx, "SELECT USER()").Scan(&name)
	})
	// A user name may contain an @, but a host name can't.
	if host := strings.LastIndex(name, "@"); host >= 0 {
		name = name[:host]
	}
	return name, err
}

func (m mariaDB) ready(ctx context.Context) error {
	err := m.withConn(ctx, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "SELECT 1 FROM notes LIMIT 1")
		return err
	})
	if err != nil {
		return fmt.Errorf("reading table notes: %w", err)
	}
	return nil
}

func (m mariaDB) migrate(ctx context.Context, report func(line string)) error {
	done := "created table notes"
	err := m.withConn(ctx, func(conn *sql.Conn) error {
		var exists bool
		if err := conn.QueryRowContext(ctx, `
			SELECT COUNT(*) > 0 FROM information_schema.tables
			WHERE table_schema = DATABASE() AND table_name = 'notes'`).Scan(&exists); err != nil {
			return err
		}
		if exists {
			done = "table notes already exists"
			return nil
		}
		// Text collations treat "a" and "A", or "a" and "a ", as equal, so the columns are binary.
		_, err := conn.ExecContext(ctx,
			"CREATE TABLE IF NOT EXISTS notes (`key` varbinary(1024) PRIMARY KEY, value mediumblob NOT NULL)")
		return err
	})
	if err != nil {
		return fmt.Errorf("creating table notes: %w", err)
	}
	report(done)
	return nil
}

func (m mariaDB) close() { _ = m.db.Close() }
