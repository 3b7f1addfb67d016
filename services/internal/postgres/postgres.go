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

// Config says where the database is. The PG* variables fill in what URL leaves out.
type Config struct {
	URL string `env:"DATABASE_URL"`
	// PoolSize is what one replica takes of the server's max_connections.
	PoolSize PoolSize `env:"ATOLL_DB_POOL" envDefault:"10"`
}

// PoolSize is a number of connections.
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

// hostTimeout keeps a host that swallows packets from holding a request.
const hostTimeout = 3 * time.Second

// DB is the service's database.
type DB struct {
	pool       *pgxpool.Pool
	migrations fs.FS
}

// Open prepares connections and makes none: the database may start later than the service.
// migrations are goose migrations, which lead to the schema that the service needs.
func Open(ctx context.Context, cfg Config, migrations fs.FS) (*DB, error) {
	settings, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("reading DATABASE_URL: %w", err)
	}
	settings.MaxConns = int32(cfg.PoolSize)
	settings.ConnConfig.ConnectTimeout = hostTimeout
	settings.PingTimeout = hostTimeout // Of a connection that was idle, before its next use.
	settings.AfterConnect = readTimesInUTC
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("opening the database pool: %w", err)
	}
	return &DB{pool: pool, migrations: migrations}, nil
}

// Pool is for queries, and for the metrics of the pool.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Close waits for the connections in use and closes all.
func (d *DB) Close() { d.pool.Close() }

// Ping says why the database cannot be used, if so.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reaching the database: %w", err)
	}
	return nil
}

// Unavailable tells the errors of a database that is away or restarting from those of a bug.
func Unavailable(err error) bool {
	var connecting *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connecting) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		switch server.Code {
		case "57P01", "57P02", "57P03", "53300": // Shutting down, crashed, starting, full.
			return true
		}
	}
	return false
}

// readTimesInUTC keeps the zone of the machine out of the API.
func readTimesInUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name:  "timestamptz",
		OID:   pgtype.TimestamptzOID,
		Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}
