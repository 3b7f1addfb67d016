// Package postgres opens a service's PostgreSQL database and brings its schema up to date.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config has the settings of the database. The PG* variables are the defaults of what URL does not set.
type Config struct {
	URL string `env:"DATABASE_URL"`
	// PoolSize is the maximum number of connections of one replica. The server's max_connections must be enough for
	// all replicas.
	PoolSize PoolSize `env:"ATOLL_DB_POOL" envDefault:"10"`
}

// PoolSize is a number of connections, at least 1.
type PoolSize int32

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *PoolSize) UnmarshalText(text []byte) error {
	size, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || size < 1 {
		return fmt.Errorf("ATOLL_DB_POOL is %q, want a whole number of at least 1", text)
	}
	*p = PoolSize(size)
	return nil
}

// hostTimeout limits how long a request waits for a host that does not respond.
const hostTimeout = 3 * time.Second

// DB is the database of a service.
type DB struct {
	pool       *pgxpool.Pool
	migrations fs.FS
}

// Open configures the connection pool. It does not connect, because the database may start after the service.
// migrations are the goose migrations to the schema that the service needs.
func Open(ctx context.Context, cfg Config, migrations fs.FS) (*DB, error) {
	settings, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("reading DATABASE_URL: %w", err)
	}
	settings.MaxConns = int32(cfg.PoolSize)
	settings.ConnConfig.ConnectTimeout = hostTimeout
	settings.PingTimeout = hostTimeout // Before an idle connection is used again.
	settings.AfterConnect = readTimesInUTC
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("opening the database pool: %w", err)
	}
	return &DB{pool: pool, migrations: migrations}, nil
}

// Pool returns the pool, for queries and for its metrics.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Close waits until no connection is in use and closes all connections.
func (d *DB) Close() { d.pool.Close() }

// Ping returns an error if the database does not respond.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reaching the database: %w", err)
	}
	return nil
}

// Unavailable reports whether err means that the database is unreachable or restarting. Other errors are bugs.
func Unavailable(err error) bool {
	var connecting *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connecting) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		switch server.Code {
		case "57P01", "57P02", "57P03", "53300": // Shutting down, crashed, starting, too many connections.
			return true
		}
	}
	return false
}

// readTimesInUTC makes the API independent of the time zone of the machine.
func readTimesInUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name:  "timestamptz",
		OID:   pgtype.TimestamptzOID,
		Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}
